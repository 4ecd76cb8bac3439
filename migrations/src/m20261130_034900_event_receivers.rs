//! Those who hear of what happens to people, streams of Shared Signals and webhooks, and what is on its way to them.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            Table::create()
                .table("event_receivers")
                .col(string("id").primary_key())
                .col(string("client_id"))
                .col(string("kind"))
                .col(string("status"))
                .col(text_null("status_reason"))
                .col(text_null("endpoint"))
                .col(text_null("sealed_authorization"))
                .col(text_null("sealed_secret"))
                .col(text_null("sealed_former_secret"))
                .col(timestamp_with_time_zone_null("former_secret_until"))
                .col(text("events"))
                .col(text("description"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .col(timestamp_with_time_zone("next_at"))
                .col(integer("failures"))
                .col(big_integer("delivered"))
                .col(timestamp_with_time_zone_null("last_success_at"))
                .col(timestamp_with_time_zone_null("last_failure_at"))
                .col(text_null("last_failure"))
                .col(timestamp_with_time_zone_null("verification_at"))
                .foreign_key(
                    ForeignKey::create()
                        .name("event_receivers_client")
                        .from("event_receivers", "client_id")
                        .to("clients", "id")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
            Table::create()
                .table("event_deliveries")
                // The order in which a receiver hears of one person.
                .col(big_pk_auto("position"))
                .col(string_uniq("id"))
                .col(string("receiver_id"))
                .col(string_null("account_id"))
                .col(string("kind"))
                .col(text("sealed_signal"))
                .col(timestamp_with_time_zone("caused_at"))
                .col(timestamp_with_time_zone("tried_since"))
                .col(timestamp_with_time_zone("due_at"))
                .col(integer("attempts"))
                .col(timestamp_with_time_zone_null("dead_at"))
                .col(text_null("failure"))
                .foreign_key(&mut to_receiver("event_deliveries_receiver", "event_deliveries"))
                .foreign_key(&mut owned_table::of_account("event_deliveries"))
                .to_owned(),
            Table::create()
                .table("event_exclusions")
                .col(string("receiver_id"))
                .col(string("subject"))
                .primary_key(Index::create().col("receiver_id").col("subject"))
                .foreign_key(&mut to_receiver("event_exclusions_receiver", "event_exclusions"))
                .to_owned(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        let db = manager.get_connection();
        for index in [
            "event_receivers_by_client ON event_receivers (client_id)",
            "event_receivers_due ON event_receivers (next_at)",
            "event_deliveries_by_account ON event_deliveries (account_id)",
            // Only what waits is looked for again and again.
            "event_deliveries_due ON event_deliveries (receiver_id, due_at) WHERE dead_at IS NULL",
            "event_deliveries_in_order ON event_deliveries (receiver_id, position) WHERE dead_at IS NULL",
            "event_deliveries_of_person ON event_deliveries (receiver_id, account_id, position) WHERE dead_at IS NULL",
            "event_deliveries_of_kind ON event_deliveries (receiver_id, kind, due_at) WHERE dead_at IS NULL",
            "event_deliveries_dead ON event_deliveries (receiver_id, position) WHERE dead_at IS NOT NULL",
            "event_deliveries_forgotten ON event_deliveries (dead_at) WHERE dead_at IS NOT NULL",
            "event_deliveries_old ON event_deliveries (tried_since) WHERE dead_at IS NULL",
        ] {
            db.execute_unprepared(&format!("CREATE INDEX {index}")).await?;
        }
        db.execute_unprepared(
            "CREATE UNIQUE INDEX event_receivers_one_stream ON event_receivers (client_id) WHERE kind <> 'webhook'",
        )
        .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["event_exclusions", "event_deliveries", "event_receivers"] {
            owned_table::drop(manager, table).await?;
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
