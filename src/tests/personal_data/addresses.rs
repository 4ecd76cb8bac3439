//! Tests whose the rows are that name an address: a mail, a code, a counter, a record about it.

use serde_json::Value;

use super::{EMAIL, FILE, alice, builds, in_words, requests};
use crate::support::traces::{count, execute};
use crate::support::{Person, TestOp};
use itu_account::accounts::deletion;
use itu_account::domain::actor::Context;
use itu_account::jobs;

const NEW: &str = "alice@new.example";

/// Changes the address by the code that is mailed to the new one.
async fn changes_address(op: &TestOp, person: &mut Person, email: &str) {
    const PAGE: &str = "/account/email";
    let form = person.browser.get(PAGE).await.form(&["email"]);
    let form = form.press("action", "request");
    let page = person.browser.submit(form, &[("email", email)]).await;
    let code = op.outbox().code(email).await;
    let form = page.form(&["code"]).press("action", "confirm");
    let page = person.browser.submit(form, &[("code", &code)]).await;
    assert!(page.says("flash.email_changed"), "{}", page.text());
    email.clone_into(&mut person.email);
}

#[tokio::test]
async fn a_mail_is_of_the_account_that_it_was_for() {
    // AF-6, ST-4: Bob gets the address that Alice gave up; neither has anything of the other.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    changes_address(&op, &mut alice, NEW).await;
    op.advance(73 * 3600);
    jobs::sweep(&op.app).await.unwrap();
    op.advance(25 * 3600);
    let mut bob = op.person(EMAIL).await;
    bob.logs_in().await;
    let mut files = Vec::new();
    for person in [&mut alice, &mut bob] {
        person.browser.forget_cookies();
        op.advance(61);
        person.logs_in().await;
        requests(person).await;
        builds(&op).await;
        let file: Value = serde_json::from_str(&person.browser.get(FILE).await.body).unwrap();
        files.push(file);
    }
    let kinds = |file: &Value, to: &str| {
        let mails = file["tables"]["outbox_mails"].as_array().unwrap().iter();
        let to_it = mails.filter(|it| it["recipient"] == to);
        to_it.map(|it| in_words(&it["kind"])).collect::<Vec<_>>()
    };
    let of_alice = kinds(&files[0], EMAIL);
    assert!(of_alice.contains(&"email_changed".to_owned()), "{of_alice:?}");
    let codes = kinds(&files[0], NEW);
    assert!(codes.contains(&"email_change_code".to_owned()), "{codes:?}");
    let of_bob = kinds(&files[1], EMAIL);
    assert!(!of_bob.contains(&"email_changed".to_owned()), "{of_bob:?}");

    // Alice leaves: what was mailed to Bob stays.
    let of_bob = format!(
        "SELECT COUNT(*) AS n FROM outbox_mails WHERE recipient = '{EMAIL}' AND account_id = '{}'",
        op.find_account(EMAIL).await.id
    );
    let before = count(&op, &of_bob).await;
    deletion::begin_for(&op.app, &Context::operator(), NEW)
        .await
        .unwrap();
    op.advance(14 * 24 * 3600);
    jobs::delete_accounts(&op.app).await.unwrap();
    assert!(before > 0 && count(&op, &of_bob).await == before);
    let left = "SELECT COUNT(*) AS n FROM outbox_mails WHERE kind = 'email_changed'";
    assert_eq!(count(&op, left).await, 0);
}

#[tokio::test]
async fn mails_of_the_release_before_are_found_by_the_address() {
    // Their rows have no account, and are there for a week after the upgrade.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    op.advance(60);
    alice.elsewhere(&op).logs_in().await;
    changes_address(&op, &mut alice, NEW).await;
    execute(&op, "UPDATE outbox_mails SET account_id = NULL").await;
    requests(&mut alice).await;
    builds(&op).await;
    let file: Value = serde_json::from_str(&alice.browser.get(FILE).await.body).unwrap();
    let mails = file["tables"]["outbox_mails"].as_array().unwrap();
    let all = count(
        &op,
        "SELECT COUNT(*) AS n FROM outbox_mails WHERE kind <> 'data_ready'",
    )
    .await;
    assert_eq!(mails.len() as i64, all, "{mails:?}");
}

#[tokio::test]
async fn failures_in_a_browser_that_logged_in_before_are_in_it() {
    // PW-4: a known browser has a counter of its own.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    let page = alice.browser.get("/login?account=other").await;
    let form = page.form(&["email", "password"]);
    let fields = [("email", EMAIL), ("password", "Not-the-one-42")];
    alice.browser.submit(form, &fields).await;
    alice.browser.forget_cookies();
    alice.logs_in().await;
    requests(&mut alice).await;
    builds(&op).await;
    let file: Value = serde_json::from_str(&alice.browser.get(FILE).await.body).unwrap();
    let counters = file["tables"]["login_throttles"].as_array().unwrap();
    assert_eq!(counters.len(), 1, "{counters:?}");
    assert!(in_words(&counters[0]["key"]).starts_with("b:"), "{counters:?}");
}
