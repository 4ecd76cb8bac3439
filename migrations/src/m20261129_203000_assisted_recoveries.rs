//! Recoveries of accounts whose people have lost every second factor: asked for by one administrator, confirmed by another,
//! done by a job after a wait. One is open for each account at most.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [&str; 5] = [
    "CREATE UNIQUE INDEX assisted_recoveries_one_open ON assisted_recoveries (account_id) WHERE ended_at IS NULL",
    "CREATE INDEX assisted_recoveries_by_account ON assisted_recoveries (account_id)",
    "CREATE INDEX assisted_recoveries_due ON assisted_recoveries (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX assisted_recoveries_ended ON assisted_recoveries (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX assisted_recoveries_newest ON assisted_recoveries (asked_at, id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("assisted_recoveries")
                    .col(string("id").primary_key())
                    .col(string("account_id"))
                    .col(text("reason"))
                    .col(string("asked_by"))
                    .col(timestamp_with_time_zone("asked_at"))
                    .col(string_null("confirmed_by"))
                    .col(timestamp_with_time_zone_null("confirmed_at"))
                    // When the job looks at it next: it expires, or is done.
                    .col(timestamp_with_time_zone_null("due_at"))
                    .col(string_null("stop_digest").unique_key().to_owned())
                    .col(timestamp_with_time_zone_null("ended_at"))
                    .col(string_null("outcome"))
                    .foreign_key(&mut owned_table::of_account("assisted_recoveries"))
                    .to_owned(),
            )
            .await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "assisted_recoveries").await
    }
}
