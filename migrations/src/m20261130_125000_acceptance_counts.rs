//! How many people accepted each version of the Terms of Use and of the Privacy Notice, as a job counted them, and the index by
//! which it counts.

use sea_orm_migration::{prelude::*, schema::*};

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEX: &str = "document_acceptances_by_version";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// An index is built beside those who write.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let counts = Table::create()
            .table("acceptance_counts")
            .if_not_exists()
            .col(string("counted").primary_key())
            .col(big_integer("number"))
            .col(timestamp_with_time_zone("counted_at"))
            .to_owned();
        manager.create_table(counts).await?;
        let of = "document_acceptances (document, version, account_id)";
        online_index::create(manager, INDEX, of).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::drop(manager, INDEX).await?;
        let drop = Table::drop().table("acceptance_counts").to_owned();
        manager.drop_table(drop).await
    }
}
