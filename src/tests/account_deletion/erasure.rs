//! Tests what is left of a person after the deletion: a walk of the schema, so that no table and no column is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use super::{DAY, EMAIL, alice, carries_out, deletes, exists};
use crate::journeys::second_factor::sets_up;
use crate::support::{TestOp, rows};
use itu_account::accounts::deletion;
use itu_account::domain::AccountId;
use itu_account::domain::actor::Context;
use itu_account::jobs;
use itu_account::storage::erasure::{DELETED, STAYING};
use itu_account::storage::personal_data::WITHOUT_PEOPLE;

/// Where the identifier of the account stays, as a pseudonym: the trail, and who decided about others.
const PSEUDONYMS: [(&str, &str); 12] = [
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
    ("assisted_recoveries", "asked_by"),
    ("assisted_recoveries", "confirmed_by"),
];

const FIRST_NAME: &str = "Zaphodine";
const NETWORK: &str = "198.51.100.77";
const OUT: &str = "https://shop.example.test/out";

async fn query(op: &TestOp, sql: &str) -> Vec<sea_orm::QueryResult> {
    let db = op.app.db.read();
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    db.query_all_raw(statement)
        .await
        .unwrap_or_else(|it| panic!("{it}: {sql}"))
}

pub(super) async fn count(op: &TestOp, sql: &str) -> i64 {
    query(op, sql).await[0].try_get("", "n").unwrap()
}

async fn text(op: &TestOp, sql: &str) -> String {
    query(op, sql).await[0].try_get("", "t").unwrap()
}

pub(super) async fn execute(op: &TestOp, sql: &str) {
    let done = op.app.db.execute_unprepared(sql).await;
    done.unwrap_or_else(|it| panic!("{it}: {sql}"));
}

/// Returns the columns of every table of the database.
async fn schema(op: &TestOp) -> BTreeMap<String, BTreeSet<String>> {
    let sql = match op.app.db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name AS t, column_name AS c FROM information_schema.columns \
             WHERE table_schema = current_schema()"
        }
        _ => {
            "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        }
    };
    let mut tables = BTreeMap::<String, BTreeSet<String>>::new();
    for row in query(op, sql).await {
        let (table, column): (String, String) =
            (row.try_get("", "t").unwrap(), row.try_get("", "c").unwrap());
        tables.entry(table).or_default().insert(column);
    }
    tables
}

/// Makes a person of whom there is something in every table that can have it, and who has decided about another. Returns
/// what identifies them.
async fn known(op: &TestOp) -> (AccountId, Vec<String>) {
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut shop = op
        .client_with(
            "shop",
            json!({"first_party": false, "frontchannel_logout_uri": OUT}),
        )
        .await;
    let mut alice = alice(op).await;
    let account = op.find_account(EMAIL).await;
    let id = account.id.clone();
    execute(
        op,
        &format!("UPDATE accounts SET first_name = '{FIRST_NAME}' WHERE id = '{id}'"),
    )
    .await;
    let code = alice.logs_in_at(&mut shop, "openid email offline_access").await;
    shop.redeems(&code).await.unwrap();
    alice.browser.forget_cookies();
    sets_up(op, &mut alice).await;
    let form = alice.browser.get("/account/data").await.form(&["action=request"]);
    alice.browser.send(form.press("action", "request")).await;
    jobs::build_data_downloads(&op.app).await.unwrap();
    let mut wrong = alice.elsewhere(op);
    wrong.password = "Not-the-one-42".to_owned();
    wrong.logs_in().await;
    let form = wrong.browser.get("/forgot-password").await.form(&["email"]);
    wrong.browser.submit(form, &[("email", EMAIL)]).await;

    let own = op
        .insert_affiliation(&id, "telco", rows::approved(op.now()))
        .await;
    op.insert_focal_point(&own).await;
    let bob = op.person("bob@example.org").await;
    let bob = op.find_account(&bob.email).await.id;
    let of_bob = op
        .insert_affiliation(&bob, "telco", rows::approved(op.now()))
        .await;
    let label = text(op, "SELECT address AS t FROM password_resets").await;
    let login = text(op, "SELECT subject AS t FROM login_throttles").await;
    let (at, soon) = ("'2026-01-01 00:00:00+00:00'", "'2099-01-01 00:00:00+00:00'");
    for sql in [
        format!("UPDATE events SET network = '{NETWORK}' WHERE account_id = '{id}'"),
        format!(
            "UPDATE affiliations SET decided_by = '{id}' WHERE id = '{}'",
            of_bob.id
        ),
        format!("UPDATE organizations SET proposed_by = '{id}'"),
        format!(
            "INSERT INTO ties_rights (id, affiliation_id, account_id, right_type, status, requested_at) \
             VALUES ('t', '{}', '{id}', 'documents', 'requested', {at})",
            own.id
        ),
        format!(
            "INSERT INTO email_changes (id, account_id, old_email, new_email, taken, requested_at, changed_at, \
             expires_at) VALUES ('e', '{id}', 'former@example.org', '{EMAIL}', false, {at}, {at}, {soon})"
        ),
        format!(
            "INSERT INTO passkeys (id, account_id, credential_id, credential, name, counts_alone, created_at) \
             VALUES ('p', '{id}', 'c', '{{}}', '{FIRST_NAME}', true, {at})"
        ),
        format!(
            "INSERT INTO email_codes (id, purpose, \"transaction\", address, hmac, attempts, spent, created_at) \
             VALUES ('m', 'first_login', '{id}', '{label}', 'h', 0, true, {soon})"
        ),
        format!(
            "INSERT INTO newsletter_subscriptions (id, account_id, given_at, page, language, words, words_digest, \
             network) VALUES ('n', '{id}', {at}, 'signup', 'en', 'x', 'x', '{NETWORK}')"
        ),
        format!("INSERT INTO second_factor_deadlines (account_id, since) VALUES ('{id}', {at})"),
        format!(
            "INSERT INTO assisted_recoveries (id, account_id, reason, asked_by, asked_at) \
             VALUES ('r', '{id}', '{FIRST_NAME} lost everything', '{bob}', {at})"
        ),
        format!("INSERT INTO former_addresses (account_id, label) VALUES ('{id}', '{label}')"),
        format!("INSERT INTO passkey_offers (account_id, declined_at) VALUES ('{id}', {at})"),
        format!(
            "INSERT INTO document_acceptances (account_id, document, version, language, sha256, accepted_at) \
             VALUES ('{id}', 'terms', '1', 'en', 'x', {at})"
        ),
        format!("INSERT INTO code_attempts (address, at) VALUES ('{label}', {soon})"),
        format!(
            "INSERT INTO authentication_requests (id, digest, client_id, account_id, scope, resources, details, \
             acr_values, requested_at, expires_at, state, ping_attempts) VALUES ('a', 'd', 'shop', '{id}', 'openid', '', '[]', '', \
             {at}, {soon}, 'waiting', 0)"
        ),
        format!(
            "INSERT INTO outbox_mails (id, created_at, kind, recipient, subject, text, html, attempts, sent_at) \
             VALUES ('o', {at}, 'email_changed', 'former@example.org', '{FIRST_NAME}', '', '', 1, {at})"
        ),
        // Another decided about the person and wrote why; somebody tried the address.
        format!(
            "INSERT INTO events (at, actor, action, object, success, reason, network, request_id, account_id, \
             acted_as, browser) VALUES ({at}, 'account:{bob}', 'affiliation.approved', 'affiliation:{}', true, \
             '{FIRST_NAME} is one of ours', '203.0.113.9', 'r1', '{id}', 'focal_point', 'Firefox')",
            own.id
        ),
        format!(
            "INSERT INTO events (at, actor, action, object, success, network, request_id, acted_as, browser) \
             VALUES ({at}, 'visitor', 'session.sign_in_failed', 'address:{label}', false, '{NETWORK}', 'r2', \
             'visitor', 'Firefox')"
        ),
        "UPDATE login_throttles SET \"key\" = 'b:browser:' || subject WHERE \"key\" LIKE 'a:%'".to_owned(),
    ] {
        execute(op, &sql).await;
    }
    let identifying = [
        id.as_str(),
        account.sub.as_str(),
        EMAIL,
        "former@example.org",
        FIRST_NAME,
        &label,
        &login,
        NETWORK,
    ];
    let identifying = identifying.map(str::to_owned).to_vec();
    (id, identifying)
}

/// Returns the tables and columns that name the person, and how often.
async fn traces(op: &TestOp, identifying: &[String]) -> BTreeMap<(String, String), i64> {
    let mut found = BTreeMap::new();
    for (table, columns) in schema(op).await {
        for column in columns {
            let about: Vec<_> = identifying
                .iter()
                .map(|it| format!("CAST(\"{column}\" AS TEXT) LIKE '%{it}%'"))
                .collect();
            let sql = format!(
                "SELECT COUNT(*) AS n FROM \"{table}\" WHERE {}",
                about.join(" OR ")
            );
            let number = count(op, &sql).await;
            if number > 0 {
                found.insert((table.clone(), column), number);
            }
        }
    }
    found
}

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
    let (id, identifying) = known(&op).await;
    // The walk is worth something only if there was something to find in every table.
    let before = traces(&op, &identifying).await;
    let found: BTreeSet<&str> = before.keys().map(|(table, _)| table.as_str()).collect();
    let begun = ["account_deletions", "deletion_links"];
    for table in DELETED.iter().filter(|it| !begun.contains(it)) {
        assert!(found.contains(table), "{table} has nothing of the person");
    }
    let operator = Context::operator();
    deletion::begin_for(&op.app, &operator, EMAIL).await.unwrap();
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
    let (id, _) = known(&op).await;
    let sub = op.find_account(EMAIL).await.sub;
    deletion::begin_for(&op.app, &Context::operator(), EMAIL)
        .await
        .unwrap();
    op.advance(14 * DAY);
    carries_out(&op).await;
    let mut alice = alice(&op).await;
    let new = op.find_account(EMAIL).await;
    assert!(new.id != id && new.sub != sub);
    let form = alice.browser.get("/account/data").await.form(&["action=request"]);
    alice.browser.send(form.press("action", "request")).await;
    jobs::build_data_downloads(&op.app).await.unwrap();
    let file = alice.browser.get("/account/data/itu-account-data.json").await;
    assert!(file.body.contains(new.id.as_str()));
    assert!(!file.body.contains(id.as_str()) && !file.body.contains("session.sign_in_failed"));
    // The new person deletes their account, too.
    deletes(&mut alice).await;
    op.advance(14 * DAY);
    carries_out(&op).await;
    assert!(!exists(&op, EMAIL).await);
}
