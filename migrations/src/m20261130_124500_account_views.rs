//! Views of people's accounts by the staff: one for each session of whoever looks.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("account_views")
            .col(string("id").primary_key())
            .col(string_uniq("session_id"))
            .col(string("account_id"))
            .col(string("language"))
            .col(timestamp_with_time_zone("began_at"))
            .col(timestamp_with_time_zone("expires_at"))
            .col(timestamp_with_time_zone_null("ended_at"))
            .foreign_key(
                ForeignKey::create()
                    .name("account_views_session")
                    .from("account_views", "session_id")
                    .to("sessions", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(&mut owned_table::of_account("account_views"))
            .to_owned();
        manager.create_table(table).await?;
        let by_account = Index::create()
            .name("account_views_by_account")
            .table("account_views")
            .col("account_id")
            .to_owned();
        manager.create_index(by_account).await?;
        let open = Index::create()
            .name("account_views_open")
            .table("account_views")
            .col("ended_at")
            .col("expires_at")
            .to_owned();
        manager.create_index(open).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "account_views").await
    }
}
