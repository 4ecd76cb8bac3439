//! The deletion of an account: begun, announced, carried out by a job when its time is over. Beside it the column by
//! which the failed logins of one account are found, in all browsers: the job looks for them, and a pattern that begins
//! with a wildcard reads the whole table.

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
                    .table("account_deletions")
                    .col(string("account_id").primary_key())
                    .col(timestamp_with_time_zone("requested_at"))
                    .col(timestamp_with_time_zone("delete_at"))
                    .col(timestamp_with_time_zone_null("reminded_at"))
                    // The digests of the two links that stop it, each of a mail of its own.
                    .col(string("stop_digest"))
                    .col(string_null("reminder_digest"))
                    .foreign_key(&mut owned_table::of_account("account_deletions"))
                    .to_owned(),
            )
            .await?;
        let subject = Table::alter()
            .table("login_throttles")
            .add_column(string("subject").default("").to_owned())
            .to_owned();
        manager.alter_table(subject).await?;
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("DROP INDEX login_throttles_by_subject")
            .await?;
        let subject = Table::alter()
            .table("login_throttles")
            .drop_column("subject")
            .to_owned();
        manager.alter_table(subject).await?;
        owned_table::drop(manager, "account_deletions").await
    }
}

const STATEMENTS: [&str; 6] = [
    "CREATE INDEX account_deletions_due ON account_deletions (delete_at)",
    "CREATE INDEX account_deletions_to_remind ON account_deletions (delete_at) WHERE reminded_at IS NULL",
    "CREATE UNIQUE INDEX account_deletions_by_stop ON account_deletions (stop_digest)",
    "CREATE UNIQUE INDEX account_deletions_by_reminder ON account_deletions (reminder_digest)",
    // A counter of codes ends with the 22 characters of the account, one of passwords with the 32 of the address.
    "UPDATE login_throttles SET subject = CASE WHEN \"key\" LIKE 'f:%' \
     THEN substr(\"key\", length(\"key\") - 21) ELSE substr(\"key\", length(\"key\") - 31) END",
    "CREATE INDEX login_throttles_by_subject ON login_throttles (subject)",
];
