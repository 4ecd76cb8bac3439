//! From when a person in office has had the time to set up a second factor, which the deployment demands.

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
                    .table("second_factor_deadlines")
                    .col(string("account_id").primary_key())
                    .col(timestamp_with_time_zone("since"))
                    .foreign_key(&mut owned_table::of_account("second_factor_deadlines"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "second_factor_deadlines").await
    }
}
