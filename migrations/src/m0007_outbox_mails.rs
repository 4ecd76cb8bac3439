//! Mails on their way out.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("outbox_mails")
                    .col(string("id").primary_key())
                    .col(timestamp_with_time_zone("created_at"))
                    .col(string("kind"))
                    .col(string("recipient"))
                    .col(string("subject"))
                    .col(text("text"))
                    .col(text("html"))
                    .col(integer("attempts"))
                    .col(timestamp_with_time_zone_null("next_attempt_at"))
                    .col(timestamp_with_time_zone_null("claimed_until"))
                    .col(timestamp_with_time_zone_null("sent_at"))
                    .col(timestamp_with_time_zone_null("failed_at"))
                    .col(text_null("last_error"))
                    .to_owned(),
            )
            .await?;
        // Partial: the job looks every second, and nearly all rows are done.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE INDEX outbox_mails_due ON outbox_mails (next_attempt_at) WHERE sent_at IS NULL AND failed_at IS NULL",
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("outbox_mails_by_recipient")
                    .table("outbox_mails")
                    .col("recipient")
                    .col("created_at")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("outbox_mails").to_owned())
            .await
    }
}
