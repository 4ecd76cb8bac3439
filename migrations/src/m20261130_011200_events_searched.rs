//! The indexes of the audit trail: what waits to be sealed, and the searches by actor, action, organization and object,
//! each in the order of time. PostgreSQL builds them beside those who write.

use sea_orm_migration::prelude::*;

use crate::online_index;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [(&str, &str); 5] = [
    ("events_unsealed", "(sealed, id) WHERE sealed = FALSE"),
    ("events_by_actor_and_time", "(actor, at, id)"),
    ("events_by_action", "(action, at, id)"),
    ("events_by_organization", "(organization_id, at, id)"),
    ("events_by_object_and_time", "(object, at, id)"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, columns) in INDEXES {
            online_index::create(manager, name, &format!("events {columns}")).await?;
        }
        // The last of them serves its queries, too.
        online_index::drop(manager, "events_by_object").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online_index::create(manager, "events_by_object", "events (object)").await?;
        for (name, _) in INDEXES {
            online_index::drop(manager, name).await?;
        }
        Ok(())
    }
}
