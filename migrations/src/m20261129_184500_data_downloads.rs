//! The download of all that is held on a person: requested, built by a job, deleted when it expires. Beside it the
//! indexes by which the job finds what is the person's own.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [(&str, &str); 4] = [
    (
        "data_downloads_due",
        "data_downloads (due_at) WHERE due_at IS NOT NULL",
    ),
    (
        "data_downloads_by_end",
        "data_downloads (expires_at) WHERE content IS NOT NULL",
    ),
    ("events_by_actor", "events (actor)"),
    (
        "organizations_by_proposer",
        "organizations (proposed_by) WHERE proposed_by IS NOT NULL",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("data_downloads")
                    // One for each account: a new request replaces the one before.
                    .col(string("account_id").primary_key())
                    .col(string("id"))
                    .col(timestamp_with_time_zone("requested_at"))
                    .col(integer("attempts"))
                    .col(timestamp_with_time_zone_null("due_at"))
                    .col(timestamp_with_time_zone_null("ready_at"))
                    .col(timestamp_with_time_zone_null("failed_at"))
                    .col(timestamp_with_time_zone_null("expires_at"))
                    .col(text_null("content"))
                    .foreign_key(&mut owned_table::of_account("data_downloads"))
                    .to_owned(),
            )
            .await?;
        for (name, on) in INDEXES {
            manager
                .get_connection()
                .execute_unprepared(&format!("CREATE INDEX {name} ON {on}"))
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["events_by_actor", "organizations_by_proposer"] {
            manager
                .get_connection()
                .execute_unprepared(&format!("DROP INDEX {name}"))
                .await?;
        }
        owned_table::drop(manager, "data_downloads").await
    }
}
