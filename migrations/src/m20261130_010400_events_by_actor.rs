//! The index by which the traces of a deleted person are emptied, batch by batch: a record whose traces are empty is not
//! read again. PostgreSQL builds it beside those who write.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &str = "events_by_actor";
const NOW: &str = "events_by_actor_and_request";

async fn replace(manager: &SchemaManager<'_>, old: &str, new: &str, columns: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let beside = match db.get_database_backend() {
        DbBackend::Postgres => "CONCURRENTLY",
        _ => "",
    };
    // A build that was ended leaves an index that is not used.
    db.execute_unprepared(&format!("DROP INDEX IF EXISTS {new}"))
        .await?;
    let index = format!("CREATE INDEX {beside} {new} ON events ({columns})");
    db.execute_unprepared(&index).await?;
    db.execute_unprepared(&format!("DROP INDEX IF EXISTS {old}"))
        .await
        .map(drop)
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, BEFORE, NOW, "actor, request_id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, NOW, BEFORE, "actor").await
    }
}
