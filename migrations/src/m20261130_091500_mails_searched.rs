//! Mails as those who operate the platform look for them: by address, kind and state, the newest first. A mail says from
//! when the code or the link in it opens nothing, so that one that was given up keeps its text no longer, and when it was
//! queued, so that one that is sent once more is not given up for its age.

use sea_orm_migration::{prelude::*, schema::*};

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [(&str, &str); 6] = [
    ("outbox_mails_by_creation", "outbox_mails (created_at, id)"),
    ("outbox_mails_by_kind", "outbox_mails (kind, created_at, id)"),
    // Addresses are sought whatever their case.
    (
        "outbox_mails_by_address",
        "outbox_mails (lower(recipient), created_at, id)",
    ),
    // Few of all: those that wait, and those that were given up.
    (
        "outbox_mails_waiting",
        "outbox_mails (created_at, id) WHERE sent_at IS NULL AND failed_at IS NULL",
    ),
    (
        "outbox_mails_given_up",
        "outbox_mails (created_at, id) WHERE failed_at IS NOT NULL",
    ),
    (
        "outbox_mails_void",
        "outbox_mails (void_at) WHERE failed_at IS NOT NULL",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["void_at", "queued_at"] {
            if !manager.has_column("outbox_mails", column).await? {
                let added = Table::alter()
                    .table("outbox_mails")
                    .add_column(timestamp_with_time_zone_null(column))
                    .to_owned();
                manager.alter_table(added).await?;
            }
        }
        for (name, of) in INDEXES {
            online_index::create(manager, name, of).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            online_index::drop(manager, name).await?;
        }
        for column in ["void_at", "queued_at"] {
            let dropped = Table::alter()
                .table("outbox_mails")
                .drop_column(column)
                .to_owned();
            manager.alter_table(dropped).await?;
        }
        Ok(())
    }
}
