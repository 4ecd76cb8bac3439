//! Sign-ups remember how their form came: without a proof of work, their mails leave later; with the decoy field filled
//! in, none leaves.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in [
            integer("mail_delay_seconds").default(0).to_owned(),
            boolean("is_decoy").default(false).to_owned(),
        ] {
            let table = Table::alter()
                .table("pending_signups")
                .add_column(column)
                .to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["mail_delay_seconds", "is_decoy"] {
            let table = Table::alter()
                .table("pending_signups")
                .drop_column(column)
                .to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
