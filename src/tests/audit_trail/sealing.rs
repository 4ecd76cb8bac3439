//! Tests the order in which entries are sealed: by one job among several nodes, beside those who write.

use futures_util::future::join_all;
use sea_orm::DbErr;
use tokio::sync::{Notify, oneshot};

use super::{execute, holds, numbers, seals, seals_with_log, writes};
use crate::support::TestOp;
use itu_account::app::App;
use itu_account::domain::actor::Context;
use itu_account::domain::event::{Action, Event};
use itu_account::jobs;

#[tokio::test]
async fn several_nodes_seal_each_entry_once_beside_those_who_write() {
    // LG-5
    let op = TestOp::start().await;
    let node = App::open((*op.app.config).clone(), op.clock.clone())
        .await
        .unwrap();
    for _ in 0..4 {
        let writers = join_all((0..8).map(|_| writes(&op, 5)));
        let sealers = join_all([&op.app, &node, &op.app].map(jobs::seal_audit_trail));
        let (_, sealed) = tokio::join!(writers, sealers);
        for outcome in sealed {
            // A node that meets another one comes again.
            outcome.unwrap();
        }
    }
    seals(&op).await;
    let done = holds(&op, b"").await;
    let events = numbers(&op, "SELECT count(*) AS n FROM events").await[0];
    let entries = numbers(&op, "SELECT count(DISTINCT event_id) AS n FROM event_seals").await[0];
    assert!(entries >= 160, "{entries}");
    assert_eq!((entries, done.to, done.pending), (events, events, 0));
}

#[tokio::test]
async fn an_idle_trail_writes_neither_the_database_nor_the_log() {
    let op = TestOp::start().await;
    writes(&op, 1).await;
    seals_with_log(&op).await;
    op.app.db.statements().take();
    let log = crate::support::Log::read();
    seals(&op).await;
    assert!(log.take().is_empty());
    let writes: Vec<_> = op.app.db.statements().take();
    assert!(writes.iter().all(|it| it.sql.starts_with("SELECT")), "{writes:?}");
}

#[tokio::test]
async fn what_commits_late_is_sealed_late_and_holds_nobody_up() {
    // LG-5: on PostgreSQL the lower id may be committed after the higher one. SQLite has one writer.
    let op = TestOp::start().await;
    if !op.app.db.is_postgres() {
        return;
    }
    execute(&op, "DELETE FROM events").await;
    let (begun, has_begun) = oneshot::channel();
    let begun = std::sync::Mutex::new(Some(begun));
    let go_on = Notify::new();
    let operator = Context::operator();
    let slow = op.app.write(&operator, async |tx| {
        tx.record(Event::new(Action::ClientChanged, "client:slow"))
            .await?;
        let begun = begun.lock().unwrap().take();
        begun.expect("the first time").send(()).expect("somebody waits");
        go_on.notified().await;
        Ok::<_, DbErr>(())
    });
    let others = async {
        has_begun.await.unwrap();
        writes(&op, 2).await;
        seals(&op).await;
        assert_eq!(holds(&op, b"").await.to, 2);
        go_on.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, others);
    slow.unwrap();
    seals(&op).await;
    let order = numbers(&op, "SELECT event_id AS n FROM event_seals ORDER BY position").await;
    assert!(order[2] < order[0] && order[0] < order[1], "{order:?}");
    assert_eq!(holds(&op, b"").await.to, 3);
}

#[tokio::test]
async fn the_entries_of_an_earlier_release_are_sealed_in_small_transactions() {
    let op = TestOp::start().await;
    for number in 0..250 {
        let sql = format!(
            "INSERT INTO events (at, actor, action, object, success, network, request_id) VALUES \
             ('2026-01-01 00:00:00+00:00', 'operator', 'key.changed', 'key:{number}', TRUE, '', '')"
        );
        execute(&op, &sql).await;
    }
    seals_with_log(&op).await;
    assert!(holds(&op, b"").await.to >= 250);
}
