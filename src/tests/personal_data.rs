//! Tests the download of all that is held on a person: the way through the pages, the job that builds it once whatever
//! happens to it, and a walk of the schema, so that no table and no column is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::journeys::second_factor::sets_up;
use crate::support::{Page, Person, TestOp, rows};
use itu_account::domain::data_download::{ATTEMPTS, CLAIM};
use itu_account::domain::role::Role;
use itu_account::jobs;
use itu_account::storage::data_downloads;
use itu_account::storage::personal_data::{WITHHELD, WITHOUT_PEOPLE};

const PAGE: &str = "/account/data";
const READ: &str = "/account/data/read";
const FILE: &str = "/account/data/itu-account-data.json";
const EMAIL: &str = "alice@example.org";
const WEEK: i64 = 7 * 24 * 3600;

async fn alice(op: &TestOp) -> Person {
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    alice
}

async fn requests(person: &mut Person) -> Page {
    let form = person.browser.get(PAGE).await.form(&["action=request"]);
    person.browser.send(form.press("action", "request")).await
}

async fn builds(op: &TestOp) {
    jobs::build_data_downloads(&op.app).await.unwrap();
}

fn stage(page: &Page) -> String {
    page.attribute_of("#download", "data-stage").unwrap_or_default()
}

async fn mails(op: &TestOp) -> usize {
    let mails = op.outbox().to(EMAIL).await;
    mails.iter().filter(|it| it.kind == "data_ready").count()
}

async fn query(op: &TestOp, sql: &str) -> Vec<sea_orm::QueryResult> {
    let db = op.app.db.read();
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    db.query_all_raw(statement).await.unwrap()
}

#[tokio::test]
async fn a_person_takes_their_data_along() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    let page = alice.browser.get(PAGE).await;
    assert_eq!(stage(&page), "none");
    let page = requests(&mut alice).await;
    assert_eq!((page.url.path(), stage(&page).as_str()), (PAGE, "building"));
    assert!(page.find_form(&["action=request"]).is_none());
    // Nothing is there yet, and the page says so.
    assert_eq!(alice.browser.get(FILE).await.url.path(), PAGE);
    builds(&op).await;
    builds(&op).await;
    assert_eq!(mails(&op).await, 1);
    let link = op.outbox().link(EMAIL, PAGE).await;
    let page = alice.browser.get(&link).await;
    assert_eq!(stage(&page), "ready");
    let file = alice.browser.get(&page.link_of("#file")).await;
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert_eq!(file.header("cache-control"), "no-store");
    let data: Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!(data["tables"]["accounts"][0]["email"], EMAIL);
    assert_eq!(data["tables"]["sessions"][0]["network"], "192.0.2.1");
    // ST-1: secrets are named and not given.
    assert!(data["tables"]["accounts"][0].get("password_hash").is_none());
    let named = json!({"table": "accounts", "column": "password_hash", "reason": "secret"});
    assert!(data["withheld"].as_array().unwrap().contains(&named));
    assert!(!file.body.contains("$argon2"));
    let read = alice.browser.get("/account/data/read?ui_locales=fr").await;
    assert_eq!(read.status, StatusCode::OK, "{}", read.text());
    assert!(read.text_of("#section-accounts").contains(EMAIL));
    assert!(read.body.contains("lang=\"fr\"") && read.text().contains("Compte"));
    assert!(read.has("#section-events") && read.has("#section-sessions"));
}

#[tokio::test]
async fn only_the_account_itself_opens_it_after_a_recent_login() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    requests(&mut alice).await;
    builds(&op).await;
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    for path in [READ, FILE] {
        let page = bob.browser.get(path).await;
        assert_eq!((page.url.path(), stage(&page).as_str()), (PAGE, "none"));
        assert_eq!(op.browser().get(path).await.url.path(), "/login");
    }
    // ST-1: a copy of the database has nothing that can be read.
    let row = query(&op, "SELECT content FROM data_downloads").await.remove(0);
    let content: String = row.try_get("", "content").unwrap();
    assert!(content.len() > 500 && !content.contains("alice"));
    op.advance(301);
    for path in [READ, FILE] {
        assert_eq!(alice.browser.get(path).await.url.path(), "/reauthenticate"); // SE-4
    }
    let page = alice.browser.get(PAGE).await;
    assert!(!page.has("#file") && !page.has("#read"));
    let proof = alice.browser.get(&page.link_of("#prove-first")).await;
    let form = proof.form(&["password"]);
    let password = alice.password.clone();
    let page = alice.browser.submit(form, &[("password", &password)]).await;
    assert!(page.url.path() == PAGE && page.has("#file"), "{}", page.text());
    op.advance(301);
    let page = requests(&mut alice).await;
    assert_eq!(page.url.path(), "/reauthenticate", "{}", page.text()); // SE-4
}

#[tokio::test]
async fn the_file_expires_and_can_be_made_again() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    requests(&mut alice).await;
    builds(&op).await;
    op.advance(WEEK - 1);
    jobs::sweep(&op.app).await.unwrap();
    alice.logs_in().await;
    let page = alice.browser.get(PAGE).await;
    assert!(page.has("#file"), "{}", page.text());
    op.advance(1);
    // Before the sweep comes by, it is gone for readers already.
    assert_eq!(stage(&alice.browser.get(PAGE).await), "expired");
    assert_eq!(alice.browser.get(FILE).await.url.path(), PAGE);
    jobs::sweep(&op.app).await.unwrap();
    let kept = query(&op, "SELECT 1 FROM data_downloads WHERE content IS NOT NULL").await;
    assert!(kept.is_empty());
    assert_eq!(stage(&alice.browser.get(PAGE).await), "expired");
    assert_eq!(stage(&requests(&mut alice).await), "building");
    builds(&op).await;
    assert_eq!(stage(&alice.browser.get(PAGE).await), "ready");
    assert_eq!(mails(&op).await, 2);
}

#[tokio::test]
async fn it_is_built_once_whoever_is_killed_meanwhile() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    requests(&mut alice).await;
    let account = op.find_account(EMAIL).await.id;
    let db = &op.app.db;
    let due = data_downloads::find(db.read(), &account).await.unwrap().unwrap();
    // A process took it and was killed before it wrote anything more.
    assert!(data_downloads::claim(db, &due, op.now() + CLAIM).await.unwrap());
    assert!(!data_downloads::claim(db, &due, op.now() + CLAIM).await.unwrap()); // G-8
    builds(&op).await;
    assert_eq!(stage(&alice.browser.get(PAGE).await), "building");
    op.advance(CLAIM.num_seconds());
    // Several nodes meet.
    let (one, two, three) = tokio::join!(
        jobs::build_data_downloads(&op.app),
        jobs::build_data_downloads(&op.app),
        jobs::build_data_downloads(&op.app)
    );
    one.and(two).and(three).unwrap();
    assert_eq!(mails(&op).await, 1);
    // The one that was thought dead comes back late: its file is no longer wanted.
    let late = data_downloads::finish(db, &due, "late", op.now(), op.now()).await;
    assert!(!late.unwrap());
    assert_eq!(stage(&alice.browser.get(PAGE).await), "ready");
}

#[tokio::test]
async fn what_ends_the_process_again_and_again_is_given_up() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    requests(&mut alice).await;
    let account = op.find_account(EMAIL).await.id;
    for _ in 0..ATTEMPTS {
        let due = data_downloads::find(op.app.db.read(), &account).await;
        let until = op.now() + CLAIM;
        assert!(
            data_downloads::claim(&op.app.db, &due.unwrap().unwrap(), until)
                .await
                .unwrap()
        );
        op.advance(CLAIM.num_seconds());
    }
    builds(&op).await;
    alice.browser.forget_cookies();
    alice.logs_in().await;
    assert_eq!(stage(&alice.browser.get(PAGE).await), "failed");
    assert_eq!(mails(&op).await, 0);
    assert_eq!(stage(&requests(&mut alice).await), "building");
    builds(&op).await;
    assert_eq!(stage(&alice.browser.get(PAGE).await), "ready");
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

/// Returns a person of whom there is something in nearly every table.
async fn known(op: &TestOp) -> Person {
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut alice = op.person_with(EMAIL, Role::User).await;
    sets_up(op, &mut alice).await;
    alice.browser.forget_cookies();
    op.app
        .db
        .execute_unprepared("DELETE FROM totp_factors")
        .await
        .unwrap();
    let out = "https://shop.example.test/out";
    let shop = json!({"first_party": false, "frontchannel_logout_uri": out});
    let mut shop = op.client_with("shop", shop).await;
    alice.logs_in().await;
    let code = alice.logs_in_at(&mut shop, "openid email offline_access").await;
    shop.redeems(&code).await.unwrap();
    let account = op.find_account(EMAIL).await.id;
    let stage = rows::approved(op.now());
    let affiliation = op.insert_affiliation(&account, "telco", stage).await;
    op.insert_focal_point(&affiliation).await;
    let mut wrong = alice.elsewhere(op);
    wrong.password = "Not-the-one-42".to_owned();
    wrong.logs_in().await;
    let form = wrong.browser.get("/forgot-password").await.form(&["email"]);
    wrong.browser.submit(form, &[("email", EMAIL)]).await;
    alice
}

#[tokio::test]
async fn no_table_and_no_column_is_forgotten() {
    let op = TestOp::start().await;
    let mut alice = known(&op).await;
    requests(&mut alice).await;
    builds(&op).await;
    let file = alice.browser.get(FILE).await;
    let data: Value = serde_json::from_str(&file.body).unwrap();
    let account = op.find_account(EMAIL).await;
    let tables = itu_account::storage::personal_data::read(
        op.app.db.read(),
        &itu_account::storage::personal_data::Person {
            account: &account.id,
            email: EMAIL,
            addresses: &["none".to_owned()],
            throttles: &["none".to_owned()],
        },
    )
    .await
    .unwrap();
    let schema = schema(&op).await;
    assert!(schema.len() > 30, "{schema:?}");

    // Each table is read, or is said to have nothing of people.
    let mut walked: BTreeSet<&str> = tables.iter().map(|it| it.name).collect();
    for (table, reason) in WITHOUT_PEOPLE {
        assert!(walked.insert(table) && !reason.is_empty(), "{table} is read, too");
    }
    let all: BTreeSet<&str> = schema.keys().map(String::as_str).collect();
    assert_eq!(walked, all);
    // Each column of those that are read is given, or named.
    for table in &tables {
        let mut columns: BTreeSet<String> = table.columns.iter().map(|it| (*it).to_owned()).collect();
        let withheld = WITHHELD.iter().filter(|(of, ..)| *of == table.name);
        columns.extend(withheld.map(|(_, column, _)| (*column).to_owned()));
        assert_eq!(columns, schema[table.name], "{}", table.name);
    }
    let withheld = data["withheld"].as_array().unwrap().len();
    assert_eq!(withheld, WITHHELD.len());

    // Each row that names the person is in the file.
    let rows = |table: &str| data["tables"][table].as_array().map_or(0, Vec::len);
    let mut found = BTreeSet::new();
    for (table, columns) in &schema {
        let names = |column: &String| {
            let about = [account.id.as_str(), account.sub.as_str(), EMAIL];
            about
                .map(|it| format!("CAST(\"{column}\" AS TEXT) LIKE '%{it}%'"))
                .join(" OR ")
        };
        let about = columns.iter().map(names).collect::<Vec<_>>().join(" OR ");
        let sql = format!("SELECT COUNT(*) AS n FROM \"{table}\" WHERE {about}");
        let count: i64 = query(&op, &sql).await[0].try_get("", "n").unwrap();
        // The mail and the entry that say that the file is ready come after it, and the mail's link.
        let after = ["events", "not_me_links", "outbox_mails"];
        let later = usize::from(after.contains(&table.as_str()));
        assert!(
            rows(table) + later >= count as usize,
            "{table}: {count} rows name the person, {} are given",
            rows(table)
        );
        if count > 0 {
            found.insert(table.as_str());
        }
    }
    // The walk is worth something only if there was something to find.
    for table in [
        "accounts",
        "affiliations",
        "consents",
        "data_downloads",
        "events",
        "focal_points",
    ] {
        assert!(found.contains(table), "{table} has no row of the person");
    }
    for table in [
        "password_resets",
        "recovery_codes",
        "refresh_tokens",
        "service_uses",
        "session_clients",
        "sessions",
        "login_throttles",
        "outbox_mails",
    ] {
        assert!(rows(table) > 0, "{table} has no row in the file");
    }
    let names = &data["names"];
    assert_eq!(names["organizations"]["telco"], "Telco");
    assert_eq!(names["services"].as_object().map(|it| it.len()), Some(1));
}

#[tokio::test]
async fn other_peoples_acts_are_shown_without_them() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    let account = op.find_account(EMAIL).await.id;
    op.app
        .db
        .execute_unprepared(&format!(
            "INSERT INTO events (at, actor, action, object, success, network, request_id) VALUES \
             ('2026-01-01 00:00:00+00:00', 'account:somebody', 'focal_point.designated', 'account:{account}', true, \
             '198.51.100.7', 'r7')"
        ))
        .await
        .unwrap();
    requests(&mut alice).await;
    builds(&op).await;
    let file = alice.browser.get(FILE).await;
    assert!(file.body.contains("focal_point.designated") && file.body.contains("another_person"));
    assert!(!file.body.contains("somebody") && !file.body.contains("198.51.100.7"));
}

#[tokio::test]
async fn what_a_focal_point_decided_is_shown_without_the_others() {
    // AF-6: nothing of other people leaves with a person, their office or its end.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    let account = op.find_account(EMAIL).await.id;
    let bob = op.person("bob@example.org").await;
    let bob = op.find_account(&bob.email).await.id;
    for about in [format!("'{bob}'"), "NULL".to_owned()] {
        let object = if about == "NULL" {
            format!("account:{bob}")
        } else {
            "affiliation:of-bob".to_owned()
        };
        let sql = format!(
            "INSERT INTO events (at, actor, action, object, success, reason, before, after, network, request_id, \
             account_id) VALUES ('2026-01-01 00:00:00+00:00', 'account:{account}', 'affiliation.rejected', \
             '{object}', true, 'dismissed in May', '{{\"account\":\"{bob}\"}}', '{{\"account\":\"{bob}\"}}', \
             '192.0.2.1', 'r8', {about})"
        );
        op.app.db.execute_unprepared(&sql).await.unwrap();
    }
    requests(&mut alice).await;
    builds(&op).await;
    let file = alice.browser.get(FILE).await;
    assert_eq!(file.body.matches("affiliation.rejected").count(), 2);
    for hidden in ["dismissed in May", bob.as_str(), "of-bob"] {
        assert!(!file.body.contains(hidden), "{hidden}");
    }
}
