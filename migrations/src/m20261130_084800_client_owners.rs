//! The owners of clients: the people who look after a service, named by administrators. A row goes with its client and with
//! its account.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("client_owners")
            .col(string("client_id"))
            .col(string("account_id"))
            .col(timestamp_with_time_zone("named_at"))
            .col(string_null("named_by"))
            .primary_key(Index::create().col("client_id").col("account_id"))
            .foreign_key(
                ForeignKey::create()
                    .name("client_owners_client")
                    .from("client_owners", "client_id")
                    .to("clients", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(&mut owned_table::of_account("client_owners"))
            .to_owned();
        manager.create_table(table).await?;
        let by_account = Index::create()
            .name("client_owners_by_account")
            .table("client_owners")
            .col("account_id")
            .to_owned();
        manager.create_index(by_account).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "client_owners").await
    }
}
