//! Statements to the database of a test, and a person of whom there is something in every table, with a walk of the schema
//! that finds it: for the download of what is held on a person, and for their deletion.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use super::{Person, TestOp, rows};
use crate::journeys::second_factor::sets_up;
use itu_account::domain::account::Account;
use itu_account::jobs;

pub const FIRST_NAME: &str = "Zaphodine";
pub const NETWORK: &str = "198.51.100.77";
const OUT: &str = "https://shop.example.test/out";

pub async fn query(op: &TestOp, sql: &str) -> Vec<sea_orm::QueryResult> {
    let db = op.app.db.read();
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    db.query_all_raw(statement)
        .await
        .unwrap_or_else(|it| panic!("{it}: {sql}"))
}

pub async fn count(op: &TestOp, sql: &str) -> i64 {
    query(op, sql).await[0].try_get("", "n").unwrap()
}

async fn text(op: &TestOp, sql: &str) -> String {
    query(op, sql).await[0].try_get("", "t").unwrap()
}

pub async fn execute(op: &TestOp, sql: &str) {
    let done = op.app.db.execute_unprepared(sql).await;
    done.unwrap_or_else(|it| panic!("{it}: {sql}"));
}

/// Returns the columns of every table of the database.
pub async fn schema(op: &TestOp) -> BTreeMap<String, BTreeSet<String>> {
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

/// A person of whom there is something in every table.
pub struct Known {
    /// Whose browser is logged in.
    pub person: Person,
    pub account: Account,
    /// What identifies the person, in any column.
    pub identifying: Vec<String>,
}

/// Makes a person of whom there is something in every table that can have it, and who has decided about another.
pub async fn person_in_every_table(op: &TestOp, email: &str) -> Known {
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut shop = op
        .client_with(
            "shop",
            json!({"first_party": false, "frontchannel_logout_uri": OUT}),
        )
        .await;
    let mut alice = op.person(email).await;
    alice.logs_in().await;
    let account = op.find_account(email).await;
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
    wrong.browser.submit(form, &[("email", email)]).await;

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
    let at = format!("'{}'", op.now().to_rfc3339());
    let soon = "'2099-01-01T00:00:00+00:00'";
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
             expires_at) VALUES ('e', '{id}', 'former@example.org', '{email}', false, {at}, {at}, {soon})"
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
        format!("INSERT INTO revocations (id, revoked_at, expires_at) VALUES ('account:{id}', {at}, {soon})"),
        format!(
            "INSERT INTO global_revocations (id, target_kind, target_id, issued_until, ends_sessions, requested_at, people, \
             sessions, grants, reached, version, completed_at) VALUES ('g', 'account', '{id}', {at}, true, {at}, 1, 1, 1, '', \
             1, {at})"
        ),
        format!(
            "INSERT INTO account_views (id, session_id, account_id, language, began_at, expires_at) \
             SELECT 'v', id, '{id}', 'en', {at}, {at} FROM sessions WHERE account_id = '{id}' LIMIT 1"
        ),
        format!("INSERT INTO second_factor_deadlines (account_id, since) VALUES ('{id}', {at})"),
        format!(
            "INSERT INTO assisted_recoveries (id, account_id, reason, asked_by, asked_at) \
             VALUES ('r', '{id}', '{FIRST_NAME} lost everything', '{bob}', {at})"
        ),
        format!(
            "INSERT INTO event_receivers (id, client_id, kind, status, events, description, version, created_at, \
             updated_at, next_at, failures, delivered) VALUES ('w', 'shop', 'webhook', 'paused', '', '', 1, {at}, {at}, \
             {at}, 0, 0)"
        ),
        format!(
            "INSERT INTO event_deliveries (id, receiver_id, account_id, kind, sealed_signal, caused_at, tried_since, \
             due_at, attempts) VALUES ('v', 'w', '{id}', 'account-disabled', 'x', {at}, {at}, {at}, 0)"
        ),
        format!(
            "INSERT INTO scim_resources (receiver_id, account_id, remote_id, digest, updated_at) \
             VALUES ('w', '{id}', '{FIRST_NAME}', 'x', {at})"
        ),
        format!("INSERT INTO former_addresses (account_id, label) VALUES ('{id}', '{label}')"),
        format!(
            "INSERT INTO client_owners (client_id, account_id, named_at, named_by) VALUES ('shop', '{id}', {at}, '{bob}')"
        ),
        format!(
            "INSERT INTO deputies (affiliation_id, account_id, organization_id, starts_at, ends_at, named_at) \
             VALUES ('{}', '{id}', 'telco', {at}, {soon}, {at})",
            own.id
        ),
        format!("INSERT INTO weekly_digests (account_id, sent_until) VALUES ('{id}', {at})"),
        format!("INSERT INTO passkey_offers (account_id, declined_at) VALUES ('{id}', {at})"),
        format!(
            "INSERT INTO document_acceptances (account_id, document, version, language, sha256, accepted_at) \
             VALUES ('{id}', 'terms', '1', 'en', 'x', {at})"
        ),
        format!(
            "INSERT INTO document_versions (id, kind, version, effective_from, published_at, published_by) \
             VALUES ('terms/w', 'terms', 'w', {soon}, {at}, '{id}')"
        ),
        format!("INSERT INTO code_attempts (address, at) VALUES ('{label}', {soon})"),
        format!(
            "INSERT INTO imported_addresses (digest, account_id, imported_at) VALUES ('i', '{id}', {at})"
        ),
        format!(
            "INSERT INTO authentication_requests (id, digest, client_id, account_id, scope, resources, details, \
             acr_values, requested_at, expires_at, state, ping_attempts) VALUES ('a', 'd', 'shop', '{id}', 'openid', '', '[]', '', \
             {at}, {soon}, 'waiting', 0)"
        ),
        format!(
            "INSERT INTO outbox_mails (id, created_at, kind, recipient, subject, text, html, attempts, sent_at) \
             VALUES ('o', {at}, 'email_changed', 'former@example.org', '{FIRST_NAME}', '', '', 1, {at})"
        ),
        // One to an address that the person had longer ago.
        format!(
            "INSERT INTO outbox_mails (id, created_at, kind, recipient, account_id, subject, text, html, attempts, \
             sent_at) VALUES ('q', {at}, 'email_changed', 'earlier@example.org', '{id}', '{FIRST_NAME}', '', '', 1, {at})"
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
        email,
        "former@example.org",
        FIRST_NAME,
        &label,
        &login,
        NETWORK,
    ];
    Known {
        identifying: identifying.map(str::to_owned).to_vec(),
        person: alice,
        account,
    }
}

/// Returns the tables and columns that name the person, and how often.
pub async fn traces(op: &TestOp, identifying: &[String]) -> BTreeMap<(String, String), i64> {
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
