//! From when a person in office has had the time to set up a second factor, which the deployment demands.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut of_account = ForeignKey::create()
            .name("second_factor_deadlines_account")
            .from("second_factor_deadlines", "account_id")
            .to("accounts", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        manager
            .create_table(
                Table::create()
                    .table("second_factor_deadlines")
                    .col(string("account_id").primary_key())
                    .col(timestamp_with_time_zone("since"))
                    .foreign_key(&mut of_account)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("second_factor_deadlines").to_owned())
            .await
    }
}
