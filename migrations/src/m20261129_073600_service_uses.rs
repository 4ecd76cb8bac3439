//! The services that a person logged in to: what each receives, when first and when last.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key to clients: a service that is gone is still listed.
        let mut of_account = ForeignKey::create()
            .name("service_uses_account")
            .from("service_uses", "account_id")
            .to("accounts", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
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
                    .foreign_key(&mut of_account)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("service_uses").to_owned())
            .await
    }
}
