//! Gives each record of the audit trail from before to the person whom it concerns, as far as the rows say whose it is, and
//! says in which office somebody acted: a person reads the own records on a page. The release before writes records without
//! either, which that page leaves out or shows without network.
//!
//! Each statement changes some thousand records and is a transaction of its own: nobody who writes one waits, however long
//! the trail is. Ended in between, it begins again, and finds less to do.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::Statement;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BATCH: i64 = 5_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let newest = Statement::from_string(db.get_database_backend(), "SELECT max(id) AS id FROM events");
        let newest = db.query_one_raw(newest).await?;
        let newest: Option<i64> = newest.map(|it| it.try_get("", "id")).transpose()?.flatten();
        let mut after = 0;
        while after < newest.unwrap_or(0) {
            for change in CHANGES {
                let some = format!("{change} AND id > {after} AND id <= {}", after + BATCH);
                db.execute_unprepared(&some).await?;
            }
            after += BATCH;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

/// The person is the object of the record, or has the session or the affiliation that is; else it is who acted. Then the
/// office follows from who acted, but for a person who acted on the account of another: the role of then is not written.
const CHANGES: [&str; 5] = [
    "UPDATE events SET account_id = substr(object, 9) WHERE account_id IS NULL AND object LIKE 'account:%'",
    "UPDATE events SET account_id = (SELECT sessions.account_id FROM sessions \
     WHERE sessions.id = substr(events.object, 9)) WHERE account_id IS NULL AND object LIKE 'session:%'",
    "UPDATE events SET account_id = (SELECT affiliations.account_id FROM affiliations \
     WHERE affiliations.id = substr(events.object, 13)) WHERE account_id IS NULL AND object LIKE 'affiliation:%'",
    "UPDATE events SET account_id = substr(actor, 9) WHERE account_id IS NULL AND actor LIKE 'account:%' \
     AND object NOT LIKE 'affiliation:%'",
    "UPDATE events SET acted_as = CASE WHEN actor = 'account:' || account_id THEN 'person' \
     WHEN actor = 'visitor' THEN 'visitor' WHEN actor = 'operator' THEN 'administrator' \
     WHEN actor = 'system' THEN 'system' WHEN actor LIKE 'client:%' THEN 'client' ELSE '' END \
     WHERE acted_as = ''",
];
