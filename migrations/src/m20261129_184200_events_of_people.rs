//! Columns for whom a record of the audit trail concerns, in which office somebody acted, and with which browser. Those of
//! the records from before are filled by `m20261129_203000_events_given_to_people`, and the index is a migration of its own:
//! neither keeps the previous release, which goes on writing records, from doing so.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            string_null("account_id"),
            string("acted_as").default("").to_owned(),
            string("browser").default("").to_owned(),
        ] {
            let change = Table::alter().table("events").add_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["account_id", "acted_as", "browser"] {
            let change = Table::alter().table("events").drop_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }
}
