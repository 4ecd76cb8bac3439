//! Services that people are provisioned to by SCIM: whom of them, how far the first round is, and which user of the service
//! is whose.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            Table::create()
                .table("scim_targets")
                .col(string("receiver_id").primary_key())
                .col(string("client_id"))
                .col(string("people"))
                .col(text("walk"))
                .col(timestamp_with_time_zone_null("walk_due_at"))
                .col(timestamp_with_time_zone_null("walked_at"))
                .foreign_key(&mut to_receiver("scim_targets_receiver", "scim_targets"))
                .to_owned(),
            Table::create()
                .table("scim_resources")
                .col(string("receiver_id"))
                .col(string("account_id"))
                // None: a user may have been made there, and nobody has read its id.
                .col(text_null("remote_id"))
                .col(string("digest"))
                .col(timestamp_with_time_zone("updated_at"))
                .primary_key(Index::create().col("receiver_id").col("account_id"))
                .foreign_key(&mut to_receiver("scim_resources_receiver", "scim_resources"))
                .foreign_key(&mut owned_table::of_account("scim_resources"))
                .to_owned(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        let db = manager.get_connection();
        for statement in [
            "CREATE INDEX scim_targets_by_client ON scim_targets (client_id)",
            "CREATE INDEX scim_targets_due ON scim_targets (walk_due_at) WHERE walk_due_at IS NOT NULL",
            "CREATE INDEX scim_resources_by_account ON scim_resources (account_id)",
            "CREATE UNIQUE INDEX event_receivers_stream ON event_receivers (client_id) WHERE kind IN ('push', 'poll')",
            "DROP INDEX event_receivers_one_stream",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["scim_resources", "scim_targets"] {
            owned_table::drop(manager, table).await?;
        }
        let db = manager.get_connection();
        for statement in [
            "DELETE FROM event_receivers WHERE kind = 'scim'",
            "CREATE UNIQUE INDEX event_receivers_one_stream ON event_receivers (client_id) WHERE kind <> 'webhook'",
            "DROP INDEX event_receivers_stream",
        ] {
            db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

fn to_receiver(name: &str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table, "receiver_id")
        .to("event_receivers", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}
