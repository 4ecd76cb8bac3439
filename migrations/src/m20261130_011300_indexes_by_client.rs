//! Indexes by client: what depends on a client is counted before it is disabled or deleted, without reading whole
//! tables. PostgreSQL builds them beside those who write.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

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
        self.down(manager).await?;
        for table in TABLES {
            let index = format!("CREATE INDEX {beside} {table}_by_client ON {table} (client_id)");
            db.execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for table in TABLES {
            let drop = format!("DROP INDEX IF EXISTS {table}_by_client");
            db.execute_unprepared(&drop).await?;
        }
        Ok(())
    }
}

/// Refresh tokens have theirs since `m0011_registrations`.
const TABLES: [&str; 2] = ["service_uses", "session_clients"];
