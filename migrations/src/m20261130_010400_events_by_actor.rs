//! The index by which the traces of a deleted person are emptied, batch by batch: a record whose traces are empty is not
//! read again. PostgreSQL builds it beside those who write.

use sea_orm_migration::prelude::*;

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &str = "events_by_actor";
const NOW: &str = "events_by_actor_and_request";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::create(manager, NOW, "events (actor, request_id)").await?;
        online_index::drop(manager, BEFORE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::create(manager, BEFORE, "events (actor)").await?;
        online_index::drop(manager, NOW).await
    }
}
