//! The account that a mail is for. By its address alone, a mail of the last week would be of whoever has the address now,
//! and those to a former address of nobody. Mails that the release before wrote have none: they are found by the
//! address.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let account = Table::alter()
            .table("outbox_mails")
            .add_column(string_null("account_id"))
            .to_owned();
        manager.alter_table(account).await?;
        let db = manager.get_connection();
        db.execute_unprepared("CREATE INDEX outbox_mails_by_account ON outbox_mails (account_id)")
            .await
            .map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP INDEX outbox_mails_by_account")
            .await?;
        let account = Table::alter()
            .table("outbox_mails")
            .drop_column("account_id")
            .to_owned();
        manager.alter_table(account).await
    }
}
