//! Tests what may change in a sealed trail: the deletion of an account empties parts of its entries, and retention removes
//! the beginning. Both leave a chain that holds and says what became of it.

use super::{execute, holds, numbers, seals, seals_with_log, verify, writes};
use crate::support::{Log, TestOp};
use itu_account::accounts::deletion;
use itu_account::audit::{self, FindingKind};
use itu_account::domain::actor::Context;
use itu_account::jobs;

const DAY: i64 = 24 * 3600;
const EMAIL: &str = "alice@example.org";

async fn sweeps(op: &TestOp) -> u64 {
    let (app, now) = (&op.app, op.now());
    audit::sweep(&app.db, &app.keys, now, &app.stopping)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_deletion_of_an_account_leaves_a_chain_that_holds() {
    // ST-4, LG-5
    let op = TestOp::start().await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    let mut wrong = alice.elsewhere(&op);
    wrong.password = "Not-the-one-42".to_owned();
    wrong.logs_in().await;
    let id = op.find_account(EMAIL).await.id;
    let reason = format!(
        "INSERT INTO events (at, actor, action, object, success, reason, network, request_id, account_id) VALUES \
         ('2026-01-01 00:00:00+00:00', 'account:bob', 'affiliation.rejected', 'affiliation:x', TRUE, \
         'Alice left in May', '203.0.113.9', 'r1', '{id}')"
    );
    execute(&op, &reason).await;
    let log = seals_with_log(&op).await;
    assert_eq!(holds(&op, &log).await.emptied, 0);
    deletion::begin_for(&op.app, &Context::operator(), EMAIL)
        .await
        .unwrap();
    op.advance(14 * DAY);
    jobs::delete_accounts(&op.app).await.unwrap();
    // Before and after the seal of what the deletion has recorded.
    let before = holds(&op, &log).await;
    seals(&op).await;
    let after = holds(&op, &log).await;
    assert!(
        before.emptied >= 3 && before.emptied == after.emptied,
        "{after:?}"
    );
    assert_eq!((after.pending, after.heads), (0, 1));
    let own = format!(
        "SELECT count(*) AS n FROM event_seals JOIN events ON event_id = id WHERE actor = 'account:{id}' \
         AND traces IS NOT NULL AND (network <> '' OR traces_salt IS NOT NULL)"
    );
    assert_eq!(numbers(&op, &own).await, [0]);
    let typed = "SELECT count(*) AS n FROM event_seals JOIN events ON event_id = id WHERE action = \
         'affiliation.rejected' AND events.reason IS NULL AND reason_salt IS NULL AND network <> '' AND \
         traces_salt IS NOT NULL";
    assert_eq!(numbers(&op, typed).await, [1]);
    // What was emptied cannot be filled again.
    let filled =
        format!("UPDATE events SET network = '192.0.2.9' WHERE actor = 'account:{id}' AND network = ''");
    execute(&op, &filled).await;
    let found = verify(&op, &log).await.1;
    assert!(
        !found.is_empty() && found.iter().all(|it| *it == FindingKind::Altered),
        "{found:?}"
    );
}

#[tokio::test]
async fn what_is_emptied_before_its_seal_is_sealed_empty() {
    // ST-4: the seal of an entry is made up to some seconds later than the entry.
    let op = TestOp::start().await;
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    deletion::begin_for(&op.app, &Context::operator(), EMAIL)
        .await
        .unwrap();
    op.advance(14 * DAY);
    jobs::delete_accounts(&op.app).await.unwrap();
    seals(&op).await;
    assert_eq!(holds(&op, b"").await.emptied, 0);
    let records = "SELECT count(*) AS n FROM events WHERE action = 'audit.emptied'";
    assert_eq!(numbers(&op, records).await, [0]);
}

#[tokio::test]
async fn retention_leaves_a_chain_that_begins_later_and_holds() {
    // LG-2, LG-5
    let op = TestOp::start().await;
    writes(&op, 250).await;
    let mut log = seals_with_log(&op).await;
    let old = holds(&op, &log).await;
    op.advance(365 * DAY - 60);
    assert_eq!(sweeps(&op).await, 0);
    writes(&op, 5).await;
    log.extend(seals_with_log(&op).await);
    let whole = holds(&op, &log).await;
    assert_eq!(whole.to, old.to + 5);
    op.advance(61);
    let said = Log::read();
    assert_eq!(i64::try_from(sweeps(&op).await).unwrap(), old.to);
    let said = said.take();
    assert_eq!(
        (said[0]["audit_start"].as_i64(), said.len()),
        (Some(old.to), 1),
        "{said:?}"
    );
    assert_eq!(sweeps(&op).await, 0);
    let done = holds(&op, &log).await;
    assert_eq!((done.from, done.to, done.seals), (old.to + 1, whole.to, 5));
    // The first head of the log is the end of what was removed.
    assert_eq!((done.heads, done.heads_before), (2, 0));
    let left = numbers(&op, "SELECT count(*) AS n FROM events").await;
    assert_eq!(left, [5]);
    // A year later that head is from before the chain.
    writes(&op, 1).await;
    seals(&op).await;
    op.advance(365 * DAY - 30);
    assert_eq!(sweeps(&op).await, 5);
    let done = holds(&op, &log).await;
    assert_eq!((done.heads, done.heads_before, done.seals), (1, 1, 1));
    // Another checkpoint than that of the service is found, and so is an entry that is missing behind it.
    execute(
        &op,
        "UPDATE event_chain_ends SET digest = 'x' WHERE name = 'start'",
    )
    .await;
    let found = verify(&op, b"").await.1;
    assert_eq!(found, [FindingKind::EndForged, FindingKind::Altered]);
}

#[tokio::test]
async fn an_entry_is_sealed_before_it_is_removed() {
    // LG-2, LG-5
    let op = TestOp::start().await;
    writes(&op, 3).await;
    op.advance(400 * DAY);
    assert_eq!(sweeps(&op).await, 0);
    seals(&op).await;
    assert!(sweeps(&op).await >= 3);
}

#[tokio::test]
async fn an_entry_that_was_deleted_before_its_time_is_found_until_its_time() {
    // LG-2, LG-5: retention does not stop at the gap, nor does it hide it earlier.
    let op = TestOp::start().await;
    writes(&op, 120).await;
    seals(&op).await;
    execute(&op, "DELETE FROM events WHERE object = 'client:c7'").await;
    op.advance(364 * DAY);
    assert_eq!(sweeps(&op).await, 0);
    assert_eq!(verify(&op, b"").await.1, [FindingKind::Deleted]);
    op.advance(3 * DAY);
    assert!(sweeps(&op).await >= 120);
    writes(&op, 1).await;
    seals(&op).await;
    holds(&op, b"").await;
}
