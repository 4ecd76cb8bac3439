//! The index of the affiliations on which a request for a TIES right waits: those alone, in the order in which they are asked
//! for.

use sea_orm_migration::prelude::*;

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::create(
            manager,
            "ties_rights_requested",
            "ties_rights (affiliation_id) WHERE status = 'requested'",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::drop(manager, "ties_rights_requested").await
    }
}
