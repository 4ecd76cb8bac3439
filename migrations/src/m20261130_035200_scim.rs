//! Indexes by which clients read people with SCIM: what changed last, addresses by their beginning, those with a
//! right. PostgreSQL builds them beside those who write.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [(&str, &str); 2] = [
    ("accounts_by_change", "accounts (updated_at, id)"),
    // A partial one would be read whole where the rights of one affiliation are looked for: it looks so small.
    (
        "ties_rights_by_right",
        "ties_rights (right_type, status, account_id)",
    ),
];

/// On SQLite texts are in the order of bytes anyway, so the unique index of addresses is enough.
const ADDRESSES: &str = "accounts_by_address";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, of) in INDEXES {
            online_index::create(manager, name, of).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            let of = "accounts (email_key COLLATE \"C\")";
            online_index::create(manager, ADDRESSES, of).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            online_index::drop(manager, name).await?;
        }
        online_index::drop(manager, ADDRESSES).await
    }
}
