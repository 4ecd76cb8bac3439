//! Tests the download of all that is held on a person: the way through the pages, and the job that builds it once whatever
//! happens to it. `walk` walks the schema, `addresses` has the rows that name an address alone.

mod addresses;
mod walk;

use axum::http::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::journeys::second_factor::sets_up;
use crate::support::traces::{count, execute, query};
use crate::support::{Page, Person, TestOp};
use itu_account::domain::data_download::{ATTEMPTS, CLAIM};
use itu_account::jobs;
use itu_account::storage::data_downloads;

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

fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
    // LG-1: each opening is in the trail, and the person sees it.
    let opened = "SELECT COUNT(*) AS n FROM events WHERE action = 'account.data_opened'";
    assert_eq!(count(&op, opened).await, 2);
    let history = alice
        .browser
        .get("/account/history?topic=security&ui_locales=en")
        .await;
    assert!(
        history.text().contains("File with all data opened"),
        "{}",
        history.text()
    );
}

#[tokio::test]
async fn a_session_without_the_second_factor_of_the_account_opens_nothing() {
    // SE-4
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    requests(&mut alice).await;
    builds(&op).await;
    let mut before = alice.elsewhere(&op);
    before.logs_in().await;
    alice.browser.forget_cookies();
    sets_up(&op, &mut alice).await;
    for path in [READ, FILE] {
        assert_eq!(before.browser.get(path).await.url.path(), "/reauthenticate");
    }
    let page = before.browser.get(PAGE).await;
    assert!(!page.has("#file") && page.has("#prove-first"), "{}", page.text());
    let opened = "SELECT COUNT(*) AS n FROM events WHERE action = 'account.data_opened'";
    assert_eq!(count(&op, opened).await, 0);
}

/// Returns the time at which the file was made that the person gets.
async fn made_at(person: &mut Person) -> String {
    let file: Value = serde_json::from_str(&person.browser.get(FILE).await.body).unwrap();
    in_words(&file["made_at"])
}

#[tokio::test]
async fn the_file_stays_until_the_new_one_is_there() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    requests(&mut alice).await;
    builds(&op).await;
    let first = made_at(&mut alice).await;
    op.advance(601);
    alice.browser.forget_cookies();
    alice.logs_in().await;
    let page = requests(&mut alice).await;
    assert_eq!(stage(&page), "building");
    assert!(page.has("#file") && page.has("#kept"), "{}", page.text());
    assert_eq!(made_at(&mut alice).await, first);
    // Whatever ends the process again and again takes nothing away.
    let account = op.find_account(EMAIL).await.id;
    for _ in 0..ATTEMPTS {
        let due = data_downloads::find(op.app.db.read(), &account)
            .await
            .unwrap()
            .unwrap();
        let claimed = data_downloads::claim(&op.app.db, &due, op.now() + CLAIM).await;
        assert!(claimed.unwrap());
        op.advance(CLAIM.num_seconds());
    }
    builds(&op).await;
    alice.browser.forget_cookies();
    alice.logs_in().await;
    let page = alice.browser.get(PAGE).await;
    assert!(stage(&page) == "failed" && page.has("#file"), "{}", page.text());
    assert_eq!(made_at(&mut alice).await, first);
    requests(&mut alice).await;
    builds(&op).await;
    assert_eq!(stage(&alice.browser.get(PAGE).await), "ready");
    assert_ne!(made_at(&mut alice).await, first);
}

#[tokio::test]
async fn a_long_trail_is_in_the_file_to_the_last_record() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    let account = op.find_account(EMAIL).await.id;
    let record = format!(
        "('{}', 'visitor', 'session.sign_in_failed', 'account:{account}', false, '192.0.2.9', 'r', '{account}')",
        op.now().to_rfc3339()
    );
    let records = format!(
        "INSERT INTO events (at, actor, action, object, success, network, request_id, account_id) VALUES {}",
        vec![record; 900].join(", ")
    );
    execute(&op, &records).await;
    requests(&mut alice).await;
    let held = count(
        &op,
        &format!("SELECT COUNT(*) AS n FROM events WHERE account_id = '{account}'"),
    )
    .await;
    builds(&op).await;
    let file: Value = serde_json::from_str(&alice.browser.get(FILE).await.body).unwrap();
    let events = file["tables"]["events"].as_array().unwrap();
    assert_eq!(events.len() as i64, held);
    let ids: Vec<i64> = events.iter().map(|it| it["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted());
    let page = alice.browser.get(READ).await;
    assert!(
        page.text_of("#section-events")
            .contains(&format!("newest of {held}")),
        "{}",
        page.text_of("#section-events")
    );
    assert_eq!(page.count_of("#section-events dl"), 50);
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
