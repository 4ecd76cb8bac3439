//! Tests the jobs that carry deletions out where there are many: in parts, without one that fails in the way of others, and
//! without reading again what is done.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;

use super::{DAY, carries_out, exists, mails};
use crate::support::{TestOp, rows};
use itu_account::accounts::{deletion, erasure};
use itu_account::domain::actor::Context;
use itu_account::storage::batches::ROWS;
use itu_account::storage::erasure::{Step, run};
use itu_account::storage::personal_data::Person as Keys;

async fn begins(op: &TestOp, email: &str) {
    op.insert_account(rows::account(email, op.now()), None).await;
    let begun = deletion::begin_for(&op.app, &Context::operator(), email).await;
    assert!(begun.unwrap().is_some());
}

async fn execute(op: &TestOp, sql: &str) {
    let done = op.app.db.execute_unprepared(sql).await;
    done.unwrap_or_else(|it| panic!("{it}: {sql}"));
}

#[tokio::test]
async fn one_who_cannot_be_reminded_keeps_no_other_waiting() {
    // ST-4
    let op = TestOp::start().await;
    begins(&op, "due@example.org").await;
    op.advance(11 * DAY);
    for email in ["broken@example.org", "waits@example.org"] {
        begins(&op, email).await;
    }
    let broken = op.find_account("broken@example.org").await.id;
    // Its former address cannot be read.
    execute(
        &op,
        &format!(
            "INSERT INTO email_changes (id, account_id, old_email, new_email, taken, requested_at, changed_at, \
             undo_digest, expires_at) VALUES ('b', '{broken}', 'no address', 'broken@example.org', false, \
             '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00', 'd', '2099-01-01 00:00:00+00:00')"
        ),
    )
    .await;
    op.advance(11 * DAY + 1);
    carries_out(&op).await;
    assert!(!exists(&op, "due@example.org").await);
    assert_eq!(mails(&op, "waits@example.org").await, 2);
    assert_eq!(mails(&op, "broken@example.org").await, 1);
    // It is reminded once that is mended.
    execute(&op, "DELETE FROM email_changes").await;
    carries_out(&op).await;
    carries_out(&op).await;
    assert_eq!(mails(&op, "broken@example.org").await, 2);
}

#[tokio::test]
async fn all_that_are_due_are_listed() {
    // ST-4: however many of them fail each time.
    let op = TestOp::start().await;
    for number in 0..=ROWS {
        begins(&op, &format!("p{number}@example.org")).await;
    }
    op.advance(14 * DAY);
    let (mut found, mut last) = (BTreeSet::new(), None);
    loop {
        let part = erasure::list_due(&op.app, last.as_ref()).await.unwrap();
        assert!(part.len() <= ROWS);
        found.extend(part.iter().map(|it| it.account.to_string()));
        last = part.into_iter().last();
        if last.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), ROWS + 1);
}

#[tokio::test]
async fn acts_that_are_done_are_not_read_again() {
    // ST-4: the acts of an office holder are many.
    let op = TestOp::start().await;
    op.insert_account(rows::account("office@example.org", op.now()), None)
        .await;
    let account = op.find_account("office@example.org").await.id;
    let acts = 2 * ROWS + 1;
    for number in 0..acts {
        // One has no request.
        let request = if number == 7 { "" } else { "r" };
        execute(
            &op,
            &format!(
                "INSERT INTO events (at, actor, action, object, success, network, request_id) VALUES \
                 ('2026-01-01 00:00:00+00:00', 'account:{account}', 'ties.granted', 'ties:x', true, '192.0.2.9', '{request}')"
            ),
        )
        .await;
    }
    let keys = Keys {
        account: &account,
        email: "office@example.org",
        addresses: &[],
        throttles: &[],
    };
    let batch = async || run(&op.app.db, op.now(), Step::OwnActs, &keys).await.unwrap();
    for expected in [ROWS as u64, ROWS as u64] {
        op.app.db.statements().take();
        assert_eq!(batch().await, expected);
        let statements = op.app.db.statements().take();
        let reads: Vec<_> = statements
            .iter()
            .filter(|it| it.sql.starts_with("SELECT") && it.sql.contains(r#"FROM "events""#))
            .collect();
        assert_eq!(reads.len(), 1, "{reads:?}");
        assert!(reads[0].sql.contains(r#""request_id" > "#), "{reads:?}");
    }
    assert_eq!(batch().await, 1);
    assert_eq!(batch().await, 0);
}
