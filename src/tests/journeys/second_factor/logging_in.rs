//! Tests the second step of a login.

use axum::http::StatusCode;

use super::*;
use itu_account::storage::{Transaction, login_throttles};

#[tokio::test]
async fn a_login_asks_for_a_code_and_each_counts_once() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;

    let mut phone = alice.elsewhere(&op);
    let step = phone.logs_in().await;
    assert_eq!(phone.browser.cookie(SESSION), None); // G-6: no session before the code
    assert_eq!(phone.browser.get("/account").await.url.path(), "/login");
    let code = app.shows(&op);
    let mut laptop = alice.elsewhere(&op);
    let other = laptop.logs_in().await;
    let home = enters(&mut phone.browser, &step, &code).await;
    assert_eq!(home.url.path(), "/account");

    let refused = enters(&mut laptop.browser, &other, &code).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY); // RFC 6238 §5.2
    assert_eq!(refused.field_errors(), ["otp"]);
    assert!(!refused.body.contains(&code));
    op.advance(30);
    let grouped = app.shows(&op);
    let grouped = format!(" {} {}", &grouped[..3], &grouped[3..]);
    assert_eq!(
        enters(&mut laptop.browser, &refused, &grouped).await.url.path(),
        "/account"
    );

    // The ticket is spent: the page of before leads nowhere new.
    op.advance(30);
    let again = enters(&mut laptop.browser, &refused, &app.shows(&op)).await;
    assert_eq!(again.url.path(), "/account"); // still the session of before
}

#[tokio::test]
async fn a_code_of_any_script_counts_and_what_is_none_costs_nothing() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    let mut phone = alice.elsewhere(&op);
    let mut step = phone.logs_in().await;
    // PW-4 lets five attempts go without a wait; these are not counted.
    for slip in [
        "12345",
        "1234567",
        "code",
        "12345?",
        "12 34 5O",
        "AEIO-AEIO-AEIO-AEIO",
        "١٢٣٤٥",
        "12345x",
    ] {
        step = enters(&mut phone.browser, &step, slip).await;
        assert_eq!(step.field_errors(), ["otp"], "{slip}");
    }
    step = enters(&mut phone.browser, &step, &app.never_shows(&op)).await;
    assert!(
        step.text_of("#otp-error").contains("4 attempts left"),
        "{}",
        step.text()
    );
    op.advance(30);
    let digits = app.shows(&op);
    let typed: String = digits
        .bytes()
        .map(|b| char::from_u32(0x0966 + u32::from(b - b'0')).expect("a digit"))
        .collect();
    let home = enters(&mut phone.browser, &step, &format!("\u{202A}{typed}\u{202C}")).await;
    assert_eq!(home.url.path(), "/account", "{}", home.text());
}

#[tokio::test]
async fn of_one_code_sent_many_times_at_once_one_login_comes() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    let code = app.shows(&op);
    let mut tries = Vec::new();
    for _ in 0..4 {
        let mut one = alice.elsewhere(&op);
        let step = one.logs_in().await;
        let code = code.clone();
        tries.push(async move { enters(&mut one.browser, &step, &code).await });
    }
    let pages = futures_util::future::join_all(tries).await;
    let let_in = pages.iter().filter(|it| it.url.path() == "/account").count();
    assert_eq!(let_in, 1); // G-8
}

#[tokio::test]
async fn wrong_codes_wait_longer_and_longer_and_the_owner_hears_of_it() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    let mut thief = alice.elsewhere(&op);
    let mut step = thief.logs_in().await;
    for _ in 0..5 {
        let wrong = app.never_shows(&op);
        step = enters(&mut thief.browser, &step, &wrong).await;
        assert_eq!(step.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(heard(&op, &alice, "Wrong codes at the login").await);
    let waits = enters(&mut thief.browser, &step, &app.shows(&op)).await;
    assert_eq!(
        (waits.status, waits.header("retry-after")),
        (StatusCode::TOO_MANY_REQUESTS, "30")
    ); // PW-4
    // A right password does not take the wait away, neither in another browser.
    let mut other = alice.elsewhere(&op);
    let again = other.logs_in().await;
    assert_eq!(
        enters(&mut other.browser, &again, &app.shows(&op)).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    // The owner's own browser is counted by itself.
    let page = alice.browser.get("/reauthenticate").await;
    let password = alice.password.clone();
    let step = alice
        .browser
        .submit(page.form(&["password"]), &[("password", &password)])
        .await;
    let home = enters(&mut alice.browser, &step, &app.shows(&op)).await;
    assert_eq!(home.url.path(), "/account");
    op.advance(31);
    assert_eq!(
        enters(&mut thief.browser, &waits, &app.shows(&op))
            .await
            .url
            .path(),
        "/account"
    );
}

#[tokio::test]
async fn after_a_hundred_failures_six_digits_prove_nothing_and_a_recovery_code_does() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (app, codes) = sets_up(&op, &mut alice).await;
    let counter = format!("f:{}", account_id(&op, &alice.email).await);
    for _ in 0..100 {
        let counted = op.app.db.write(async |tx: &Transaction| {
            login_throttles::count_failure(tx, &counter, op.clock.now()).await
        });
        counted.await.expect("counted");
    }
    let mut phone = alice.elsewhere(&op);
    let step = phone.logs_in().await;
    let refused = enters(&mut phone.browser, &step, &app.shows(&op)).await;
    assert_eq!(refused.field_errors(), ["otp"]); // NIST SP 800-63B §3.2.2
    op.advance(901);
    let step = phone.logs_in().await;
    assert_eq!(
        enters(&mut phone.browser, &step, &codes[0]).await.url.path(),
        "/account"
    );
}

#[tokio::test]
async fn a_login_that_waits_ends_with_time_and_with_the_password() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    let mut slow = alice.elsewhere(&op);
    let step = slow.logs_in().await;
    op.advance(601); // AZ-6
    let late = enters(&mut slow.browser, &step, &app.shows(&op)).await;
    assert_eq!(late.url.path(), "/login");
    assert!(late.says("flash.login_expired"), "{}", late.text());
    assert!(slow.browser.cookie(SESSION).is_none());

    let step = slow.logs_in().await;
    let restart = step.form(&["decision=restart"]).press("decision", "restart");
    assert_eq!(slow.browser.send(restart).await.url.path(), "/login");
    assert_eq!(
        slow.browser.get("/login/second-factor").await.url.path(),
        "/login"
    );

    let step = slow.logs_in().await;
    let mut owner = alice.elsewhere(&op);
    let page = owner.browser.get("/forgot-password").await;
    owner
        .browser
        .submit(page.form(&["email"]), &[("email", &alice.email)])
        .await;
    let link = op.outbox().link(&alice.email, "/reset-password").await;
    let page = owner.browser.get(&link).await;
    let new = "Garden-chair-77";
    let fields = [("password", new), ("password_confirmation", new)];
    owner.browser.submit(page.form(&["password"]), &fields).await;
    let void = enters(&mut slow.browser, &step, &app.shows(&op)).await;
    assert_eq!(void.url.path(), "/login"); // PW-6

    // A person who reads the mail has one factor, not two.
    owner.password = new.to_owned();
    let step = owner.logs_in().await;
    op.advance(30);
    assert_eq!(
        enters(&mut owner.browser, &step, &app.shows(&op))
            .await
            .url
            .path(),
        "/account"
    );
}

#[tokio::test]
async fn a_service_gets_its_answer_after_both_steps_or_a_refusal() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let (app, _) = sets_up(&op, &mut alice).await;
    let mut phone = alice.elsewhere(&op);
    let url = rp.authorization_url("openid", &[]);
    let login = phone.browser.get(&url).await;
    let step = phone.enters_password(login).await;
    assert!(step.text_of("#service").contains("web"));
    let cancel = step.form(&["otp"]).press("decision", "cancel");
    let back = phone.browser.send(cancel).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));

    let url = rp.authorization_url("openid", &[]);
    let login = phone.browser.get(&url).await;
    let step = phone.enters_password(login).await;
    let entered = op.clock.now().timestamp();
    op.advance(20);
    let back = enters(&mut phone.browser, &step, &app.shows(&op)).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    let claims = super::stepping_up::claims(&tokens.id_token);
    assert_eq!(claims["acr"], "https://refeds.org/profile/mfa");
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
    assert_eq!(claims["auth_time"], entered); // the older of two proofs
}
