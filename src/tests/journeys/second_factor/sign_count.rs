//! Tests a passkey whose signature counter did not rise, as that of a copy (Web Authentication §7.2, step 22;
//! security.md PW-8).

use axum::http::StatusCode;

use super::passkeys::{asks, logs_in_with, sends, with_passkey};
use super::*;
use crate::support::Authenticator as Device;
use itu_account::storage::outbox::Entry;

#[tokio::test]
async fn a_copy_that_is_behind_logs_in_nowhere_and_its_owner_is_told() {
    let op = TestOp::start().await;
    let (alice, mut device) = with_passkey(&op, "alice@example.org").await;
    let mut copy = device.clone();
    let mut phone = alice.elsewhere(&op);
    let login = phone.browser.get("/login").await;
    let page = logs_in_with(&mut phone.browser, &login, &mut device).await;
    assert_eq!(page.url.path(), "/account");

    let mut thief = op.browser();
    let entrance = thief.get("/login").await;
    let refused = logs_in_with(&mut thief, &entrance, &mut copy).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.notes("error.passkey"), "{}", refused.text());
    assert_eq!(thief.get("/account").await.url.path(), "/login");
    let mails = op.outbox().to(&alice.email).await;
    let told = |it: &&Entry| it.subject == "One of your passkeys has been refused";
    let mail = mails.iter().find(told).expect("a mail");
    assert!(mail.text.contains("“My phone”"), "{}", mail.text);
    let history = phone.browser.get("/account/history?topic=security").await;
    assert!(history.text().contains("Passkey refused"), "{}", history.text());

    // From now on neither of the two logs in alone, also with a counter that is right.
    copy.counter = 40;
    let refused = logs_in_with(&mut thief, &entrance, &mut copy).await;
    assert!(refused.notes("error.password_first"), "{}", refused.text());

    // Beside the password it counts again.
    device.counter = 50;
    let mut fresh = alice.elsewhere(&op);
    let step = fresh.logs_in().await;
    let page = asks(&mut fresh.browser, &step, ("decision", "passkey")).await;
    let answer = device.answers(&Device::question(&page));
    let page = sends(&mut fresh.browser, &page, &answer).await;
    assert_eq!(page.url.path(), "/account", "{}", page.text());
    let mut other = alice.elsewhere(&op);
    let login = other.browser.get("/login").await;
    let page = logs_in_with(&mut other.browser, &login, &mut device).await;
    assert_eq!(page.url.path(), "/account");
    let refused = logs_in_with(&mut thief, &entrance, &mut copy).await;
    assert!(refused.notes("error.passkey"), "{}", refused.text());
}

#[tokio::test]
async fn a_copy_is_refused_after_the_password_too() {
    let op = TestOp::start().await;
    let (alice, mut device) = with_passkey(&op, "alice@example.org").await;
    device.counter = 7;
    let mut phone = alice.elsewhere(&op);
    let login = phone.browser.get("/login").await;
    logs_in_with(&mut phone.browser, &login, &mut device).await;
    device.counter -= 1; // The same count once more: it did not rise.
    let mut other = alice.elsewhere(&op);
    let step = other.logs_in().await;
    let page = asks(&mut other.browser, &step, ("decision", "passkey")).await;
    let answer = device.answers(&Device::question(&page));
    let refused = sends(&mut other.browser, &page, &answer).await;
    assert_eq!(refused.url.path(), "/login/second-factor");
    assert!(heard(&op, &alice, "One of your passkeys has been refused").await);
}

#[tokio::test]
async fn an_authenticator_that_does_not_count_is_let_in() {
    // Synced passkeys state zero for ever.
    let op = TestOp::start().await;
    let (alice, mut device) = with_passkey(&op, "alice@example.org").await;
    for _ in 0..2 {
        device.counter = u32::MAX; // The next answer states zero.
        let mut phone = alice.elsewhere(&op);
        let login = phone.browser.get("/login").await;
        let page = logs_in_with(&mut phone.browser, &login, &mut device).await;
        assert_eq!(page.url.path(), "/account", "{}", page.text());
    }
}
