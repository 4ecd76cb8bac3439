//! When a person put the offer of a passkey off, which a login with the password brings: it is not repeated for a while.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("passkey_offers")
                    .col(string("account_id").primary_key())
                    .col(timestamp_with_time_zone("declined_at"))
                    .foreign_key(&mut owned_table::of_account("passkey_offers"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "passkey_offers").await
    }
}
