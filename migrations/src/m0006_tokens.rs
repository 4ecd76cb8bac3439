//! Refresh tokens, one row for each family, and what was revoked before it expired.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("refresh_tokens")
                    .col(string("id").primary_key())
                    .col(string_uniq("authorization_id"))
                    .col(string("account_id"))
                    .col(string("client_id"))
                    .col(string("session_id"))
                    .col(text("content"))
                    .col(string("digest"))
                    .col(string_null("previous"))
                    .col(timestamp_with_time_zone("issued_at"))
                    .col(timestamp_with_time_zone_null("rotated_at"))
                    .col(timestamp_with_time_zone("idle_until"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("refresh_tokens_account")
                            .from("refresh_tokens", "account_id")
                            .to("accounts", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("revocations")
                    .col(string("id").primary_key())
                    .col(timestamp_with_time_zone("revoked_at"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .to_owned(),
            )
            .await?;
        for (name, table, column) in INDEXES {
            let index = Index::create().name(name).table(table).col(column).to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("revocations").to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table("refresh_tokens").to_owned())
            .await
    }
}

const INDEXES: [(&str, &str, &str); 4] = [
    ("refresh_tokens_by_account", "refresh_tokens", "account_id"),
    ("refresh_tokens_by_session", "refresh_tokens", "session_id"),
    ("refresh_tokens_by_end", "refresh_tokens", "expires_at"),
    ("revocations_by_end", "revocations", "expires_at"),
];
