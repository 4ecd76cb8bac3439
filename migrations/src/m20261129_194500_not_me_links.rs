//! Links *This was not me* of mails about an account's security: they work without a login, once.

use sea_orm_migration::{prelude::*, schema::*};

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
                    .foreign_key(
                        ForeignKey::create()
                            .name("not_me_links_account")
                            .from("not_me_links", "account_id")
                            .to("accounts", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
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
        let table = Table::drop().table("not_me_links").to_owned();
        manager.drop_table(table).await
    }
}
