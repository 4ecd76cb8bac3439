//! Whom a record of the audit trail concerns, in which office somebody acted, and with which browser: a person reads the
//! own records on a page, by the index. What was recorded before is given to its person as far as the rows say whose it
//! is; the release before writes records without a person, which that page leaves out.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            string_null("account_id"),
            string("acted_as").default("").to_owned(),
            string("browser").default("").to_owned(),
        ] {
            let change = Table::alter().table("events").add_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        let db = manager.get_connection();
        for statement in WHOSE {
            db.execute_unprepared(statement).await?;
        }
        db.execute_unprepared("CREATE INDEX events_by_account ON events (account_id, at, id)")
            .await
            .map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("DROP INDEX events_by_account")
            .await?;
        for column in ["account_id", "acted_as", "browser"] {
            let change = Table::alter().table("events").drop_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }
}

/// The person is the object of the record, or has the session or the affiliation that is; else it is who acted.
const WHOSE: [&str; 4] = [
    "UPDATE events SET account_id = substr(object, 9) WHERE object LIKE 'account:%'",
    "UPDATE events SET account_id = (SELECT sessions.account_id FROM sessions \
     WHERE sessions.id = substr(events.object, 9)) WHERE object LIKE 'session:%'",
    "UPDATE events SET account_id = (SELECT affiliations.account_id FROM affiliations \
     WHERE affiliations.id = substr(events.object, 13)) WHERE object LIKE 'affiliation:%'",
    "UPDATE events SET account_id = substr(actor, 9) WHERE account_id IS NULL AND actor LIKE 'account:%' \
     AND object NOT LIKE 'affiliation:%'",
];
