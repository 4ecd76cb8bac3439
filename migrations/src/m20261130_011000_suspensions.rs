//! Why and since when an account is suspended: its page and its person are told for as long as it is.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column in a statement.
        for column in [
            timestamp_with_time_zone_null("suspended_at"),
            text_null("suspension_reason"),
        ] {
            let change = Table::alter().table("accounts").add_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["suspended_at", "suspension_reason"] {
            let change = Table::alter().table("accounts").drop_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }
}
