//! The index by which a person reads the own records of the audit trail. PostgreSQL builds it beside those who write.

use sea_orm_migration::prelude::*;

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const NAME: &str = "events_by_account";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::create(manager, NAME, "events (account_id, at, id)").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::drop(manager, NAME).await
    }
}
