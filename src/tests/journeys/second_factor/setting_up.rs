//! Tests the page where a person sets an app up, makes codes anew and takes the app away.

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};

use super::*;

pub async fn stored(op: &TestOp, table: &str) -> Vec<String> {
    let db = op.app.db.read();
    let query = match table {
        "totp_factors" => "SELECT sealed_secret AS it FROM totp_factors",
        "recovery_codes" => "SELECT digest AS it FROM recovery_codes",
        "events" => "SELECT action AS it FROM events",
        other => panic!("{other}"),
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), query));
    let rows = rows.await.expect("rows");
    rows.iter()
        .map(|it| it.try_get("", "it").expect("text"))
        .collect()
}

#[tokio::test]
async fn an_app_counts_once_its_code_was_verified() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get("/account/security").await;
    assert_eq!(page.link_of("#setup-totp"), SETUP);
    assert!(page.has("#checkup.warn") && !page.has("#recovery-codes-state"));
    assert_eq!(page.link_of("#advised-totp"), SETUP);
    let passkeys = page.link_of("#advised-passkey");
    assert!(alice.browser.get(&passkeys).await.has("#add-passkey"));

    let page = alice.browser.get(SETUP).await;
    let begin = page.form(&["action=begin"]).press("action", "begin");
    let page = alice.browser.send(begin).await;
    assert!(page.has(".qr svg path") && page.link_of("#totp-uri").starts_with("otpauth://totp/"));
    let app = Authenticator::typed(&page.text_of("#totp-secret"));
    assert!(page.link_of("#totp-uri").contains(&app.0.base32()));

    for wrong in [app.never_shows(&op), String::new(), "x".repeat(300)] {
        let page = confirms(&mut alice, &page, &wrong).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(page.field_errors(), ["otp"]);
        assert_eq!(page.text_of("#totp-secret").replace(' ', ""), app.0.base32()); // the secret stays the same
    }
    assert!(stored(&op, "totp_factors").await.is_empty());
    assert!(
        op.outbox()
            .to(&alice.email)
            .await
            .iter()
            .all(|it| it.kind != "second_factor_changed")
    );

    let before = alice.browser.cookie(SESSION).map(str::to_owned);
    let done = confirms(&mut alice, &page, &app.shows(&op)).await;
    let codes = codes_on(&done);
    assert!(codes.len() == 10 && done.header("cache-control") == "no-store");
    assert_ne!(alice.browser.cookie(SESSION).map(str::to_owned), before); // SE-2

    // JW-7, G-13: the database holds neither the secret nor the codes in plain.
    let sealed = stored(&op, "totp_factors").await;
    assert!(sealed.len() == 1 && !sealed[0].contains(&app.0.base32()));
    let digests = stored(&op, "recovery_codes").await;
    assert_eq!(digests.len(), 10);
    assert!(digests.iter().all(|it| it.len() == 64 && !codes.contains(it)));
    assert!(heard(&op, &alice, "Two-step login has been turned on").await); // LG-4
    assert!(
        stored(&op, "events")
            .await
            .contains(&"second_factor.added".to_owned())
    ); // LG-1

    let page = alice.browser.get(SETUP).await;
    assert!(page.text_of("#recovery-codes-left").contains("10"));
    assert!(!page.has("#totp-secret") && codes.iter().all(|it| !page.text().contains(it)));
    let page = alice.browser.get("/account/security").await;
    assert_eq!(page.link_of("#manage-totp"), SETUP);
    assert!(page.has("#checkup.good") && page.has("#recovery-codes-state"));
    assert!(!page.has("#checkup a"));
}

#[tokio::test]
async fn setting_up_needs_a_fresh_login_and_does_not_wait_for_ever() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get(SETUP).await;
    op.advance(301); // SE-4
    let begin = page.form(&["action=begin"]).press("action", "begin");
    let asked = alice.browser.send(begin.clone()).await;
    assert_eq!(asked.url.path(), "/reauthenticate");
    let password = alice.password.clone();
    let form = asked.form(&["password"]);
    let back = alice.browser.submit(form, &[("password", &password)]).await;
    assert_eq!(back.url.path(), SETUP);

    let page = alice
        .browser
        .send(back.form(&["action=begin"]).press("action", "begin"))
        .await;
    let app = Authenticator::typed(&page.text_of("#totp-secret"));
    op.advance(601);
    let late = confirms(&mut alice, &page, &app.shows(&op)).await;
    assert!(
        late.has("#form-notice") && late.has("#begin-totp"),
        "{}",
        late.text()
    );
}

#[tokio::test]
async fn only_who_proved_both_takes_it_away() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    // This session began with the password alone, a moment before.
    let mut other = alice.elsewhere(&op);
    other.logs_in().await;
    let (app, _) = sets_up(&op, &mut alice).await;

    for action in ["remove", "renew_codes"] {
        let page = other.browser.get(SETUP).await;
        let form = match action {
            "remove" => other.browser.is_asked(&page, "#remove-totp").await,
            _ => page.form(&[&format!("action={action}")]).press("action", action),
        };
        assert_eq!(
            other.browser.send(form).await.url.path(),
            "/reauthenticate",
            "{action}"
        ); // SE-4
    }
    assert_eq!(stored(&op, "totp_factors").await.len(), 1);

    op.advance(301);
    let page = alice.browser.get(SETUP).await;
    let asked = alice.browser.confirms(&page, "#remove-totp").await;
    let password = alice.password.clone();
    let second = alice
        .browser
        .submit(asked.form(&["password"]), &[("password", &password)])
        .await;
    let back = enters(&mut alice.browser, &second, &app.shows(&op)).await;
    // The page asks again for the act that was interrupted.
    assert_eq!(back.url.path(), format!("{SETUP}/confirm"));
    let form = back.form(&["action=remove"]).press("action", "remove");
    let done = alice.browser.send(form).await;
    assert!(done.url.path() == "/account/security" && done.has("#setup-totp"));
    assert!(stored(&op, "totp_factors").await.is_empty() && stored(&op, "recovery_codes").await.is_empty());
    assert!(heard(&op, &alice, "Two-step login has been turned off").await);

    let mut fresh = alice.elsewhere(&op);
    assert_eq!(fresh.logs_in().await.url.path(), "/account");
}

#[tokio::test]
async fn a_new_password_needs_the_code_too() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    let page = alice.browser.get("/account/security/password").await;
    let new = "Garden-chair-77";
    let fields = |otp: &str| {
        page.form(&["current_password", "otp"])
            .with("current_password", crate::support::PASSWORD)
            .with("otp", otp)
            .with("password", new)
            .with("password_confirmation", new)
    };
    for wrong in [String::new(), app.never_shows(&op)] {
        let refused = alice.browser.send(fields(&wrong)).await;
        assert_eq!(refused.field_errors(), ["otp"]);
    }
    let done = alice.browser.send(fields(&app.shows(&op))).await;
    assert!(done.says("flash.password_changed"), "{}", done.text());
    // The session keeps the factor that was verified in it.
    let page = alice.browser.get(SETUP).await;
    let renewed = alice
        .browser
        .send(page.form(&["action=renew_codes"]).press("action", "renew_codes"))
        .await;
    assert_eq!(codes_on(&renewed).len(), 10);
}

#[tokio::test]
async fn a_password_that_failures_stopped_is_advised_about_first() {
    // PW-4: the check-up leads to the change, which lets the password in again.
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let mut stranger = alice.elsewhere(&op);
    stranger.password = "Not-the-one-42".to_owned();
    stranger.logs_in().await;
    let stopped = "UPDATE login_throttles SET failures = 100";
    op.app.db.execute_unprepared(stopped).await.unwrap();
    let page = alice.browser.get("/account/security").await;
    assert!(page.text_of("#password").contains("refused"), "{}", page.text());
    let page = alice.browser.get(&page.link_of("#advised-password")).await;
    let form = page.form(&["current_password", "password"]);
    let password = alice.password.clone();
    let fields = [
        ("current_password", password.as_str()),
        ("password", "Harbour-9-violin"),
        ("password_confirmation", "Harbour-9-violin"),
    ];
    let page = alice.browser.submit(form, &fields).await;
    assert_eq!(page.url.path(), "/account/security", "{}", page.text());
    assert!(page.has("#advised-totp") && !page.has("#advised-password"));
    assert!(!page.text_of("#password").contains("refused"));
}
