//! Tests the person's decision about a request: who may decide, when, and about what.

use super::*;
use crate::journeys::second_factor::{claims, enters, sets_up};
use itu_account::domain::authorization_details::DetailsType;

#[tokio::test]
async fn nobody_answers_for_another() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    let given = bank.is_given(ALICE, &[]).await;
    let of_alice = alice.browser.get(PAGE).await.form_to(PAGE);
    let id = &of_alice
        .fields
        .iter()
        .find(|it| it.0 == "request_id")
        .expect("an id")
        .1;

    assert!(bob.browser.get(PAGE).await.has("#empty"));
    bank.is_given("bob@example.org", &[]).await;
    let of_bob = bob.browser.get(PAGE).await.form_to(PAGE);
    for decision in ["allow", "deny"] {
        let form = of_bob.clone().with("request_id", id).press("decision", decision);
        let answer = bob.browser.send(form).await;
        assert_eq!(answer.status.as_u16(), 404, "{}", answer.text()); // G-4
    }
    assert_eq!(bank.gets_error(&given).await, "authorization_pending");
    // Neither a form that somebody else made nor a link decides (BR-1, G-5).
    let forged = [("request_id", id.as_str()), ("decision", "allow")];
    assert_eq!(alice.browser.post(PAGE, &forged).await.status.as_u16(), 403);
    alice
        .browser
        .get(&format!("{PAGE}?request_id={id}&decision=allow"))
        .await;
    op.advance(5);
    assert_eq!(bank.gets_error(&given).await, "authorization_pending");
}

#[tokio::test]
async fn of_two_decisions_the_first_counts() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let given = bank.is_given(ALICE, &[]).await;
    let form = alice.browser.get(PAGE).await.form_to(PAGE);
    alice.browser.send(form.clone().press("decision", "deny")).await;
    let late = alice.browser.send(form.press("decision", "allow")).await;
    assert!(late.has("#form-notice"), "{}", late.text()); // G-9
    assert_eq!(late.status.as_u16(), 409);
    assert_eq!(bank.gets_error(&given).await, "access_denied");
    assert_eq!(recorded(&op, "authentication.allowed").await, 0);
}

#[tokio::test]
async fn who_rested_long_proves_who_they_are_before_they_allow() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    op.advance(20 * 60);
    let given = bank.is_given(ALICE, &[]).await;
    let asked = alice.answers("allow").await;
    assert_eq!(asked.url.path(), "/reauthenticate"); // SE-2
    assert_eq!(bank.gets_error(&given).await, "authorization_pending");
    let form = asked.form(&["password"]);
    let password = alice.password.clone();
    let page = alice.browser.submit(form, &[("password", &password)]).await;
    assert_eq!(page.url.path(), PAGE);
    alice
        .browser
        .send(page.form_to(PAGE).press("decision", "allow"))
        .await;
    let (status, tokens) = bank.comes_with(&given).await;
    assert_eq!(status, 200, "{tokens}");
}

#[tokio::test]
async fn a_class_that_the_session_has_not_is_verified_before_it_is_stated() {
    const MFA: &str = "https://refeds.org/profile/mfa";
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    // A person without a second factor gets a lower class: `acr_values` is voluntary.
    let given = bank.is_given(ALICE, &[("acr_values", MFA)]).await;
    alice.answers("allow").await;
    let (_, tokens) = bank.comes_with(&given).await;
    let returned = claims(tokens["id_token"].as_str().expect("an ID token"));
    assert_eq!(returned["acr"], "https://refeds.org/profile/sfa");

    let (app, _) = sets_up(&op, &mut alice.elsewhere(&op)).await;
    let given = bank.is_given(ALICE, &[("acr_values", MFA)]).await;
    let step = alice.answers("allow").await;
    assert_eq!(bank.gets_error(&given).await, "authorization_pending");
    let page = enters(&mut alice.browser, &step, &app.shows(&op)).await;
    assert_eq!(page.url.path(), PAGE);
    alice.answers("allow").await;
    op.advance(5);
    let (status, tokens) = bank.comes_with(&given).await;
    assert_eq!(status, 200, "{tokens}");
    let returned = claims(tokens["id_token"].as_str().expect("an ID token"));
    assert_eq!(
        (&returned["acr"], &returned["amr"]),
        (&json!(MFA), &json!(["pwd", "otp", "mfa"]))
    );
}

#[tokio::test]
async fn each_request_is_answered_by_itself_the_newest_first() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let first = bank.is_given(ALICE, &[("binding_message", "First")]).await;
    op.advance(1);
    let second = bank.is_given(ALICE, &[("binding_message", "Second")]).await;
    let page = alice.browser.get(PAGE).await;
    assert_eq!(page.text_of(".binding-message"), "Second");
    alice.answers("allow").await;
    alice.answers("deny").await;
    assert_eq!(bank.gets_error(&first).await, "access_denied");
    assert_eq!(bank.comes_with(&second).await.0, 200);
}

#[tokio::test]
async fn whom_the_access_policy_refuses_cannot_let_the_service_in() {
    let op = TestOp::start().await;
    let bank = bank_with(&op, "bank", json!({"access_policy": {"affiliation": "approved"}})).await;
    let mut alice = somebody(&op).await;
    let given = bank.is_given(ALICE, &[]).await;
    let page = alice.browser.get(PAGE).await;
    let form = page.form_to(PAGE);
    assert!(page.has("button[value=deny]") && !page.has("button[value=allow]"));
    let still = alice.browser.send(form.smuggle("decision", "allow")).await;
    assert!(still.has("#form-notice"), "{}", still.text());
    assert_eq!(bank.gets_error(&given).await, "authorization_pending");
    alice.answers("deny").await;
    assert_eq!(bank.gets_error(&given).await, "access_denied");
}

#[tokio::test]
async fn what_the_service_gets_is_what_is_so_then() {
    // G-10
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let given = bank.is_given(ALICE, &[]).await;
    alice.answers("allow").await;
    let services = alice.browser.get("/account/services").await;
    alice.browser.confirms(&services, "#withdraw-bank").await;
    assert_eq!(bank.gets_error(&given).await, "invalid_grant");

    let given = bank.is_given(ALICE, &[]).await;
    alice.answers("allow").await;
    let account = alice.browser.get("/account").await;
    let logout = account.form_to("/logout").press("decision", "logout");
    alice.browser.send(logout).await;
    assert_eq!(bank.gets_error(&given).await, "invalid_grant");
}

#[tokio::test]
async fn an_id_token_names_the_person_to_the_client_that_was_given_it() {
    let op = TestOp::start().await;
    let sector = json!({"subject_type": "pairwise", "redirect_uris": ["https://bank.example.test/callback"]});
    let (bank, other) = (bank(&op).await, bank_with(&op, "shop", sector).await);
    let mut alice = somebody(&op).await;
    for client in [&bank, &other] {
        let given = client.is_given(ALICE, &[]).await;
        alice.answers("allow").await;
        let (_, tokens) = client.comes_with(&given).await;
        let hint = tokens["id_token"].as_str().expect("an ID token");
        op.advance(700); // it may have expired
        let more = [("login_hint", ""), ("id_token_hint", hint)];
        let given = client.is_given(ALICE, &more).await;
        alice.answers("allow").await;
        assert_eq!(client.comes_with(&given).await.0, 200, "{}", client.id); // CIBA §7.1
        let foreign = if client.id == "bank" { &other } else { &bank };
        assert_eq!(foreign.is_refused(ALICE, &more).await, "invalid_request");
    }
}

#[tokio::test]
async fn what_is_asked_for_in_detail_is_read_and_carried() {
    let op = TestOp::with(|config| {
        let order = DetailsType {
            label: [("en".to_owned(), "Order a document".to_owned())].into(),
            members: vec!["document".into()],
            required: vec!["document".into()],
        };
        config.authorization.details.insert("order".into(), order);
    })
    .await;
    let bank = bank_with(&op, "bank", json!({"authorization_details_types": ["order"]})).await;
    let mut alice = somebody(&op).await;
    let details = r#"[{"type":"order","document":"G.984"}]"#;
    let given = bank.is_given(ALICE, &[("authorization_details", details)]).await;
    let page = alice.browser.get(PAGE).await.text();
    assert!(
        page.contains("Order a document") && page.contains("G.984"),
        "{page}"
    ); // RFC 9396 §5
    alice.answers("allow").await;
    let (_, tokens) = bank.comes_with(&given).await;
    let returned: Value = serde_json::from_str(details).expect("JSON");
    assert_eq!(tokens["authorization_details"], returned, "{tokens}"); // RFC 9396 §7
    let unknown = [("authorization_details", r#"[{"type":"payment"}]"#)];
    assert_eq!(
        bank.is_refused(ALICE, &unknown).await,
        "invalid_authorization_details"
    );
}
