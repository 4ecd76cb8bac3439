//! The indexes of the audit trail: what waits to be sealed, and the searches by actor, action, organization and object,
//! each in the order of time. PostgreSQL builds them beside those who write.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

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
        let db = manager.get_connection();
        let beside = match db.get_database_backend() {
            DbBackend::Postgres => "CONCURRENTLY",
            _ => "",
        };
        for (name, columns) in INDEXES {
            // A build that was ended leaves an index that is not used.
            db.execute_unprepared(&format!("DROP INDEX IF EXISTS {name}"))
                .await?;
            let index = format!("CREATE INDEX {beside} {name} ON events {columns}");
            db.execute_unprepared(&index).await?;
        }
        // The last of them serves its queries, too.
        db.execute_unprepared("DROP INDEX IF EXISTS events_by_object")
            .await
            .map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("CREATE INDEX IF NOT EXISTS events_by_object ON events (object)")
            .await?;
        for (name, _) in INDEXES {
            db.execute_unprepared(&format!("DROP INDEX IF EXISTS {name}"))
                .await?;
        }
        Ok(())
    }
}
