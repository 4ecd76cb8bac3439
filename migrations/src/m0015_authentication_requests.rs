//! Requests of services to authenticate a person who is elsewhere: until they are decided, and a while after.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLE: &str = "authentication_requests";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(TABLE)
                    .col(string("id").primary_key())
                    .col(string_uniq("digest"))
                    .col(string("client_id"))
                    // The column is empty if the hint named no account; the service must not learn it.
                    .col(string_null("account_id"))
                    .col(text("scope"))
                    .col(text("resources"))
                    .col(text("details"))
                    .col(text("acr_values"))
                    .col(text_null("binding_message"))
                    .col(timestamp_with_time_zone("requested_at"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .col(string("state"))
                    .col(timestamp_with_time_zone_null("decided_at"))
                    .col(text_null("granted"))
                    .col(text_null("ping"))
                    .col(integer("ping_attempts"))
                    .col(timestamp_with_time_zone_null("ping_due_at"))
                    .to_owned(),
            )
            .await?;
        for column in ["account_id", "expires_at", "ping_due_at"] {
            let index = Index::create()
                .name(format!("{TABLE}_by_{column}"))
                .table(TABLE)
                .col(column)
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TABLE).to_owned()).await
    }
}
