//! Indexes by which administrators list accounts: the newest, the few that are not active, those without a verified address,
//! and those whose words are still to be written. PostgreSQL builds them beside those who write.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [(&str, &str); 4] = [
    ("accounts_by_creation", "accounts (created_at, id)"),
    (
        "accounts_not_active",
        "accounts (status) WHERE status <> 'active'",
    ),
    (
        "accounts_not_verified",
        "accounts (created_at) WHERE NOT email_verified",
    ),
    ("accounts_by_fold", "accounts (search_fold)"),
];

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
        for (name, of) in INDEXES {
            // A build that was ended leaves an index that is not used.
            db.execute_unprepared(&format!("DROP INDEX IF EXISTS {name}"))
                .await?;
            db.execute_unprepared(&format!("CREATE INDEX {beside} {name} ON {of}"))
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            manager
                .get_connection()
                .execute_unprepared(&format!("DROP INDEX IF EXISTS {name}"))
                .await?;
        }
        Ok(())
    }
}
