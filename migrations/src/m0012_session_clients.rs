//! The clients that took part in a session: until it ends, those to be notified; afterwards, those not yet notified.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign keys: a row outlives its session until the client was notified.
        manager
            .create_table(
                Table::create()
                    .table("session_clients")
                    .col(string("session_id"))
                    .col(string("client_id"))
                    .col(string("sid"))
                    .col(string("subject"))
                    .col(integer("attempts"))
                    .col(timestamp_with_time_zone_null("due_at"))
                    .primary_key(Index::create().col("session_id").col("client_id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("session_clients_by_due_at")
                    .table("session_clients")
                    .col("due_at")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("session_clients").to_owned())
            .await
    }
}
