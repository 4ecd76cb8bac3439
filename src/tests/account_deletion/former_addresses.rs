//! Tests what is held about an address that an account had before: it is the person's, in the download and the deletion,
//! until the address is another account's. And what such an address learns of a deletion.

use super::{DAY, EMAIL, STOP, alice, carries_out, changes_address, deletes, exists, mails};
use crate::support::traces::{count, execute};
use crate::support::{Person, TestOp};
use itu_account::jobs;

const NEW: &str = "alice@home.example";
const NETWORK: &str = "198.51.100.77";

/// Fails to log in with the former address, and asks for a link there; returns how many records say so.
async fn tries_former(op: &TestOp, person: &Person) -> i64 {
    let mut wrong = person.elsewhere(op);
    EMAIL.clone_into(&mut wrong.email);
    wrong.password = "Not-the-one-42".to_owned();
    wrong.logs_in().await;
    let form = wrong.browser.get("/forgot-password").await.form(&["email"]);
    wrong.browser.submit(form, &[("email", EMAIL)]).await;
    let about = "object LIKE 'address:%' AND object <> 'address:deleted'";
    execute(
        op,
        &format!("UPDATE events SET network = '{NETWORK}' WHERE {about} AND network <> ''"),
    )
    .await;
    count(op, &format!("SELECT COUNT(*) AS n FROM events WHERE {about}")).await
}

async fn downloads(op: &TestOp, person: &mut Person) -> serde_json::Value {
    let form = person
        .browser
        .get("/account/data")
        .await
        .form(&["action=request"]);
    person.browser.send(form.press("action", "request")).await;
    jobs::build_data_downloads(&op.app).await.unwrap();
    let file = person.browser.get("/account/data/itu-account-data.json").await;
    serde_json::from_str(&file.body).unwrap()
}

async fn traces(op: &TestOp) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM events WHERE network = '{NETWORK}'");
    count(op, &sql).await
}

/// Moves the account to a new address; three days later nothing but the digests leads to the old one.
async fn moved(op: &TestOp) -> Person {
    let mut alice = alice(op).await;
    changes_address(op, &mut alice, NEW).await;
    op.advance(4 * DAY);
    jobs::sweep(&op.app).await.unwrap();
    assert_eq!(count(op, "SELECT COUNT(*) AS n FROM email_changes").await, 0);
    NEW.clone_into(&mut alice.email);
    alice
}

#[tokio::test]
async fn what_is_recorded_about_a_former_address_is_taken_along_and_deleted() {
    // ST-4
    let op = TestOp::start().await;
    let mut alice = moved(&op).await;
    assert_eq!(tries_former(&op, &alice).await, 2);
    alice.logs_in().await;
    let data = downloads(&op, &mut alice).await;
    let tables = &data["tables"];
    let events = tables["events"].as_array().unwrap();
    let given = events.iter().filter(|it| it["network"] == NETWORK).count();
    assert_eq!(given, 2);
    assert_eq!(tables["login_throttles"].as_array().map(Vec::len), Some(1));
    assert!(!tables["former_addresses"].to_string().contains(EMAIL));

    deletes(&mut alice).await;
    op.advance(14 * DAY);
    carries_out(&op).await;
    assert!(!exists(&op, NEW).await);
    assert_eq!(traces(&op).await, 0);
    let named =
        "SELECT COUNT(*) AS n FROM events WHERE object LIKE 'address:%' AND object <> 'address:deleted'";
    assert_eq!(count(&op, named).await, 0);
    for table in ["former_addresses", "login_throttles", "password_resets"] {
        let left = count(&op, &format!("SELECT COUNT(*) AS n FROM {table}")).await;
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn an_address_that_has_become_another_accounts_is_theirs() {
    // ST-1, ST-4: neither the download nor the deletion of one person reaches another.
    let op = TestOp::start().await;
    let mut alice = moved(&op).await;
    assert_eq!(tries_former(&op, &alice).await, 2);
    op.sign_up_and_verify(EMAIL).await;
    alice.logs_in().await;
    let data = downloads(&op, &mut alice).await;
    assert!(!data.to_string().contains(NETWORK));
    assert_eq!(data["tables"]["former_addresses"], serde_json::json!([]));
    deletes(&mut alice).await;
    op.advance(14 * DAY);
    let throttles = "SELECT COUNT(*) AS n FROM login_throttles";
    let before = (traces(&op).await, count(&op, throttles).await);
    carries_out(&op).await;
    assert!(!exists(&op, NEW).await && exists(&op, EMAIL).await);
    assert!(before.0 > 0 && before.1 > 0);
    assert_eq!((traces(&op).await, count(&op, throttles).await), before);
}

#[tokio::test]
async fn who_changes_back_has_the_address_again() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    changes_address(&op, &mut alice, NEW).await;
    let labels = "SELECT COUNT(*) AS n FROM former_addresses";
    assert_eq!(count(&op, labels).await, 3);
    op.advance(61);
    changes_address(&op, &mut alice, EMAIL).await;
    // Now the other one is the former.
    assert_eq!(count(&op, labels).await, 3);
    op.advance(61);
    changes_address(&op, &mut alice, "alice+events@example.org").await;
    // The same address with a tag: only the login tells them apart.
    assert_eq!(count(&op, labels).await, 4);
}

#[tokio::test]
async fn the_link_at_a_former_address_shows_that_one_and_ends_with_its_right_to_undo() {
    // SU-7
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    changes_address(&op, &mut alice, NEW).await;
    op.advance(60);
    deletes(&mut alice).await;
    let former = op.outbox().to(EMAIL).await;
    let former = former.iter().find(|it| it.kind == "account_deletion").unwrap();
    assert!(!former.text.contains(NEW) && !former.html.contains(NEW));
    let links = [
        op.outbox().link(EMAIL, STOP).await,
        op.outbox().link(NEW, STOP).await,
    ];
    assert_ne!(links[0], links[1]);
    op.advance(72 * 3600 - 61);
    let mut mailbox = op.browser();
    let open = mailbox.get(&links[0]).await;
    let text = open.text();
    assert!(
        text.contains(EMAIL) && !text.contains(NEW) && open.has("#deletion-open"),
        "{text}"
    );
    op.advance(1);
    // Both the page and the button that was on it before.
    assert!(op.browser().get(&links[0]).await.has("#deletion-void"));
    let page = mailbox.send(open.form_to(STOP)).await;
    assert!(page.has("#deletion-void"), "{}", page.text());
    assert!(op.find_account(NEW).await.is_leaving());
    // Three days before the end the account has one address.
    op.advance(8 * DAY + 60);
    carries_out(&op).await;
    assert_eq!((mails(&op, EMAIL).await, mails(&op, NEW).await), (1, 2));
    let mut browser = op.browser();
    let page = browser.get(&links[1]).await;
    assert!(
        page.text().contains(NEW) && !page.text().contains(EMAIL),
        "{}",
        page.text()
    );
    let page = browser.send(page.form_to(STOP)).await;
    assert!(
        page.has("#deletion-done") && page.text().contains(NEW),
        "{}",
        page.text()
    );
    // Within its time, the former address keeps the account, and learns nothing from the page after it either.
    let op = TestOp::start().await;
    let mut alice = super::alice(&op).await;
    changes_address(&op, &mut alice, NEW).await;
    deletes(&mut alice).await;
    let mut browser = op.browser();
    let page = browser.get(&op.outbox().link(EMAIL, STOP).await).await;
    let page = browser.send(page.form_to(STOP)).await;
    assert!(page.has("#deletion-done"), "{}", page.text());
    assert!(
        page.text().contains(EMAIL) && !page.text().contains(NEW),
        "{}",
        page.text()
    );
    assert!(op.find_account(NEW).await.is_active());
    assert!(
        op.browser()
            .get(&op.outbox().link(NEW, STOP).await)
            .await
            .has("#deletion-void")
    );
}
