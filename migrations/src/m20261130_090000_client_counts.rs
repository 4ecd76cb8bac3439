//! What is counted of each client and day: logins and refused requests. The last use of a client is found by the index on
//! uses, which has the time now; its new form has a new name, so that requests find the old one until it is there.

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
        // No foreign key: a count that is stored after its client was deleted takes no other along.
        let counts = Table::create()
            .table("client_counts")
            .if_not_exists()
            .col(string("client_id"))
            .col(date("day"))
            .col(string("kind"))
            .col(big_integer("number"))
            .primary_key(Index::create().col("client_id").col("day").col("kind"))
            .to_owned();
        manager.create_table(counts).await?;
        online_index::create(manager, "client_counts_by_day", "client_counts (day)").await?;
        let of_client = "service_uses (client_id, last_used_at)";
        online_index::create(manager, "service_uses_of_client", of_client).await?;
        online_index::drop(manager, "service_uses_by_client").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_client = "service_uses (client_id)";
        online_index::create(manager, "service_uses_by_client", by_client).await?;
        online_index::drop(manager, "service_uses_of_client").await?;
        manager
            .drop_table(Table::drop().table("client_counts").to_owned())
            .await
    }
}
