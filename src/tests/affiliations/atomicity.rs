//! Tests that a decision whose last write fails is undone as a whole (ST-2): the database refuses the mail once
//! everything before it is written.

use sea_orm::{ConnectionTrait, Statement};

use super::person;
use crate::support::TestOp;
use itu_account::affiliations::lifecycle::decisions;
use itu_account::affiliations::{Error, focal_points, ties};
use itu_account::domain::AffiliationId;

/// Selects what a decision writes: states, offices, records, mails.
const WRITTEN: [&str; 5] = [
    "SELECT id || ' ' || status AS line FROM affiliations ORDER BY id",
    "SELECT id || ' ' || status AS line FROM ties_rights ORDER BY id",
    "SELECT affiliation_id AS line FROM focal_points ORDER BY affiliation_id",
    "SELECT action AS line FROM events ORDER BY id",
    "SELECT id AS line FROM outbox_mails ORDER BY id",
];

impl TestOp {
    async fn list_written(&self) -> Vec<Vec<String>> {
        let db = self.app.db.read();
        let mut written = Vec::new();
        for query in WRITTEN {
            let query = Statement::from_string(db.get_database_backend(), query);
            let rows = db.query_all_raw(query).await.unwrap();
            written.push(rows.iter().map(|it| it.try_get("", "line").unwrap()).collect());
        }
        written
    }

    /// Makes the database refuse every mail that is written after so many records of this action.
    async fn refuse_mails_after(&self, records: usize, action: &str, affiliation: &AffiliationId) {
        let written = format!(
            "(SELECT count(*) FROM events WHERE action = '{action}' AND object = 'affiliation:{affiliation}') = {records}"
        );
        if self.app.db.is_postgres() {
            self.execute_sql(&format!(
                "CREATE FUNCTION refuse_mails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {written} THEN \
                 RAISE EXCEPTION 'no mail' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
            ))
            .await
            .unwrap();
            self.execute_sql(
                "CREATE TRIGGER refuse_mails BEFORE INSERT ON outbox_mails FOR EACH ROW EXECUTE FUNCTION refuse_mails()",
            )
            .await
            .unwrap();
        } else {
            self.execute_sql(&format!(
                "CREATE TRIGGER refuse_mails BEFORE INSERT ON outbox_mails FOR EACH ROW WHEN {written} \
                 BEGIN SELECT RAISE(ABORT, 'no mail'); END"
            ))
            .await
            .unwrap();
        }
    }

    async fn take_mails_again(&self) {
        if self.app.db.is_postgres() {
            self.execute_sql("DROP FUNCTION refuse_mails() CASCADE")
                .await
                .unwrap();
        } else {
            self.execute_sql("DROP TRIGGER refuse_mails").await.unwrap();
        }
    }
}

fn is_no_mail(outcome: &Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::Storage(error)) if error.to_string().contains("no mail"))
}

#[tokio::test]
async fn an_approval_whose_last_write_fails_is_undone_as_a_whole() {
    // ST-2, AF-7: the approval ends an affiliation elsewhere, with its TIES rights and its office.
    let op = TestOp::start_with_directory().await;
    let app = &op.app;
    let old_office = op.insert_person_as_focal_point("office", "ofcom").await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let alice = op.insert_person("alice").await;
    let old = op.request_affiliation(&alice, "ofcom").await;
    decisions::approve(app, &person(&old_office), &old, "")
        .await
        .unwrap();
    ties::grant(app, &person(&old_office), &old, &["documents".into()])
        .await
        .unwrap();
    focal_points::designate(app, &person(&old_office), &old)
        .await
        .unwrap();
    let new = op.request_affiliation(&alice, "telco").await;
    let before = op.list_written().await;

    op.refuse_mails_after(1, "affiliation.approved", &new).await;
    let failed = decisions::approve(app, &person(&mina), &new, "").await;

    assert!(is_no_mail(&failed), "{failed:?}");
    assert_eq!(op.list_written().await, before);
    assert_eq!(op.ties_rights(&alice).await, ["documents"]);

    // Nothing but the mail kept the approval back.
    op.take_mails_again().await;
    decisions::approve(app, &person(&mina), &new, "").await.unwrap();
    for (after, before) in op.list_written().await.iter().zip(&before) {
        assert_ne!(after, before);
    }
    assert!(op.ties_rights(&alice).await.is_empty()); // AF-3
}

#[tokio::test]
async fn a_grant_whose_last_write_fails_is_undone_as_a_whole() {
    // ST-2, AF-3: several rights are one decision.
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let alice = op.insert_person("alice").await;
    let id = op.request_affiliation(&alice, "telco").await;
    decisions::approve(&op.app, &person(&mina), &id, "")
        .await
        .unwrap();
    let before = op.list_written().await;
    let rights = ["documents".into(), "mailing_lists".into()];

    op.refuse_mails_after(rights.len(), "ties.granted", &id).await;
    let failed = ties::grant(&op.app, &person(&mina), &id, &rights).await;

    assert!(is_no_mail(&failed), "{failed:?}");
    assert_eq!(op.list_written().await, before);
    assert!(op.ties_rights(&alice).await.is_empty());

    op.take_mails_again().await;
    ties::grant(&op.app, &person(&mina), &id, &rights).await.unwrap();
    assert_eq!(op.ties_rights(&alice).await, rights);
}
