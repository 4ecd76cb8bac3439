//! Refusals of an event by its receiver are counted beside its attempts: an event that a receiver could not be sent is not
//! given up for that. What is tried again is found by an index of its own.

use sea_orm_migration::{prelude::*, schema::*};

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEX: &str = "event_deliveries_again";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// An index is built beside those who write.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A migration without a transaction may have ended between the two steps.
        if !manager.has_column("event_deliveries", "refusals").await? {
            let column = Table::alter()
                .table("event_deliveries")
                .add_column(integer("refusals").default(0))
                .to_owned();
            manager.alter_table(column).await?;
        }
        let of = "event_deliveries (receiver_id, due_at) WHERE dead_at IS NULL AND attempts > 0";
        online_index::create(manager, INDEX, of).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::drop(manager, INDEX).await?;
        let column = Table::alter()
            .table("event_deliveries")
            .drop_column("refusals")
            .to_owned();
        manager.alter_table(column).await
    }
}
