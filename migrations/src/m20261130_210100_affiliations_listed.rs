//! The index of the affiliations of an organization has what its lists are chosen and ordered by, so that they read no
//! row that they do not show.

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
        let of = "affiliations (organization_id, status, requested_at, id, account_id)";
        online_index::create(manager, "affiliations_listed", of).await?;
        online_index::drop(manager, "affiliations_by_organization").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of = "affiliations (organization_id, status, requested_at)";
        online_index::create(manager, "affiliations_by_organization", of).await?;
        online_index::drop(manager, "affiliations_listed").await
    }
}
