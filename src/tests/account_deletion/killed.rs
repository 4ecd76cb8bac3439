//! Tests a process that ends at any point of a deletion, writers that are late, and an account that cannot be deleted at
//! first: the next run does the rest (security.md ST-4).

use super::{DAY, carries_out};
use crate::support::traces::{count, execute};
use crate::support::{TestOp, rows};
use itu_account::accounts::{deletion, erasure};
use itu_account::affiliations::departure;
use itu_account::domain::actor::Context;
use itu_account::domain::{AccountId, OrganizationId};
use itu_account::jobs;
use itu_account::storage::erasure::Step;

const NETWORK: &str = "198.51.100.77";
const LONG_AGO: &str = "'2026-01-01 00:00:00+00:00'";
/// More than one transaction takes.
const MANY: usize = 120;

fn address(number: usize) -> String {
    format!("p{number}@example.org")
}

/// Inserts mails to an address.
async fn insert_mails(op: &TestOp, to: &str, number: usize) {
    let mails: Vec<_> = (0..number)
        .map(|it| format!("('{to}{it}', {LONG_AGO}, 'email_changed', '{to}', 'Zoe', '', '', 1, {LONG_AGO})"))
        .collect();
    let sql = format!(
        "INSERT INTO outbox_mails (id, created_at, kind, recipient, subject, text, html, attempts, sent_at) VALUES {}",
        mails.join(", ")
    );
    execute(op, &sql).await;
}

/// Inserts records of the trail, of an actor and about an account if there is one, with traces.
async fn insert_records(op: &TestOp, actor: &str, account: Option<&AccountId>, number: usize) {
    let about = account.map_or("NULL".to_owned(), |it| format!("'{it}'"));
    let record = format!(
        "({LONG_AGO}, '{actor}', 'session.signed_in', 'session:x', true, '{NETWORK}', 'r', {about}, 'user', 'Firefox')"
    );
    let sql = format!(
        "INSERT INTO events (at, actor, action, object, success, network, request_id, account_id, acted_as, browser) \
         VALUES {}",
        vec![record; number].join(", ")
    );
    execute(op, &sql).await;
}

/// Inserts a person who has something in many tables, whose address was another one, and whose deletion was begun.
async fn begun(op: &TestOp, number: usize) -> AccountId {
    let (email, former) = (address(number), format!("former{number}@example.org"));
    op.insert_account(rows::account(&email, op.now()), None).await;
    let id = op.find_account(&email).await.id;
    let own = op
        .insert_affiliation(&id, "telco", rows::approved(op.now()))
        .await;
    op.insert_focal_point(&own).await;
    // Somebody wanted in at the former address: a record, a link and a counter that its digest names.
    for sql in [
        format!(
            "INSERT INTO events (at, actor, action, object, success, network, request_id, acted_as, browser) VALUES \
             ({LONG_AGO}, 'visitor', 'session.sign_in_failed', 'address:former{number}', false, '{NETWORK}', 'r', \
             'visitor', 'Firefox')"
        ),
        format!(
            "INSERT INTO password_resets (token_digest, address, spent, created_at) \
             VALUES ('d{number}', 'former{number}', true, {LONG_AGO})"
        ),
        format!("INSERT INTO former_addresses (account_id, label) VALUES ('{id}', 'former{number}')"),
        format!(
            "INSERT INTO login_throttles (\"key\", failures, updated_at, subject) \
             VALUES ('a:former{number}', 3, {LONG_AGO}, 'former{number}')"
        ),
        format!(
            "INSERT INTO email_changes (id, account_id, old_email, new_email, taken, requested_at, changed_at, \
             expires_at) VALUES ('e{number}', '{id}', '{former}', '{email}', false, {LONG_AGO}, {LONG_AGO}, \
             '2099-01-01 00:00:00+00:00')"
        ),
    ] {
        execute(op, &sql).await;
    }
    let passkeys: Vec<_> = (0..MANY)
        .map(|it| format!("('p{number}-{it}', '{id}', 'c{number}-{it}', '{{}}', 'n', true, {LONG_AGO})"))
        .collect();
    let sql = format!(
        "INSERT INTO passkeys (id, account_id, credential_id, credential, name, counts_alone, created_at) VALUES {}",
        passkeys.join(", ")
    );
    execute(op, &sql).await;
    insert_mails(op, &former, MANY).await;
    insert_records(op, &format!("account:{id}"), Some(&id), MANY).await;
    insert_records(op, "visitor", Some(&id), MANY).await;
    let operator = Context::operator();
    deletion::begin_for(&op.app, &operator, &email).await.unwrap();
    id
}

/// Requires that nothing is left of these accounts, and that each was deleted once.
async fn are_gone(op: &TestOp, ids: &[AccountId]) {
    for table in [
        "accounts",
        "account_deletions",
        "affiliations",
        "deletion_links",
        "email_changes",
        "focal_points",
        "former_addresses",
        "login_throttles",
        "outbox_mails",
        "passkeys",
        "password_resets",
    ] {
        let left = count(op, &format!("SELECT COUNT(*) AS n FROM {table}")).await;
        assert_eq!(left, 0, "{table}");
    }
    let traces = format!(
        "SELECT COUNT(*) AS n FROM events \
         WHERE network = '{NETWORK}' OR browser = 'Firefox' OR object LIKE 'address:former%'"
    );
    assert_eq!(count(op, &traces).await, 0);
    for id in ids {
        let sql = format!(
            "SELECT COUNT(*) AS n FROM events WHERE object = 'account:{id}' AND action = 'account.deleted'"
        );
        assert_eq!(count(op, &sql).await, 1, "{id}"); // G-8
        let sql = format!(
            "SELECT COUNT(*) AS n FROM events WHERE account_id = '{id}' AND action = 'affiliation.withdrawn'"
        );
        assert_eq!(count(op, &sql).await, 1, "{id}"); // G-8
    }
}

#[tokio::test]
async fn a_process_killed_at_any_point_leaves_the_rest_to_the_next() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut ids = Vec::new();
    // Before the affiliations end, and after each number of steps.
    for number in 0..Step::ALL.len() + 2 {
        ids.push(begun(&op, number).await);
    }
    op.advance(14 * DAY);
    for (done, id) in ids.iter().enumerate() {
        assert!(erasure::begin(&op.app, id).await.unwrap());
        if done > 0 {
            departure::end(&op.app, id).await.unwrap();
            let steps = &Step::ALL[..done - 1];
            assert!(erasure::clear(&op.app, id, steps).await.unwrap());
        }
    }
    // Several nodes take it up.
    let (one, two, three) = tokio::join!(
        jobs::delete_accounts(&op.app),
        jobs::delete_accounts(&op.app),
        jobs::delete_accounts(&op.app)
    );
    one.and(two).and(three).unwrap();
    carries_out(&op).await;
    are_gone(&op, &ids).await;
    let telco =
        itu_account::storage::organizations::find(op.app.db.read(), &OrganizationId::new("telco")).await;
    assert!(telco.unwrap().is_some());
}

#[tokio::test]
async fn what_is_written_after_the_steps_goes_with_the_account() {
    // A request that had read the account before its deletion was final: neither mails nor records have a foreign key.
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let id = begun(&op, 0).await;
    op.advance(14 * DAY);
    assert!(erasure::begin(&op.app, &id).await.unwrap());
    departure::end(&op.app, &id).await.unwrap();
    assert!(erasure::clear(&op.app, &id, Step::ALL).await.unwrap());
    insert_mails(&op, &address(0), MANY).await;
    insert_records(&op, "visitor", Some(&id), 1).await;
    insert_records(&op, &format!("account:{id}"), None, 1).await;
    // One transaction takes a hundred at most; the account waits for the rest.
    assert!(!erasure::finish(&op.app, &id).await.unwrap());
    assert!(op.find_account(&address(0)).await.is_deleted());
    assert!(erasure::finish(&op.app, &id).await.unwrap());
    assert!(!erasure::finish(&op.app, &id).await.unwrap());
    are_gone(&op, &[id]).await;
}

#[tokio::test]
async fn an_account_that_cannot_be_deleted_stops_no_other_and_is_taken_up_again() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let ids = [begun(&op, 0).await, begun(&op, 1).await];
    op.advance(14 * DAY);
    // A table that the program does not know refers to the account.
    execute(
        &op,
        "CREATE TABLE held (account_id varchar REFERENCES accounts (id))",
    )
    .await;
    execute(&op, &format!("INSERT INTO held VALUES ('{}')", ids[0])).await;
    let (one, two, three) = tokio::join!(
        jobs::delete_accounts(&op.app),
        jobs::delete_accounts(&op.app),
        jobs::delete_accounts(&op.app)
    );
    one.and(two).and(three).unwrap();
    assert!(op.find_account(&address(0)).await.is_deleted());
    assert!(!super::exists(&op, &address(1)).await);
    execute(&op, "DROP TABLE held").await;
    carries_out(&op).await;
    are_gone(&op, &ids).await;
}
