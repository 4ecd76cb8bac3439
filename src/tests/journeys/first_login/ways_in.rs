//! Tests that every way in leads to the code: with a service and without, silently, by a session of before, with a
//! second factor.

use super::*;
use crate::journeys::second_factor;

#[tokio::test]
async fn nothing_of_the_account_opens_before_the_code() {
    // G-6
    let op = TestOp::start().await;
    let mut old = taken_over(&op).await;
    asks(&old.logs_in().await);
    for path in [
        "/account",
        "/account/profile",
        "/account/security",
        "/account/requests",
        "/device",
        "/reauthenticate",
        "/terms/accept",
    ] {
        assert_eq!(old.browser.get(path).await.url.path(), PAGE, "{path}");
    }
    // The terms cannot be accepted first either.
    let login = old.browser.get(PAGE).await;
    let csrf = login.form(&["code"]);
    let csrf = csrf
        .fields
        .iter()
        .find(|(name, _)| name == "csrf")
        .expect("a token")
        .1
        .clone();
    let sent = old
        .browser
        .post(
            "/terms/accept",
            &[("csrf", &csrf), ("accept_terms", "yes"), ("version", "1")],
        )
        .await;
    assert_eq!(sent.url.path(), PAGE, "{}", sent.text());
    assert_eq!(count(&op, "account.terms_accepted").await, 0);

    // After it the person is where they wanted to go.
    let page = old.browser.get("/account/profile").await;
    let code = mailed(&op, ADDRESS).await;
    let page = enters(&mut old, &page, &code).await;
    let page = accepts_terms(&mut old, page).await;
    assert_eq!(page.url.path(), "/account/profile", "{}", page.text());
    assert_eq!(old.browser.get(PAGE).await.url.path(), "/account"); // a bookmark of it (A 9)
}

#[tokio::test]
async fn a_session_of_before_is_asked_at_the_next_request() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let mut alice = op.person(ADDRESS).await;
    alice.logs_in().await;
    unverify(&op, ADDRESS).await;
    let before = op.outbox().count().await;

    // Core §3.1.2.6: no page may be shown.
    let silent = rp.authorization_url("openid", &[("prompt", "none")]);
    let back = alice.browser.get(&silent).await;
    assert_eq!(back.query("error").as_deref(), Some("interaction_required"));
    let url = rp.authorization_url("openid email", &[]);
    let page = alice.browser.get(&url).await;
    asks(&page);
    // G-5: no GET sends a mail; the page offers a button for it.
    assert!(page.find_form(&["code"]).is_none(), "{}", page.text());
    assert_eq!(op.outbox().count().await, before);
    let page = alice
        .browser
        .send(page.form_to("/login/verify-email/resend"))
        .await;
    let code = mailed(&op, ADDRESS).await;
    let back = enters(&mut alice, &page, &code).await;
    rp.takes(&back);
    let silent = rp.authorization_url("openid", &[("prompt", "none")]);
    let back = alice.browser.get(&silent).await;
    rp.takes(&back);
}

#[tokio::test]
async fn prompt_and_max_age_ask_for_the_password_once() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    for more in [
        ("prompt", "login"),
        ("max_age", "0"),
        ("prompt", "select_account"),
    ] {
        let address = format!(
            "{}-{}@example.org",
            more.0.replace('_', "-"),
            more.1.replace('_', "-")
        );
        let mut alice = op.person(&address).await;
        alice.logs_in().await;
        unverify(&op, &address).await;
        op.advance(61);
        let url = rp.authorization_url("openid email", &[more]);
        let mut page = alice.browser.get(&url).await;
        if more.1 != "select_account" {
            page = alice.enters_password(page).await;
        }
        asks(&page);
        if page.find_form(&["code"]).is_none() {
            page = alice
                .browser
                .send(page.form_to("/login/verify-email/resend"))
                .await;
        }
        op.advance(30);
        let code = mailed(&op, &address).await;
        let mut back = enters(&mut alice, &page, &code).await;
        if let Some(form) = back.find_form(&["decision=continue"]) {
            back = alice.browser.send(form.press("decision", "continue")).await;
        }
        rp.takes(&back);
    }
}

#[tokio::test]
async fn the_code_comes_after_the_second_factor() {
    let op = TestOp::start().await;
    let mut alice = op.person(ADDRESS).await;
    let (app, _) = second_factor::sets_up(&op, &mut alice).await;
    unverify(&op, ADDRESS).await;
    let mut alice = alice.elsewhere(&op);
    let page = alice.logs_in().await;
    // A password alone does not send a code.
    assert_eq!((page.url.path(), codes(&op).await), ("/login/second-factor", 0));
    assert_eq!(alice.browser.get(PAGE).await.url.path(), "/login");
    let page = alice.browser.get("/login/second-factor").await;
    let page = second_factor::enters(&mut alice.browser, &page, &app.shows(&op)).await;
    asks(&page);
    let code = mailed(&op, ADDRESS).await;
    let page = enters(&mut alice, &page, &code).await;
    assert_eq!(page.url.path(), "/account", "{}", page.text());
}

#[tokio::test]
async fn a_device_waits_for_the_code() {
    let op = TestOp::start().await;
    let mut alice = op.person(ADDRESS).await;
    alice.logs_in().await;
    unverify(&op, ADDRESS).await;
    let page = alice.browser.get("/device/BCDF-GHJK").await;
    asks(&page);
    let page = alice
        .browser
        .send(page.form_to("/login/verify-email/resend"))
        .await;
    let code = mailed(&op, ADDRESS).await;
    let page = enters(&mut alice, &page, &code).await;
    assert_eq!(page.url.path(), "/device/BCDF-GHJK", "{}", page.text());
}

#[tokio::test]
async fn edits_of_a_session_of_before_are_there_after_the_code() {
    let op = TestOp::start().await;
    let mut alice = op.person(ADDRESS).await;
    alice.logs_in().await;
    let profile = alice.browser.get("/account/profile").await;
    unverify(&op, ADDRESS).await;
    let form = profile.form(&["job_title"]).with("job_title", "Cartographer");
    let page = alice.browser.send(form).await;
    asks(&page);
    let page = alice
        .browser
        .send(page.form_to("/login/verify-email/resend"))
        .await;
    let code = mailed(&op, ADDRESS).await;
    let page = enters(&mut alice, &page, &code).await;
    assert_eq!(page.url.path(), "/account/profile");
    let kept = page.attribute_of("#job_title", "value");
    assert_eq!(kept.as_deref(), Some("Cartographer"), "{}", page.text());
}
