//! Tests that a service is given exactly what the consent page lists, everywhere and as long as the consent lasts
//! (security.md AZ-13, G-6, G-8, G-10), through the front door.

use axum::http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use url::Url;

use crate::support::{ISSUER, Page, RelyingParty, TestOp};
use itu_account::domain::ClientId;
use itu_account::storage::consents;

const CLAIMS: &str = r#"{"userinfo": {"email": null, "name": null, "job_title": {"essential": true}},
    "id_token": {"given_name": null, "email": null}}"#;

async fn guest(op: &TestOp) -> RelyingParty {
    op.client_with("guest", json!({ "first_party": false })).await
}

/// Returns the claims that a page lists one by one.
fn listed(page: &Page) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let items = scraper::Selector::parse("[data-claim]").expect("a selector");
    let names = html.select(&items).filter_map(|it| it.attr("data-claim"));
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_claim_asked_for_by_name_is_listed_and_withheld_once_it_is_not_granted() {
    let op = TestOp::start().await;
    let mut rp = guest(&op).await;
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid offline_access", &[("claims", CLAIMS)]);
    let login = alice.browser.get(&url).await;
    let page = alice.enters_password(login).await;
    assert_eq!(page.url.path(), "/consent");
    assert_eq!(listed(&page), ["name", "given_name", "email", "job_title"]); // AZ-13
    assert!(page.text().contains("Your job title"));
    let back = alice
        .browser
        .send(page.form(&["decision=allow"]).press("decision", "allow"))
        .await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    let returned = rp.claims(&tokens.access_token).await;
    assert_eq!(returned["email"], "alice@example.org");
    assert_eq!(returned["job_title"], "Engineer");
    assert!(tokens.claims.given_name().is_some());
    // The person can still see later what was granted.
    let services = alice.browser.get("/account/services").await;
    assert_eq!(listed(&services).len(), 4);

    // AZ-13, G-10: after a consent whose page did not list them, the claims are not returned.
    let account = op.find_account("alice@example.org").await.id;
    let client = ClientId::new("guest");
    let mut consent = consents::find(op.app.db.read(), &account, &client)
        .await
        .expect("a row")
        .expect("a consent");
    consent.claims.clear();
    consents::put(&op.app.db, &consent).await.expect("put");
    let personal = ["email", "name", "job_title", "given_name"];
    let returned = rp.claims(&tokens.access_token).await;
    assert!(personal.iter().all(|it| returned.get(it).is_none()), "{returned}");
    let refresh = tokens.refresh_token.expect("a refresh token");
    let again = rp.refreshes(&refresh).await.expect("tokens");
    assert!(again.claims.given_name().is_none() && again.claims.email().is_none());
    let returned = rp.claims(&again.access_token).await;
    assert!(personal.iter().all(|it| returned.get(it).is_none()), "{returned}");
    // The provider asks for the claims before it returns them.
    let url = rp.authorization_url("openid", &[("claims", CLAIMS), ("prompt", "none")]);
    let silent = alice.browser.get(&url).await;
    assert_eq!(silent.query("error").as_deref(), Some("consent_required"));
}

#[tokio::test]
async fn a_claim_that_is_no_longer_registered_is_not_given() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await; // of the house: nobody is asked
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid", &[("claims", CLAIMS)]);
    let back = alice.goes_through(&url).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    assert_eq!(rp.claims(&tokens.access_token).await["job_title"], "Engineer");

    let before = op.app.registry.find("events").expect("a client");
    let context = itu_account::domain::actor::Context::operator();
    let mut update = itu_account::oidc::clients::Update::of(&before);
    update.definition.metadata.scope =
        itu_account::domain::scope::Scope::parse("openid profile email offline_access").expect("a scope");
    itu_account::oidc::clients::update(&op.app, &context, update)
        .await
        .expect("changed");

    let returned = rp.claims(&tokens.access_token).await;
    assert!(returned.get("job_title").is_none(), "{returned}"); // AZ-14, G-10
    assert_eq!(returned["email"], "alice@example.org");
}

#[tokio::test]
async fn consent_does_not_count_while_a_login_is_due() {
    let op = TestOp::start().await;
    let mut rp = guest(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    op.advance(5);
    for more in [("prompt", "login"), ("max_age", "1")] {
        let consent = alice.browser.get(&rp.authorization_url("openid", &[])).await;
        let form = consent.form(&["decision=allow"]).press("decision", "allow");
        // The form is of this browser, its handle of a request that requires the password first.
        let due = alice.browser.get(&rp.authorization_url("openid", &[more])).await;
        assert_eq!(due.url.path(), "/login");
        let handle = due.query("request").expect("a handle");
        let page = alice.browser.send(form.with("request", &handle)).await;
        assert_eq!(page.url.path(), "/login", "{more:?}"); // G-6
        let url = rp.authorization_url("openid", &[("prompt", "none")]);
        let silent = alice.browser.get(&url).await;
        assert_eq!(
            silent.query("error").as_deref(),
            Some("consent_required"),
            "{more:?}"
        );
    }
}

#[tokio::test]
async fn a_request_by_post_is_answered_once() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let url = Url::parse(&rp.authorization_url("openid", &[])).expect("a URL");
    let body = url.query().expect("parameters").to_owned();
    alice
        .browser
        .headers
        .insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    let origin = HeaderValue::from_static("https://web.example.test");
    alice.browser.headers.insert(header::ORIGIN, origin);
    let endpoint = Url::parse(&format!("{ISSUER}/authorize")).expect("a URL");
    let kept = alice.browser.once(Method::POST, &endpoint, Some(body)).await;
    let next = kept.header("location").to_owned();
    let mut codes = 0;
    for _ in 0..3 {
        codes += usize::from(alice.browser.get(&next).await.query("code").is_some());
    }
    assert_eq!(codes, 1); // G-8
}

/// Tests that every claim that can be asked for has a name on the page.
#[test]
fn every_claim_has_a_name_in_every_language() {
    for language in ["ar", "en", "es", "fr", "ru", "zh"] {
        let path = format!("{}/templates/locales/{language}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a catalogue");
        let catalogue: Value = serde_json::from_str(&text).expect("JSON");
        for claim in itu_account::domain::claim::BY_SCOPE.iter().flat_map(|it| it.1) {
            assert!(
                catalogue.get(format!("claim.{claim}")).is_some(),
                "{language}: {claim}"
            );
        }
    }
}
