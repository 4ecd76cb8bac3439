//! Indexes by which administrators list accounts: the newest, the few that are not active, those without a verified address,
//! and those whose words are still to be written. PostgreSQL builds them beside those who write.

use sea_orm_migration::prelude::*;

use crate::online_index;

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
        for (name, of) in INDEXES {
            online_index::create(manager, name, of).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            online_index::drop(manager, name).await?;
        }
        Ok(())
    }
}
