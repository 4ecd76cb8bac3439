//! Tests passkeys in the e-mail field of the login page (Web Authentication §5.1.4, conditional mediation): the page holds
//! the challenge, sealed for its browser (security.md PW-8).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::passkeys::with_passkey;
use super::*;
use itu_account::app::App;
use itu_account::http::router;

const CHALLENGE: &str = "/login/passkey/challenge";

/// A challenge as the script of the page gets it.
struct Held {
    question: Value,
    ticket: String,
}

async fn fetches(browser: &mut Browser) -> Held {
    let answer = browser.get(CHALLENGE).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("cache-control").contains("no-store"));
    let held: Value = serde_json::from_str(&answer.body).expect("JSON");
    let options = held["options"].as_str().expect("options");
    Held {
        question: serde_json::from_str(options).expect("JSON"),
        ticket: held["ticket"].as_str().expect("a ticket").to_owned(),
    }
}

/// Sends the answer by the form of the login page, as the script does.
async fn sends(browser: &mut Browser, login: &Page, held: &Held, answer: &str) -> Page {
    let form = login.form(&["credential", "ticket"]);
    let form = form.with("credential", answer).with("ticket", &held.ticket);
    browser.send(form).await
}

#[tokio::test]
async fn a_passkey_chosen_in_the_field_logs_in_at_the_service() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let (alice, mut device) = with_passkey(&op, "alice@example.org").await;
    let mut phone = alice.elsewhere(&op);
    let login = phone.browser.get(&rp.authorization_url("openid", &[])).await;
    let field = login.attribute_of("#email", "autocomplete");
    assert_eq!(field.as_deref(), Some("username webauthn"));
    let held = fetches(&mut phone.browser).await;
    // Whichever passkey the device has for this place may answer (§5.1.4: no list).
    assert_eq!(held.question["allowCredentials"], json!([]));
    let answer = device.answers(&held.question);
    let back = sends(&mut phone.browser, &login, &held, &answer).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    assert_eq!(claims(&tokens.id_token)["acr"], "phr");
}

#[tokio::test]
async fn a_held_challenge_counts_once_in_its_browser_for_five_minutes() {
    let op = TestOp::start().await;
    let (alice, mut device) = with_passkey(&op, "alice@example.org").await;
    let is_refused = |page: &Page| page.url.path() == "/login" && page.has("#flash");

    // Another browser's.
    let (mut one, mut other) = (op.browser(), op.browser());
    one.get("/login").await;
    let held = fetches(&mut one).await;
    let login = other.get("/login").await;
    let page = sends(&mut other, &login, &held, &device.answers(&held.question)).await;
    assert!(is_refused(&page), "{}", page.text());
    // Made by hand.
    let made = Held {
        ticket: "none".into(),
        question: held.question.clone(),
    };
    let login = one.get("/login").await;
    let page = sends(&mut one, &login, &made, &device.answers(&made.question)).await;
    assert!(is_refused(&page), "{}", page.text());

    // Too old.
    op.advance(300);
    let page = sends(&mut one, &login, &held, &device.answers(&held.question)).await;
    assert!(is_refused(&page), "{}", page.text());

    // G-8: of two answers at once, one logs in. A counter that stays at zero refuses no second one by itself.
    let held = fetches(&mut one).await;
    let answer = device.answers(&held.question);
    let mut thief = one.clone();
    let spaced = format!("{answer} "); // Not the same form sent twice.
    let (first, second) = tokio::join!(
        sends(&mut one, &login, &held, &answer),
        sends(&mut thief, &login, &held, &spaced)
    );
    let logged_in = [&first, &second].map(|it| it.url.path() == "/account");
    assert!(logged_in[0] != logged_in[1], "{} {}", first.text(), second.text());
    assert!(!heard(&op, &alice, "One of your passkeys has been refused").await);
}

#[tokio::test]
async fn an_answer_from_before_the_store_began_is_refused() {
    // ST-1: a store in memory has forgotten that the answer was there; one in Redis has not.
    let op = TestOp::start().await;
    let (_alice, mut device) = with_passkey(&op, "alice@example.org").await;
    let mut browser = op.browser();
    let login = browser.get("/login").await;
    let held = fetches(&mut browser).await;
    let answer = device.answers(&held.question);
    let before = browser.clone();
    let page = sends(&mut browser, &login, &held, &answer).await;
    assert_eq!(page.url.path(), "/account");
    op.advance(1);
    let app = App::open((*op.app.config).clone(), op.clock.clone()).await;
    let mut again = before.at(router::router(&app.expect("the service starts")));
    // By a form of its own: a second press of the first one has its outcome.
    let login = again.get("/login").await;
    let page = sends(&mut again, &login, &held, &answer).await;
    assert_eq!(page.url.path(), "/login", "{}", page.text());
}
