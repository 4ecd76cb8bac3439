//! Links *This was not me* of mails about an account's security: they work without a login, once.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("not_me_links")
                    .col(string("digest").primary_key())
                    .col(string("account_id"))
                    // The address that the mail went to: the account may have another one by now.
                    .col(string("email"))
                    .col(string("cause"))
                    .col(timestamp_with_time_zone("mailed_at"))
                    // Absent until this link, or another of the account, is used.
                    .col(timestamp_with_time_zone_null("used_at"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .foreign_key(&mut owned_table::of_account("not_me_links"))
                    .to_owned(),
            )
            .await?;
        for index in [
            "CREATE INDEX not_me_links_by_account ON not_me_links (account_id)",
            "CREATE INDEX not_me_links_by_expiry ON not_me_links (expires_at)",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        owned_table::drop(manager, "not_me_links").await
    }
}
