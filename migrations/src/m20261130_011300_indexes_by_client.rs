//! Indexes by client: what depends on a client is counted before it is disabled or deleted, without reading whole
//! tables. PostgreSQL builds them beside those who write.

use sea_orm_migration::prelude::*;

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Refresh tokens have theirs since `m0011_registrations`.
const TABLES: [&str; 2] = ["service_uses", "session_clients"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            online_index::create(
                manager,
                &format!("{table}_by_client"),
                &format!("{table} (client_id)"),
            )
            .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            online_index::drop(manager, &format!("{table}_by_client")).await?;
        }
        Ok(())
    }
}
