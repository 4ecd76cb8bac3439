//! The index by which a person reads the own records of the audit trail. PostgreSQL builds it beside those who write.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

const DROP: &str = "DROP INDEX IF EXISTS events_by_account";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let beside = match db.get_database_backend() {
            DbBackend::Postgres => "CONCURRENTLY",
            _ => "",
        };
        // A build that was ended leaves an index that is not used.
        db.execute_unprepared(DROP).await?;
        let index = format!("CREATE INDEX {beside} events_by_account ON events (account_id, at, id)");
        db.execute_unprepared(&index).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DROP).await.map(drop)
    }
}
