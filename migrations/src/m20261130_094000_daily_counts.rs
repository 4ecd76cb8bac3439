//! The numbers of each day that the overview of administrators shows, and the indexes by which it finds streams and webhooks
//! that do not work.

use sea_orm_migration::{prelude::*, schema::*};

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Each holds only what is in trouble, which is little.
const INDEXES: [(&str, &str); 2] = [
    (
        "event_receivers_failing",
        "event_receivers (failures, id) WHERE failures > 0",
    ),
    (
        "event_receivers_stopped",
        "event_receivers (status, id) WHERE status <> 'enabled'",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// An index is built beside those who write.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let counts = Table::create()
            .table("daily_counts")
            .if_not_exists()
            .col(string("kind"))
            .col(date("day"))
            .col(big_integer("number"))
            .col(timestamp_with_time_zone("counted_until"))
            .primary_key(Index::create().col("kind").col("day"))
            .to_owned();
        manager.create_table(counts).await?;
        for (name, of) in INDEXES {
            online_index::create(manager, name, of).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            online_index::drop(manager, name).await?;
        }
        let drop = Table::drop().table("daily_counts").to_owned();
        manager.drop_table(drop).await
    }
}
