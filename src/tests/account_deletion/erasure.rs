//! Tests what is left of a person after the deletion: a walk of the schema, so that no table and no column is forgotten.

use std::collections::BTreeSet;

use super::{DAY, EMAIL, alice, carries_out, deletes, exists};
use crate::support::TestOp;
use crate::support::traces::{NETWORK, count, execute, person_in_every_table, query, schema, traces};
use itu_account::accounts::deletion;
use itu_account::domain::actor::Context;
use itu_account::jobs;
use itu_account::storage::erasure::{DELETED, STAYING};
use itu_account::storage::personal_data::WITHOUT_PEOPLE;

/// Where the identifier of the account stays, as a pseudonym: the trail, and who decided about others.
const PSEUDONYMS: [(&str, &str); 13] = [
    ("events", "actor"),
    ("events", "object"),
    ("events", "account_id"),
    ("events", "before"),
    ("events", "after"),
    ("affiliations", "decided_by"),
    ("affiliations", "ended_by"),
    ("ties_rights", "decided_by"),
    ("ties_rights", "ended_by"),
    ("focal_points", "designated_by"),
    ("client_owners", "named_by"),
    ("assisted_recoveries", "asked_by"),
    ("assisted_recoveries", "confirmed_by"),
];

#[tokio::test]
async fn every_table_and_every_column_that_stays_is_decided_about() {
    let op = TestOp::start().await;
    let schema = schema(&op).await;
    let mut decided: BTreeSet<&str> = DELETED.iter().copied().collect();
    assert_eq!(decided.len(), DELETED.len());
    for (table, _) in WITHOUT_PEOPLE {
        assert!(decided.insert(table), "{table} is deleted, too");
    }
    let staying: BTreeSet<&str> = STAYING.iter().map(|(table, ..)| *table).collect();
    decided.extend(&staying);
    let all: BTreeSet<&str> = schema.keys().map(String::as_str).collect();
    assert_eq!(decided, all);
    for table in staying {
        let of_it = STAYING.iter().filter(|(of, ..)| *of == table);
        let columns: BTreeSet<String> = of_it.map(|(_, column, _)| (*column).to_owned()).collect();
        assert_eq!(columns, schema[table], "{table}");
    }
}

#[tokio::test]
async fn the_sign_up_leaves_no_network_either() {
    // ST-4: it was recorded before there was an account.
    let op = TestOp::start().await;
    op.sign_up_and_verify(EMAIL).await;
    execute(
        &op,
        &format!("UPDATE events SET network = '{NETWORK}' WHERE action LIKE 'signup.%'"),
    )
    .await;
    let sql = format!("SELECT COUNT(*) AS n FROM events WHERE network = '{NETWORK}'");
    let started = format!("{sql} AND action = 'signup.started'");
    assert!(count(&op, &started).await > 0);
    let operator = Context::operator();
    deletion::begin_for(&op.app, &operator, EMAIL).await.unwrap();
    op.advance(14 * DAY);
    carries_out(&op).await;
    assert!(!exists(&op, EMAIL).await);
    let left = format!(
        "SELECT action || ' ' || object || ' ' || actor AS t FROM events WHERE network = '{NETWORK}'"
    );
    let left = query(&op, &left).await;
    let left: Vec<String> = left.iter().map(|it| it.try_get("", "t").unwrap()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn nothing_is_left_but_the_pseudonymous_trail() {
    // ST-4
    let op = TestOp::start().await;
    let known = person_in_every_table(&op, EMAIL).await;
    let (id, identifying) = (known.account.id, known.identifying);
    // The walk is worth something only if there was something to find in every table.
    let mut before = traces(&op, &identifying).await;
    let operator = Context::operator();
    deletion::begin_for(&op.app, &operator, EMAIL).await.unwrap();
    before.extend(traces(&op, &identifying).await);
    let found: BTreeSet<&str> = before.keys().map(|(table, _)| table.as_str()).collect();
    let staying = STAYING.iter().map(|(table, ..)| table);
    for table in DELETED.iter().chain(staying) {
        assert!(found.contains(table), "{table} has nothing of the person");
    }
    let late = format!(
        "INSERT INTO login_throttles (\"key\", failures, updated_at, subject) \
         VALUES ('f:browser:{id}', 100, '2026-01-01 00:00:00+00:00', '{id}')"
    );
    execute(&op, &late).await;
    let entries = count(&op, "SELECT COUNT(*) AS n FROM events").await;
    op.advance(14 * DAY);
    carries_out(&op).await;

    let mut left = traces(&op, &identifying).await;
    // What others got in the mail is deleted a week after it was sent.
    let sent = itu_account::storage::outbox::delete_done(&op.app.db, op.now()).await;
    sent.unwrap();
    left.retain(|(table, column), _| {
        let is_id = PSEUDONYMS.contains(&(table.as_str(), column.as_str()));
        !is_id
    });
    assert!(left.is_empty(), "{left:?}");
    // What stays is the identifier alone, in the trail and with decisions about others.
    let others: Vec<_> = identifying
        .iter()
        .filter(|it| it.as_str() != id.as_str())
        .cloned()
        .collect();
    let left = traces(&op, &others).await;
    assert!(left.is_empty(), "{left:?}");
    assert!(count(&op, "SELECT COUNT(*) AS n FROM events").await > entries);
    let decided = format!("SELECT COUNT(*) AS n FROM affiliations WHERE decided_by = '{id}'");
    assert_eq!(count(&op, &decided).await, 1);
    let own = format!(
        "SELECT COUNT(*) AS n FROM events WHERE actor = 'account:{id}' AND (network <> '' OR browser <> '' OR request_id <> '')"
    );
    assert_eq!(count(&op, &own).await, 0);
    // Bob's network in his own act stays, his words about the person do not.
    let of_bob = "SELECT COUNT(*) AS n FROM events WHERE network = '203.0.113.9' AND reason IS NULL";
    assert_eq!(count(&op, of_bob).await, 1);
    for action in [
        "account.deleted",
        "affiliation.withdrawn",
        "focal_point.removed",
        "deputy.ended",
        "ties.refused",
    ] {
        let sql =
            format!("SELECT COUNT(*) AS n FROM events WHERE action = '{action}' AND account_id = '{id}'");
        assert_eq!(count(&op, &sql).await, 1, "{action}");
    }
    assert_eq!(count(&op, "SELECT COUNT(*) AS n FROM session_clients").await, 0);
}

#[tokio::test]
async fn the_address_is_free_for_another_account() {
    let op = TestOp::start().await;
    let before = person_in_every_table(&op, EMAIL).await.account;
    deletion::begin_for(&op.app, &Context::operator(), EMAIL)
        .await
        .unwrap();
    op.advance(14 * DAY);
    carries_out(&op).await;
    let mut alice = alice(&op).await;
    let new = op.find_account(EMAIL).await;
    assert!(new.id != before.id && new.sub != before.sub);
    let form = alice.browser.get("/account/data").await.form(&["action=request"]);
    alice.browser.send(form.press("action", "request")).await;
    jobs::build_data_downloads(&op.app).await.unwrap();
    let file = alice.browser.get("/account/data/itu-account-data.json").await;
    assert!(file.body.contains(new.id.as_str()));
    assert!(!file.body.contains(before.id.as_str()) && !file.body.contains("session.sign_in_failed"));
    // The new person deletes their account, too.
    deletes(&mut alice).await;
    op.advance(14 * DAY);
    carries_out(&op).await;
    assert!(!exists(&op, EMAIL).await);
}
