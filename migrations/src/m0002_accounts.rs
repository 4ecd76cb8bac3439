//! Accounts and the versions of the Terms of Use that they accepted.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("terms_versions")
                    .col(string("version").primary_key())
                    .col(timestamp_with_time_zone("effective_from"))
                    .to_owned(),
            )
            .await?;
        manager
            .execute(
                Query::insert()
                    .into_table("terms_versions")
                    .columns(["version", "effective_from"])
                    .values_panic(["2020-01".into(), Expr::cust("'2020-01-01 00:00:00+00:00'")])
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("accounts")
                    .col(string("id").primary_key())
                    .col(string_uniq("sub"))
                    .col(string("email"))
                    .col(string_uniq("email_key"))
                    // One account per address, whatever its tag (security.md SU-2).
                    .col(string_uniq("email_unique"))
                    .col(boolean("email_verified"))
                    .col(string("first_name"))
                    .col(string("last_name"))
                    .col(string_null("title"))
                    .col(string("gender"))
                    .col(string("job_title"))
                    .col(string("professional_role"))
                    .col(string("role"))
                    .col(string("status"))
                    .col(boolean("newsletter"))
                    .col(string("language"))
                    .col(text_null("password_hash"))
                    .col(string_null("terms_version"))
                    .col(timestamp_with_time_zone_null("terms_accepted_at"))
                    .col(timestamp_with_time_zone_null("new_browser_told_at"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("updated_at"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("accounts").to_owned())
            .await?;
        manager
            .drop_table(Table::drop().table("terms_versions").to_owned())
            .await
    }
}
