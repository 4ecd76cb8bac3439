//! The services that a person logged in to: what each receives, when first and when last.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key to clients: a service that is gone is still listed.
        manager
            .create_table(
                Table::create()
                    .table("service_uses")
                    .col(string("account_id"))
                    .col(string("client_id"))
                    .col(text("scope"))
                    .col(text("claims"))
                    .col(timestamp_with_time_zone("first_used_at"))
                    .col(timestamp_with_time_zone("last_used_at"))
                    .primary_key(Index::create().col("account_id").col("client_id"))
                    .foreign_key(&mut owned_table::of_account("service_uses"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "service_uses").await
    }
}
