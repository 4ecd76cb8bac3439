//! Tests clients that registered themselves: a client that nobody vouched for is no open redirector (security.md AZ-13)
//! and no way to have the Union speak to strangers (DV-3, DR-7).

use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{ISSUER, Page, RelyingParty, TestOp};
use itu_account::config::RegistrationMode;
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::oidc::clients::{self, NewClient, Registration, Update};

const CALLBACK: &str = "https://tracker.example.test/cb";
const OTHER: &str = "https://elsewhere.example.test/cb";

async fn tracker(op: &TestOp) -> RelyingParty {
    let metadata = json!({"client_name": "Tracker", "redirect_uris": [CALLBACK, OTHER], "scope": "openid email",
        "grant_types": ["authorization_code"]});
    let metadata = serde_json::from_value(metadata).expect("metadata");
    let new = NewClient {
        id: Some(ClientId::new("tracker")),
        registration: Registration::ByClient(metadata),
        secret: None,
    };
    let made = clients::add(&op.app, &Context::operator(), new).await;
    let secret = made.expect("a client").secret.map(|it| it.expose().to_owned());
    RelyingParty::discover(op.router.clone(), "tracker", secret, CALLBACK.to_owned()).await
}

/// Requires the page in place of a redirect, with the way back.
fn is_asked_first(page: &Page, error: &str) {
    assert_eq!(page.url.origin().ascii_serialization(), ISSUER, "{}", page.url); // AZ-13
    assert_eq!(page.status.as_u16(), 400);
    assert_eq!(page.text_of("#error"), error);
    assert!(page.text().contains("tracker.example.test") && page.text().contains("Tracker"));
}

#[tokio::test]
async fn a_stranger_is_not_sent_on_by_a_link() {
    let op = TestOp::start().await;
    let mut rp = tracker(&op).await;
    let mut alice = op.person("alice@example.org").await;
    for signed_in in [false, true] {
        if signed_in {
            alice.logs_in().await;
        }
        for (error, place, more) in [
            ("invalid_scope", '?', [("scope", "nonsense"), ("x", "1")]),
            ("invalid_request", '?', [("prompt", "maybe"), ("x", "1")]),
            (
                "unsupported_response_type",
                '#',
                [("response_type", "token"), ("x", "1")],
            ),
            (
                "invalid_request",
                '#',
                [("max_age", "-1"), ("response_mode", "fragment")],
            ),
        ] {
            let page = alice.browser.get(&asks(&mut rp, &more)).await;
            is_asked_first(&page, error);
            let way = page.link_of("#to-service");
            assert!(way.starts_with(&format!("{CALLBACK}{place}")), "{way}");
            assert!(way.contains(&format!("error={error}")) && way.contains("state=")); // AZ-11
        }
        let code = if signed_in {
            "consent_required"
        } else {
            "login_required"
        };
        let page = alice.browser.get(&asks(&mut rp, &[("prompt", "none")])).await;
        is_asked_first(&page, code);
        // With form_post the answer is a form that does not send itself.
        let more = [("prompt", "none"), ("response_mode", "form_post")];
        let page = alice.browser.get(&asks(&mut rp, &more)).await;
        is_asked_first(&page, code);
        let form = page.form(&["error", "state", "iss"]);
        assert_eq!(form.action.as_str(), CALLBACK);
        assert!(!page.body.contains("submit()"));
        // The request comes by POST.
        let url = url::Url::parse(&asks(&mut rp, &[("scope", "nonsense")])).expect("a URL");
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let fields: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        is_asked_first(&alice.browser.post("/authorize", &fields).await, "invalid_scope");
    }
}

/// Returns the address of a request in which `more` replaces what a good one has.
fn asks(rp: &mut RelyingParty, more: &[(&str, &str)]) -> String {
    let mut url = url::Url::parse(&rp.authorization_url("openid", &[])).expect("a URL");
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.retain(|(name, _)| more.iter().all(|it| it.0 != name));
    pairs.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.into()
}

#[tokio::test]
async fn who_allowed_a_host_is_sent_there_and_nowhere_else() {
    let op = TestOp::start().await;
    let mut rp = tracker(&op).await;
    let mut alice = op.person("alice@example.org").await;
    // Cancel is an act of the person's.
    let login = alice.browser.get(&asks(&mut rp, &[])).await;
    let form = login.form(&["email", "decision=cancel"]);
    let back = alice.browser.send(form.press("decision", "cancel")).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
    assert!(back.url.as_str().starts_with(CALLBACK));

    let url = rp.authorization_url("openid", &[]);
    let back = alice.goes_through(&url).await;
    rp.takes(&back);
    for (error, more) in [
        ("invalid_scope", [("scope", "nonsense"), ("x", "1")]),
        (
            "consent_required",
            [("prompt", "none"), ("scope", "openid email")],
        ),
    ] {
        let back = alice.browser.get(&asks(&mut rp, &more)).await;
        assert_eq!(back.query("error").as_deref(), Some(error));
        assert!(back.url.as_str().starts_with(CALLBACK));
        // Another host of the same client is confirmed on its own.
        let there = [more[0], more[1], ("redirect_uri", OTHER)];
        let page = alice.browser.get(&asks(&mut rp, &there)).await;
        assert_eq!(page.url.origin().ascii_serialization(), ISSUER, "{}", page.url); // AZ-13
        assert!(page.text().contains("elsewhere.example.test"));
    }
    // A code goes there no sooner than the person agrees.
    let page = alice
        .browser
        .get(&asks(&mut rp, &[("redirect_uri", OTHER)]))
        .await;
    assert_eq!(page.url.path(), "/consent");
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    let page = bob.browser.get(&asks(&mut rp, &[("scope", "nonsense")])).await;
    is_asked_first(&page, "invalid_scope");
}

#[tokio::test]
async fn for_certification_errors_are_redirected_as_the_standard_says() {
    let op = TestOp::with(|config| config.registration.automatic_redirects = true).await;
    let mut rp = tracker(&op).await;
    let mut browser = op.browser();
    for (error, more) in [
        ("invalid_scope", ("scope", "nonsense")),
        ("login_required", ("prompt", "none")),
    ] {
        let back = browser.get(&asks(&mut rp, &[more])).await;
        assert_eq!(back.query("error").as_deref(), Some(error));
        assert!(back.url.as_str().starts_with(CALLBACK));
    }
}

#[tokio::test]
async fn a_logout_of_nobody_leads_no_stranger_on() {
    let op = TestOp::start().await;
    let mut rp = tracker(&op).await;
    let bye = "https://tracker.example.test/bye";
    let context = Context::operator();
    let before = op.app.registry.find("tracker").expect("a client");
    let mut update = Update::of(&before);
    update.definition.metadata.post_logout_redirect_uris = vec![bye.to_owned()];
    clients::update(&op.app, &context, update).await.expect("changed");
    // The person who registered the client has a token of their own to make such a link with.
    let mut mallory = op.person("mallory@example.org").await;
    let code = mallory.logs_in_at(&mut rp, "openid").await;
    let hint = rp.redeems(&code).await.expect("tokens").id_token;
    let url = format!(
        "{}?id_token_hint={hint}&post_logout_redirect_uri={bye}",
        rp.end_session_endpoint
    );
    let page = op.browser().get(&url).await;
    assert_eq!(page.url.path(), "/logged-out"); // AZ-13
    assert!(page.text_of("#way-back").contains("Tracker"));
    let back = mallory.browser.get(&url).await;
    assert_eq!(back.url.as_str(), bye); // LO-1: their own session
}

/// Sends metadata to the registration endpoint.
async fn registers(op: &TestOp, metadata: &Value) -> (u16, Value) {
    let request = axum::http::Request::post("/register")
        .header("host", ISSUER.trim_start_matches("https://"))
        .header("content-type", "application/json")
        .body(Body::from(metadata.to_string()))
        .expect("a request");
    let response = op.router.clone().oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[tokio::test]
async fn nobody_registers_a_name_of_the_institution_or_the_right_to_have_people_mailed() {
    let op = TestOp::with(|config| config.registration.mode = RegistrationMode::Open).await;
    op.client_with("shop", json!({"client_name": "Bookshop"})).await;
    let named = |name: &str| json!({"client_name": name, "redirect_uris": ["https://rp.example/cb"]});
    for name in [
        "ITU Security Desk",
        "I.T.U. login",
        "1TU",
        "UIT",
        "МСЭ",
        "国际电联",
        "book shop",
        "id.example.test",
        "ITUsecurity",
        "ITU24x7",
        "Union internationale des telecommunications",
    ] {
        let (status, answer) = registers(&op, &named(name)).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!("invalid_client_metadata")),
            "{name}"
        ); // DR-7
        let description = answer["error_description"].as_str().expect("a description");
        assert!(description.starts_with("client_name: "), "{description}");
    }
    let (status, answer) = registers(&op, &named("Institute of Situations")).await;
    assert_eq!(status, 201, "{answer}");
    // An administrator may use such a name.
    op.client_with("desk", json!({"client_name": "ITU Service Desk"}))
        .await;

    let asks = json!({"client_name": "Harmless", "redirect_uris": [], "response_types": [],
        "grant_types": ["urn:openid:params:grant-type:ciba"], "backchannel_token_delivery_mode": "poll"});
    let (status, answer) = registers(&op, &asks).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("invalid_client_metadata"))
    ); // DV-3
    let description = answer["error_description"].as_str().expect("a description");
    assert!(description.contains("grant_types"), "{description}");
}

#[tokio::test]
async fn nobody_proposes_an_organization_by_a_name_of_the_institution() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get("/account/organization/change").await;
    let page = alice
        .browser
        .send(page.form(&["membership_type"]).press("action", "new"))
        .await;
    for (name, acronym) in [("ITU Security Desk", ""), ("Honest Institute", "I.T.U.")] {
        let form = page
            .form(&["organization_name"])
            .press("action", "create")
            .with("member_state", "CH")
            .with("organization_name", name)
            .with("organization_acronym", acronym);
        let again = alice.browser.send(form).await;
        assert!(
            again.text().contains("can be taken for one of ITU"),
            "{}",
            again.text()
        ); // DR-7
    }
}

#[tokio::test]
async fn a_strangers_request_does_not_go_on_in_the_browser_of_who_resets_a_password() {
    let op = TestOp::start().await;
    let mut rp = op
        .client_with("events", json!({"client_uri": "https://events.example.test/"}))
        .await;
    let mut alice = op.person("alice@example.org").await;
    let new = [
        ("password", "Basalt-otter-59"),
        ("password_confirmation", "Basalt-otter-59"),
    ];
    let mut mallory = op.visitor("mallory@example.org");
    let login = mallory.browser.get(&rp.authorization_url("openid", &[])).await;
    let page = mallory.browser.get(&login.link("/forgot-password")).await;
    let form = page.form(&["email"]);
    mallory
        .browser
        .submit(form, &[("email", "alice@example.org")])
        .await;
    let link = op.outbox().link("alice@example.org", "/reset-password").await;

    let page = alice.browser.get(&link).await;
    let done = alice.browser.submit(page.form(&["password"]), &new).await;
    assert!(!done.body.contains("/authorize/continue"), "{}", done.body); // AZ-6, DV-3
    assert!(done.text().contains("events"));
    assert_eq!(done.link_of("#to-service"), "https://events.example.test/");

    // Her own request goes on where it began.
    op.advance(60);
    let login = alice.browser.get(&rp.authorization_url("openid", &[])).await;
    let page = alice.browser.get(&login.link("/forgot-password")).await;
    let form = page.form(&["email"]);
    alice
        .browser
        .submit(form, &[("email", "alice@example.org")])
        .await;
    let link = op.outbox().link("alice@example.org", "/reset-password").await;
    let page = alice.browser.get(&link).await;
    let done = alice.browser.submit(page.form(&["password"]), &new).await;
    alice.password = new[0].1.to_owned();
    let login = alice.browser.get(&done.link("/authorize/continue")).await;
    let back = alice.enters_password(login).await;
    rp.takes(&back);
}
