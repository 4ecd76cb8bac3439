//! Subscriptions to the newsletter, each with the proof that the person agreed to it, and the link in mails by which
//! they stop it.

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
                    .table("newsletter_subscriptions")
                    .col(string("id").primary_key())
                    .col(string("account_id"))
                    .col(timestamp_with_time_zone("given_at"))
                    .col(string("page"))
                    .col(string("language"))
                    // The words that the person agreed to, and their digest.
                    .col(text("words"))
                    .col(string("words_digest"))
                    .col(string("network"))
                    .col(timestamp_with_time_zone_null("stopped_at"))
                    .col(string_null("stopped_by"))
                    .foreign_key(&mut owned_table::of_account("newsletter_subscriptions"))
                    .to_owned(),
            )
            .await?;
        for statement in [
            "CREATE INDEX newsletter_subscriptions_by_account ON newsletter_subscriptions (account_id)",
            // One subscription of an account is in force.
            "CREATE UNIQUE INDEX newsletter_subscriptions_open ON newsletter_subscriptions (account_id) \
             WHERE stopped_at IS NULL",
            "ALTER TABLE pending_signups ADD COLUMN newsletter_consent text",
            "ALTER TABLE outbox_mails ADD COLUMN unsubscribe text",
        ] {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "newsletter_subscriptions").await?;
        for statement in [
            "ALTER TABLE pending_signups DROP COLUMN newsletter_consent",
            "ALTER TABLE outbox_mails DROP COLUMN unsubscribe",
        ] {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
