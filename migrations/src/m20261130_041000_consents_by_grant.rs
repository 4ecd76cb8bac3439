//! The identifier by which a client names the consent of a person (Grant Management for OAuth 2.0): consents that came of
//! no request with an action have none.

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
        // A migration without a transaction may have ended between the two steps.
        if !manager.has_column("consents", "grant_id").await? {
            let column = Table::alter()
                .table("consents")
                .add_column(string_null("grant_id"))
                .to_owned();
            manager.alter_table(column).await?;
        }
        online_index::create(manager, "consents_by_grant", "consents (grant_id)").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::drop(manager, "consents_by_grant").await?;
        let column = Table::alter()
            .table("consents")
            .drop_column("grant_id")
            .to_owned();
        manager.alter_table(column).await
    }
}
