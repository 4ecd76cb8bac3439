//! The indexes by which subscriptions in force are listed: all, and those in one language, the newest first.

use sea_orm_migration::prelude::*;

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [(&str, &str); 2] = [
    (
        "newsletter_subscriptions_by_time",
        "newsletter_subscriptions (given_at, id) WHERE stopped_at IS NULL",
    ),
    (
        "newsletter_subscriptions_by_language",
        "newsletter_subscriptions (language, given_at, id) WHERE stopped_at IS NULL",
    ),
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
