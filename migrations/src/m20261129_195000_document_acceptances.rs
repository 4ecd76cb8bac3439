//! Which text of the Terms of Use and of the Privacy Notice a person was shown and accepted. Until now both had one
//! version, kept with the account; the Privacy Notice gets its own. Of acceptances from before, language and text are
//! not known, so they get no row. `terms_versions` and `sessions.terms_due` stay for the release that reads them.

use sea_orm_migration::{prelude::*, schema::*};

use crate::owned_table;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut key = Index::create();
        key.col("account_id").col("document").col("version");
        manager
            .create_table(
                Table::create()
                    .table("document_acceptances")
                    .col(string("account_id"))
                    .col(string("document"))
                    .col(string("version"))
                    .col(string("language"))
                    .col(string("sha256"))
                    .col(timestamp_with_time_zone("accepted_at"))
                    .primary_key(&mut key)
                    .foreign_key(&mut owned_table::of_account("document_acceptances"))
                    .to_owned(),
            )
            .await?;
        let column = string_null("privacy_version");
        let change = Table::alter().table("accounts").add_column(column).to_owned();
        manager.alter_table(change).await?;
        // What was accepted when a sign-up was sent, as JSON.
        let column = text_null("accepted");
        let change = Table::alter()
            .table("pending_signups")
            .add_column(column)
            .to_owned();
        manager.alter_table(change).await?;
        let both = "UPDATE accounts SET privacy_version = terms_version WHERE terms_version IS NOT NULL";
        manager.get_connection().execute_unprepared(both).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [("pending_signups", "accepted"), ("accounts", "privacy_version")] {
            let change = Table::alter().table(table).drop_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        owned_table::drop(manager, "document_acceptances").await
    }
}
