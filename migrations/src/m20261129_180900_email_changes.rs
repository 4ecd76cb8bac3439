//! Changes of an account's e-mail address: the one that waits for its code, and those that can still be undone.

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
                    .table("email_changes")
                    .col(string("id").primary_key())
                    .col(string("account_id"))
                    .col(string("old_email"))
                    .col(string("new_email"))
                    // The new address has an account: no code completes this change.
                    .col(boolean("taken"))
                    .col(timestamp_with_time_zone("requested_at"))
                    // Absent until the code is entered.
                    .col(timestamp_with_time_zone_null("changed_at"))
                    // Absent until then, and once the link is used or void.
                    .col(string_null("undo_digest"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .foreign_key(&mut owned_table::of_account("email_changes"))
                    .to_owned(),
            )
            .await?;
        for index in [
            "CREATE UNIQUE INDEX email_changes_pending ON email_changes (account_id) WHERE changed_at IS NULL",
            "CREATE INDEX email_changes_by_account ON email_changes (account_id)",
            "CREATE UNIQUE INDEX email_changes_by_undo ON email_changes (undo_digest)",
            "CREATE INDEX email_changes_by_expiry ON email_changes (expires_at)",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "email_changes").await
    }
}
