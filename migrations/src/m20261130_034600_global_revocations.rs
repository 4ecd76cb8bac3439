//! Global revocations, each with how far its batches have come. What they remove is found by the client and the time at
//! which it was issued: the index has both now. Its new form has a new name, so that requests find the old one until it is
//! there.

use sea_orm_migration::{prelude::*, schema::*};

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// An index is built beside those who write.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let revocations = Table::create()
            .table("global_revocations")
            .if_not_exists()
            .col(string("id").primary_key())
            .col(string("target_kind"))
            .col(string("target_id"))
            .col(timestamp_with_time_zone("issued_until"))
            .col(boolean("ends_sessions"))
            .col(timestamp_with_time_zone("requested_at"))
            .col(big_integer("people"))
            .col(big_integer("sessions"))
            .col(big_integer("grants"))
            .col(string("reached"))
            .col(big_integer("version"))
            .col(timestamp_with_time_zone_null("completed_at"))
            .to_owned();
        manager.create_table(revocations).await?;
        let by_client = "refresh_tokens (client_id, issued_at)";
        online_index::create(manager, "refresh_tokens_of_client", by_client).await?;
        online_index::drop(manager, "refresh_tokens_by_client").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_client = "refresh_tokens (client_id)";
        online_index::create(manager, "refresh_tokens_by_client", by_client).await?;
        online_index::drop(manager, "refresh_tokens_of_client").await?;
        let drop = Table::drop().table("global_revocations").to_owned();
        manager.drop_table(drop).await
    }
}
