//! Unfinished sign-ups, the codes and links that are mailed, and the attempts at them.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("pending_signups")
                    .col(string("id").primary_key())
                    .col(string_uniq("handle_digest"))
                    .col(string("email"))
                    .col(string("email_unique"))
                    .col(text("profile"))
                    .col(text("password_hash"))
                    .col(string("language"))
                    .col(boolean("newsletter"))
                    .col(text_null("choice"))
                    .col(string_null("terms_version"))
                    .col(timestamp_with_time_zone_null("terms_accepted_at"))
                    // The address has an account: no code completes this sign-up.
                    .col(boolean("taken"))
                    .col(text_null("resume"))
                    .col(timestamp_with_time_zone("created_at"))
                    .to_owned(),
            )
            .await?;
        index(
            manager,
            "pending_signups_by_address",
            "pending_signups",
            &["email_unique", "created_at"],
        )
        .await?;
        index(
            manager,
            "pending_signups_by_time",
            "pending_signups",
            &["created_at"],
        )
        .await?;
        manager
            .create_table(
                Table::create()
                    .table("email_codes")
                    .col(string("id").primary_key())
                    .col(string("purpose"))
                    // The transaction that the code completes. The row outlives it, for the limits count codes sent.
                    .col(string("transaction"))
                    .col(string("address"))
                    .col(string("hmac"))
                    .col(integer("attempts"))
                    .col(boolean("spent"))
                    .col(timestamp_with_time_zone("created_at"))
                    .to_owned(),
            )
            .await?;
        index(
            manager,
            "email_codes_by_transaction",
            "email_codes",
            &["transaction"],
        )
        .await?;
        index(
            manager,
            "email_codes_by_address",
            "email_codes",
            &["address", "created_at"],
        )
        .await?;
        manager
            .create_table(
                Table::create()
                    .table("code_attempts")
                    .col(big_pk_auto("id"))
                    .col(string("address"))
                    .col(timestamp_with_time_zone("at"))
                    .to_owned(),
            )
            .await?;
        index(
            manager,
            "code_attempts_by_address",
            "code_attempts",
            &["address", "at"],
        )
        .await?;
        manager
            .create_table(
                Table::create()
                    .table("password_resets")
                    .col(string("token_digest").primary_key())
                    // Absent when the address is unknown: the same is written for all.
                    .col(string_null("account_id"))
                    .col(string("address"))
                    .col(boolean("spent"))
                    .col(text_null("resume"))
                    .col(timestamp_with_time_zone("created_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("password_resets_account")
                            .from("password_resets", "account_id")
                            .to("accounts", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        index(
            manager,
            "password_resets_by_account",
            "password_resets",
            &["account_id"],
        )
        .await?;
        index(
            manager,
            "password_resets_by_address",
            "password_resets",
            &["address", "created_at"],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            "password_resets",
            "code_attempts",
            "email_codes",
            "pending_signups",
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

async fn index(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}
