//! Tests pushed authorization requests (RFC 9126; security.md AZ-8, AZ-9).

use super::*;

/// Returns the fields that a service pushes, with `more` in place of the plain ones.
fn pushed<'a>(rp: &'a RelyingParty, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("redirect_uri", rp.redirect_uri.as_str()),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "the pushed state"),
        ("nonce", "a-nonce"),
    ];
    fields.retain(|it| more.iter().all(|other| other.0 != it.0));
    fields.extend(more.iter().filter(|it| !it.1.is_empty()));
    fields
}

async fn pushes(rp: &RelyingParty, more: &[(&str, &str)]) -> String {
    let (status, answer) = rp.posts("/par", &pushed(rp, more)).await;
    assert_eq!(status, 201, "{answer}"); // RFC 9126 §2.2
    assert_eq!(answer["expires_in"], 60); // AZ-9
    answer["request_uri"].as_str().expect("a reference").to_owned()
}

/// Returns the address by which the browser brings a reference, beside `more` that must be ignored.
fn opens(rp: &RelyingParty, request_uri: &str, more: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", rp.id.as_str()), ("request_uri", request_uri)])
        .extend_pairs(more)
        .finish();
    format!("/authorize?{query}")
}

#[tokio::test]
async fn what_was_pushed_is_what_is_asked() {
    let op = TestOp::start().await;
    let rp = op.client("rp").await;
    let mut alice = op.person("alice@example.org").await;
    let request_uri = pushes(&rp, &[]).await;
    assert!(request_uri.starts_with("urn:ietf:params:oauth:request_uri:"));

    let beside = [
        ("state", "another"),
        ("nonce", "another"),
        ("scope", "profile"),
        ("response_type", "id_token"),
        ("redirect_uri", "https://evil.example.test/"),
    ];
    let back = alice.goes_through(&opens(&rp, &request_uri, &beside)).await;
    assert!(back.url.as_str().starts_with(&rp.redirect_uri), "{}", back.url);
    assert_eq!(back.query("state").as_deref(), Some("the pushed state"));
    let code = back.query("code").expect("a code");
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &rp.redirect_uri),
    ];
    let (_, tokens) = rp.posts("/token", &redeem).await;
    assert_eq!(claims(&op, &tokens["id_token"])["nonce"], "a-nonce");
    assert_eq!(tokens["scope"], "openid email");
}

#[tokio::test]
async fn a_reference_is_opened_until_it_is_answered_and_then_dead() {
    let op = TestOp::start().await;
    let rp = op.client("rp").await;
    let mut alice = op.person("alice@example.org").await;
    let mut other_tab = op.browser();
    let request_uri = pushes(&rp, &[]).await;
    let url = opens(&rp, &request_uri, &[]);
    let redirecting = opens(&rp, &request_uri, &[("redirect_uri", &rp.redirect_uri)]);

    assert_eq!(other_tab.get(&url).await.url.path(), "/login");
    let login = alice.browser.get(&url).await;
    let waiting = alice.browser.get(&url).await; // RFC 9126 §4: once, but a reload is allowed
    assert!(alice.enters_password(login).await.query("code").is_some());

    // The page that still waits is too late, and so is every further use of the reference.
    let late = alice.enters_password(waiting).await;
    assert_eq!((late.status.as_u16(), late.query("code")), (400, None));
    assert_eq!(alice.browser.get(&url).await.status, 400); // no address to answer: AZ-1
    let returned = alice.browser.get(&redirecting).await;
    assert_eq!(returned.query("error").as_deref(), Some("invalid_request_uri"));
}

#[tokio::test]
async fn a_refusal_is_an_answer_too() {
    let op = TestOp::start().await;
    let rp = op.client("rp").await;
    let mut visitor = op.browser();
    let request_uri = pushes(&rp, &[("prompt", "none")]).await;
    let first = visitor.get(&opens(&rp, &request_uri, &[])).await;
    assert_eq!(first.query("error").as_deref(), Some("login_required"));
    assert_eq!(first.query("state").as_deref(), Some("the pushed state"));
    assert_eq!(visitor.get(&opens(&rp, &request_uri, &[])).await.status, 400);
}

#[tokio::test]
async fn a_reference_is_its_clients_and_lives_a_minute() {
    let op = TestOp::start().await;
    let (rp, other) = (op.client("rp").await, op.client("other").await);
    let mut visitor = op.browser();
    let request_uri = pushes(&rp, &[]).await;
    let address = [("redirect_uri", other.redirect_uri.as_str())];
    let foreign = visitor.get(&opens(&other, &request_uri, &address)).await;
    assert_eq!(foreign.query("error").as_deref(), Some("invalid_request_uri")); // RFC 9126 §4
    assert!(foreign.url.as_str().starts_with(&other.redirect_uri));
    let invented = format!("urn:ietf:params:oauth:request_uri:{}", "x".repeat(43));
    assert_eq!(visitor.get(&opens(&rp, &invented, &[])).await.status, 400);

    assert_eq!(
        visitor.get(&opens(&rp, &request_uri, &[])).await.url.path(),
        "/login"
    );
    op.advance(60);
    assert_eq!(visitor.get(&opens(&rp, &request_uri, &[])).await.status, 400); // AZ-9
}

#[tokio::test]
async fn everything_is_checked_when_it_is_pushed() {
    let op = TestOp::start().await;
    let rp = op.client("rp").await;
    let public = json!({"token_endpoint_auth_method": "none"});
    let public = op.client_with("public", public).await;
    for (error, more) in [
        ("invalid_request", ("redirect_uri", "https://evil.example.test/")),
        ("invalid_request", ("redirect_uri", "")),
        ("invalid_request", ("response_type", "")),
        ("unsupported_response_type", ("response_type", "code id_token")),
        ("invalid_scope", ("scope", "admin")),
        ("invalid_request", ("code_challenge_method", "plain")),
        ("invalid_request", ("prompt", "none login")),
        (
            "invalid_request",
            ("request_uri", "urn:ietf:params:oauth:request_uri:x"),
        ), // RFC 9126 §2.1
    ] {
        let (status, refusal) = rp.posts("/par", &pushed(&rp, &[more])).await;
        assert_eq!((status, &refusal["error"]), (400, &error.into()), "{more:?}");
    }
    let twice = [&pushed(&rp, &[])[..], &[("state", "again")]].concat();
    assert_eq!(rp.posts("/par", &twice).await.0, 400); // G-2

    // The client authenticates as at the token endpoint; one without credentials proves its code.
    let mut stranger = op.client("stranger").await;
    stranger.secret = Some("wrong".into());
    let (status, refusal) = stranger.posts("/par", &pushed(&stranger, &[])).await;
    assert_eq!((status, &refusal["error"]), (401, &"invalid_client".into()));
    let (status, _) = public.posts("/par", &pushed(&public, &[])).await;
    assert_eq!(status, 400); // AZ-5
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let proving = [("code_challenge", challenge), ("code_challenge_method", "S256")];
    pushes(&public, &proving).await;
}

#[tokio::test]
async fn a_client_may_be_held_to_pushing() {
    let op = TestOp::start().await;
    let held = json!({"require_pushed_authorization_requests": true});
    let held = op.client_with("held", held).await;
    let mut visitor = op.browser();
    let back = visitor.get(&url_of(&held, &[])).await;
    assert_eq!(back.query("error").as_deref(), Some("invalid_request")); // RFC 9126 §6
    let request_uri = pushes(&held, &[]).await;
    assert_eq!(
        visitor.get(&opens(&held, &request_uri, &[])).await.url.path(),
        "/login"
    );
}

#[tokio::test]
async fn other_addresses_of_requests_are_refused() {
    let op = TestOp::start().await;
    let rp = op.client("rp").await;
    let mut visitor = op.browser();
    for request_uri in ["https://rp.example.test/request.jwt", "urn:example:x", "x"] {
        let back = visitor.get(&url_of(&rp, &[("request_uri", request_uri)])).await;
        assert_eq!(back.query("error").as_deref(), Some("request_uri_not_supported")); // AZ-8
    }
    let reference = pushes(&rp, &[]).await;
    let twice = format!(
        "{}&request_uri=x",
        opens(&rp, &reference, &[("redirect_uri", &rp.redirect_uri)])
    );
    let back = visitor.get(&twice).await;
    assert_eq!(back.query("error").as_deref(), Some("invalid_request")); // G-2
}

#[tokio::test]
async fn of_many_tabs_one_is_answered() {
    let op = TestOp::start().await;
    let rp = op.client("rp").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let url = opens(&rp, &pushes(&rp, &[]).await, &[]);
    let mut tabs: Vec<_> = (0..20).map(|_| alice.browser.clone()).collect();
    let answers = futures_util::future::join_all(tabs.iter_mut().map(|it| it.get(&url))).await;
    let codes = answers.iter().filter(|it| it.query("code").is_some());
    assert_eq!(codes.count(), 1); // G-8
}
