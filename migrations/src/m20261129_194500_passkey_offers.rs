//! When a person put the offer of a passkey off, which a login with the password brings: it is not repeated for a while.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut of_account = ForeignKey::create()
            .name("passkey_offers_account")
            .from("passkey_offers", "account_id")
            .to("accounts", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        manager
            .create_table(
                Table::create()
                    .table("passkey_offers")
                    .col(string("account_id").primary_key())
                    .col(timestamp_with_time_zone("declined_at"))
                    .foreign_key(&mut of_account)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("passkey_offers").to_owned())
            .await
    }
}
