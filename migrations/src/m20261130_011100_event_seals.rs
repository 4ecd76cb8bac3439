//! The hash chain of the audit trail: its seals, its two ends, and a mark on what is sealed. What is in the trail already
//! is sealed by the job of the new release, a batch at a time; the release before goes on writing rows without the mark.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sealed = boolean("sealed").default(false).to_owned();
        let change = Table::alter().table("events").add_column(sealed).to_owned();
        manager.alter_table(change).await?;
        manager
            .create_table(
                Table::create()
                    .table("event_seals")
                    .col(big_integer("position").primary_key())
                    .col(big_integer("event_id").unique_key())
                    .col(timestamp_with_time_zone("sealed_at"))
                    .col(string("digest"))
                    .col(string_null("traces"))
                    .col(string_null("traces_salt"))
                    .col(big_integer_null("traces_emptied_by"))
                    .col(string_null("reason"))
                    .col(string_null("reason_salt"))
                    .col(big_integer_null("reason_emptied_by"))
                    .col(string_null("object"))
                    .col(string_null("object_salt"))
                    .col(big_integer_null("object_emptied_by"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("event_chain_ends")
                    .col(string("name").primary_key())
                    .col(big_integer("position"))
                    .col(string("digest"))
                    .col(string("mac"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["event_chain_ends", "event_seals"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        let change = Table::alter().table("events").drop_column("sealed").to_owned();
        manager.alter_table(change).await
    }
}
