//! The authentication of a session beside the password.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One column a statement: SQLite takes no more.
        let columns = [
            string_null("second_factor"),
            timestamp_with_time_zone_null("second_factor_at"),
        ];
        for column in columns {
            let change = Table::alter().table("sessions").add_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["second_factor_at", "second_factor"] {
            let change = Table::alter().table("sessions").drop_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }
}
