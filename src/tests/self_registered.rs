//! Clients that registered themselves: what nobody vouched for is no open redirector (security.md AZ-13) and no
//! way to have the Union speak to strangers (DV-3, DR-7).

use serde_json::json;

use super::support::{ISSUER, Page, RelyingParty, TestOp};
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::domain::client::Origin;
use crate::oidc::clients;

const CALLBACK: &str = "https://tracker.example.test/cb";
const OTHER: &str = "https://elsewhere.example.test/cb";

async fn tracker(op: &TestOp) -> RelyingParty {
    let metadata = json!({"client_name": "Tracker", "redirect_uris": [CALLBACK, OTHER], "scope": "openid email",
        "grant_types": ["authorization_code"]});
    let metadata = serde_json::from_value(metadata).expect("metadata");
    let (id, context) = (ClientId::new("tracker"), Context::operator());
    let made = clients::add(&op.app, &context, Some(id), metadata, Origin::Registration, None).await;
    let secret = made.expect("a client").secret.map(|it| it.expose().to_owned());
    RelyingParty::discover(op.router.clone(), "tracker", secret, CALLBACK.to_owned()).await
}

/// The page in place of a redirect, with the way back.
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
        let code = match signed_in {
            true => "consent_required",
            false => "login_required",
        };
        let page = alice.browser.get(&asks(&mut rp, &[("prompt", "none")])).await;
        is_asked_first(&page, code);
        // By form_post the answer is a form that does not send itself.
        let more = [("prompt", "none"), ("response_mode", "form_post")];
        let page = alice.browser.get(&asks(&mut rp, &more)).await;
        is_asked_first(&page, code);
        let form = page.form(&["error", "state", "iss"]);
        assert_eq!(form.action.as_str(), CALLBACK);
        assert!(!page.body.contains("submit()"));
        // By POST.
        let url = url::Url::parse(&asks(&mut rp, &[("scope", "nonsense")])).expect("a URL");
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let fields: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        is_asked_first(&alice.browser.post("/authorize", &fields).await, "invalid_scope");
    }
}

/// The address of a request in which `more` replaces what a good one has.
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
        // Another host of the same client is another matter.
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
    let mut metadata = op
        .app
        .registry
        .find("tracker")
        .expect("a client")
        .metadata
        .clone();
    metadata.post_logout_redirect_uris = vec![bye.to_owned()];
    let id = ClientId::new("tracker");
    clients::update(&op.app, &context, &id, metadata)
        .await
        .expect("changed");
    // Whoever registered the client has a token of their own to make such a link with.
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
