//! Changes a database in every way that verification must find. Each begins with a chain that holds.

use super::{execute, holds, numbers, seals, seals_with_log, verify, writes};
use crate::support::TestOp;
use itu_account::audit::FindingKind::{
    self, Altered, Contradicted, CutOff, Deleted, Emptied, EndForged, SealsLeft, SealsMissing, Swapped,
    Unsealed,
};

/// Returns the service with a chain of thirteen entries, and its log, which has the heads 10 and 13.
async fn sealed() -> (TestOp, Vec<u8>) {
    let op = TestOp::start().await;
    // What the first start has recorded.
    execute(&op, "DELETE FROM events").await;
    writes(&op, 10).await;
    let mut log = seals_with_log(&op).await;
    writes(&op, 3).await;
    log.extend(seals_with_log(&op).await);
    let done = holds(&op, &log).await;
    assert_eq!((done.heads, done.pending), (2, 0));
    (op, log)
}

/// Returns the id of the entry at a position.
fn at(position: i64) -> String {
    format!("(SELECT event_id FROM event_seals WHERE position = {position})")
}

/// Runs statements, and requires what is found afterwards, with the log and without it.
async fn finds(change: &[&str], without_log: &[FindingKind], with_log: &[FindingKind]) {
    let (op, log) = sealed().await;
    for sql in change {
        execute(&op, sql).await;
    }
    assert_eq!(verify(&op, b"").await.1, without_log, "{change:?}");
    assert_eq!(verify(&op, &log).await.1, with_log, "{change:?}");
}

#[tokio::test]
async fn an_altered_entry_is_found() {
    // LG-5
    for column in [
        "actor = 'account:x'",
        "acted_as = 'system'",
        "action = 'client.deleted'",
        "object = 'client:x'",
        "account_id = 'x'",
        "organization_id = 'x'",
        "success = FALSE",
        "before = '{}'",
        "after = NULL",
        "at = '2026-01-01 00:00:00+00:00'",
        "reason = 'another'",
        "reason = NULL",
        "network = '198.51.100.1'",
        "browser = 'x'",
        "request_id = ''",
    ] {
        let sql = format!("UPDATE events SET {column} WHERE id = {}", at(5));
        finds(&[&sql], &[Altered], &[Altered]).await;
    }
}

#[tokio::test]
async fn an_altered_seal_is_found() {
    // LG-5
    for column in [
        "sealed_at = '2026-01-01 00:00:00+00:00'",
        "traces_salt = 'x'",
        "reason = NULL, reason_salt = NULL",
    ] {
        let sql = format!("UPDATE event_seals SET {column} WHERE position = 5");
        finds(&[&sql], &[Altered], &[Altered]).await;
    }
    // The one after it no longer fits either.
    let digest = "UPDATE event_seals SET digest = 'x' WHERE position = 5";
    finds(&[digest], &[Altered, Altered], &[Altered, Altered]).await;
}

#[tokio::test]
async fn a_deleted_entry_is_found() {
    // LG-5
    let entry = format!("DELETE FROM events WHERE id = {}", at(5));
    finds(&[&entry], &[Deleted], &[Deleted]).await;
    let seal = "DELETE FROM event_seals WHERE position = 5";
    finds(&[&entry, seal], &[SealsMissing], &[SealsMissing]).await;
    // The seal alone: the entry is still marked.
    finds(&[seal], &[SealsMissing, Unsealed], &[SealsMissing, Unsealed]).await;
}

#[tokio::test]
async fn swapped_entries_are_found() {
    // LG-5
    let two = "SELECT event_id AS n FROM event_seals WHERE position IN (4, 7) ORDER BY position";
    let (op, log) = sealed().await;
    let ids = numbers(&op, two).await;
    let (a, b) = (ids[0], ids[1]);
    for sql in [
        format!("UPDATE events SET id = -1 WHERE id = {a}"),
        format!("UPDATE events SET id = {a} WHERE id = {b}"),
        format!("UPDATE events SET id = {b} WHERE id = -1"),
    ] {
        execute(&op, &sql).await;
    }
    assert_eq!(verify(&op, &log).await.1, [Swapped, Swapped]);

    let (op, log) = sealed().await;
    let ids = numbers(&op, two).await;
    let (a, b) = (ids[0], ids[1]);
    for sql in [
        "UPDATE event_seals SET event_id = -1 WHERE position = 4".to_owned(),
        format!("UPDATE event_seals SET event_id = {a} WHERE position = 7"),
        format!("UPDATE event_seals SET event_id = {b} WHERE position = 4"),
    ] {
        execute(&op, &sql).await;
    }
    assert_eq!(verify(&op, &log).await.1, [Swapped, Swapped]);
}

#[tokio::test]
async fn a_cut_off_tail_is_found() {
    // LG-5
    let entries = "DELETE FROM events WHERE id IN (SELECT event_id FROM event_seals WHERE position > 8)";
    let seals = "DELETE FROM event_seals WHERE position > 8";
    // Both heads of the log are gone.
    finds(&[entries, seals], &[CutOff], &[CutOff, CutOff, CutOff]).await;
    // The head is moved back, too, without the master key.
    let head = "UPDATE event_chain_ends SET position = 8, digest = \
         (SELECT digest FROM event_seals WHERE position = 8) WHERE name = 'head'";
    finds(
        &[entries, seals, head],
        &[EndForged],
        &[EndForged, CutOff, CutOff],
    )
    .await;
}

#[tokio::test]
async fn a_tail_that_was_cut_off_with_an_older_head_is_found_by_the_log() {
    // LG-5: somebody has kept what the database said earlier, and puts it back.
    let op = TestOp::start().await;
    writes(&op, 5).await;
    let mut log = seals_with_log(&op).await;
    execute(&op, "CREATE TABLE kept AS SELECT * FROM event_chain_ends").await;
    let last = numbers(&op, "SELECT max(position) AS n FROM event_seals").await[0];
    writes(&op, 5).await;
    log.extend(seals_with_log(&op).await);
    holds(&op, &log).await;
    for sql in [
        format!("DELETE FROM events WHERE id IN (SELECT event_id FROM event_seals WHERE position > {last})"),
        format!("DELETE FROM event_seals WHERE position > {last}"),
        "DELETE FROM event_chain_ends".to_owned(),
        "INSERT INTO event_chain_ends SELECT * FROM kept".to_owned(),
    ] {
        execute(&op, &sql).await;
    }
    assert_eq!(verify(&op, b"").await.1, []);
    assert_eq!(verify(&op, &log).await.1, [CutOff]);
}

#[tokio::test]
async fn a_chain_that_was_made_again_is_contradicted_by_the_log() {
    // LG-5: whoever has the master key, too, can seal again what was changed. The log has another head.
    let (op, log) = sealed().await;
    let change = format!("UPDATE events SET actor = 'account:x' WHERE id = {}", at(5));
    for sql in [
        &*change,
        "DELETE FROM event_seals",
        "DELETE FROM event_chain_ends",
        "UPDATE events SET sealed = FALSE",
    ] {
        execute(&op, sql).await;
    }
    seals(&op).await;
    assert_eq!(verify(&op, b"").await.1, []);
    assert_eq!(verify(&op, &log).await.1, [Contradicted, Contradicted]);
}

#[tokio::test]
async fn an_entry_that_was_put_in_is_found() {
    // LG-5
    let sql = "INSERT INTO events (at, actor, action, object, success, network, request_id, sealed) VALUES \
         ('2026-01-01 00:00:00+00:00', 'operator', 'key.changed', 'key:x', TRUE, '', '', TRUE)";
    finds(&[sql], &[Unsealed], &[Unsealed]).await;
}

#[tokio::test]
async fn a_part_that_was_emptied_without_a_record_is_found() {
    // LG-5, ST-4
    let entry = format!(
        "UPDATE events SET network = '', browser = '', request_id = '' WHERE id = {}",
        at(5)
    );
    let salt = "UPDATE event_seals SET traces_salt = NULL WHERE position = 5";
    finds(&[&entry], &[Altered], &[Altered]).await;
    finds(&[&entry, salt], &[Emptied], &[Emptied]).await;
    // The record of another act is none of it.
    let by = format!(
        "UPDATE event_seals SET traces_emptied_by = {} WHERE position = 5",
        at(9)
    );
    finds(&[&entry, salt, &by], &[Emptied], &[Emptied]).await;
    // The salt alone, while the content stays.
    finds(&[salt], &[Altered], &[Altered]).await;
}

#[tokio::test]
async fn a_beginning_that_retention_has_not_removed_is_found() {
    // LG-2, LG-5
    let entries = "DELETE FROM events WHERE id IN (SELECT event_id FROM event_seals WHERE position < 5)";
    let seals = "DELETE FROM event_seals WHERE position < 5";
    finds(&[entries, seals], &[SealsMissing], &[SealsMissing]).await;
    let start = "INSERT INTO event_chain_ends (name, position, digest, mac) SELECT 'start', position, digest, 'x' \
         FROM event_seals WHERE position = 4";
    finds(&[start, entries, seals], &[EndForged], &[EndForged]).await;
    let found = [EndForged, SealsLeft];
    finds(&[start], &found, &found).await;
}
