//! The weekly digest of those who hold an office: until when each of them was told, and who does not want it. The row lives as
//! long as the account, so that whoever gets the office again is not told twice, nor told what they did not want.

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
                    .table("weekly_digests")
                    .col(string("account_id").primary_key())
                    .col(timestamp_with_time_zone_null("sent_until"))
                    .col(timestamp_with_time_zone_null("stopped_at"))
                    .foreign_key(&mut owned_table::of_account("weekly_digests"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "weekly_digests").await
    }
}
