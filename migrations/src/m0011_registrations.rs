//! Clients that registered themselves: the token by which each manages its registration, and the
//! tokens that an operator gave out for registering.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("registrations")
                    .col(string("client_id").primary_key())
                    .col(string_uniq("digest"))
                    .col(timestamp_with_time_zone("created_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("registrations_to_clients")
                            .from("registrations", "client_id")
                            .to("clients", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("initial_access_tokens")
                    .col(string("id").primary_key())
                    .col(string_uniq("digest"))
                    .col(big_integer("remaining"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .to_owned(),
            )
            .await?;
        // The tokens of a client that is deleted are looked for by the client.
        manager
            .create_index(
                Index::create()
                    .name("refresh_tokens_by_client")
                    .table("refresh_tokens")
                    .col("client_id")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(
                Index::drop()
                    .name("refresh_tokens_by_client")
                    .table("refresh_tokens")
                    .to_owned(),
            )
            .await?;
        for table in ["initial_access_tokens", "registrations"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
