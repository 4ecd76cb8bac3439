//! Tests that every refusal of a protocol endpoint, made one by one, leaves a line in the log from which the owner of a
//! service finds their mistake: the client, what came, what is registered; and none holds a secret (security.md LG-1,
//! LG-3).

mod authorization;
mod other_endpoints;
mod token;

use axum::http::{HeaderName, HeaderValue, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::support::{ISSUER, Log, PASSWORD, Page, RelyingParty, Signer, TestOp};
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::role::Role;
use itu_account::oidc::client_authentication::ASSERTION_TYPE;
use itu_account::oidc::clients;
use itu_account::oidc::endpoints::{
    AUTHORIZATION, BACKCHANNEL_AUTHENTICATION, DEVICE_AUTHORIZATION, END_SESSION, INTROSPECTION,
    PUSHED_AUTHORIZATION_REQUEST, REGISTRATION, REVOCATION, TOKEN, USERINFO,
};

const FORM: &str = "application/x-www-form-urlencoded";
const CIBA: &str = "urn:openid:params:grant-type:ciba";

type Fields<'a> = &'a [(&'a str, &'a str)];

/// The log, what was expected of it, and the secrets that no line may hold.
struct Watch {
    log: Log,
    secrets: Vec<String>,
    refused: usize,
}

impl Watch {
    fn begin() -> Self {
        Self {
            log: Log::read(),
            secrets: vec![PASSWORD.to_owned()],
            refused: 0,
        }
    }

    fn keeps(&mut self, secret: impl Into<String>) {
        self.secrets.push(secret.into());
    }

    /// Requires one line for the refusal that was just made: it names the client and holds all the words.
    fn refused(&mut self, client: &str, words: &[&str]) {
        let lines = self.log.take();
        let mut refusals = lines
            .iter()
            .filter(|it| it["message"] == "refused" || it["message"] == "ignored");
        let (Some(line), None) = (refusals.next(), refusals.next()) else {
            panic!("one refusal of {words:?}: {lines:#?}");
        };
        let named = line["client"].as_str().unwrap_or_default();
        assert_eq!(named, client, "{words:?}: {line}");
        for word in words {
            let logged = ["error", "cause", "parameter", "received", "registered"];
            let logged = logged.iter().filter_map(|it| line[it].as_str());
            assert!(logged.into_iter().any(|it| it.contains(word)), "{word}: {line}");
        }
        // A person who saw the refusal names it by this reference.
        assert!(
            line["span"]["id"].as_str().is_some_and(|it| it.len() > 20),
            "{line}"
        );
        self.refused += 1;
        for line in &lines {
            let text = line.to_string();
            for secret in &self.secrets {
                assert!(!text.contains(secret.as_str()), "{text}"); // LG-3
            }
        }
    }
}

async fn authorizes(op: &TestOp, fields: Fields<'_>) -> Page {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    op.browser().get(&format!("{AUTHORIZATION}?{query}")).await
}

/// Returns a good authorization request of the client, with changes; an empty value leaves the name out.
fn asks<'a>(rp: &'a RelyingParty, changes: Fields<'a>) -> Vec<(&'a str, &'a str)> {
    let good = [
        ("client_id", rp.id.as_str()),
        ("redirect_uri", rp.redirect_uri.as_str()),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("nonce", "a-nonce"),
    ];
    let mut fields: Vec<_> = good.to_vec();
    fields.retain(|it| changes.iter().all(|change| change.0 != it.0));
    fields.extend(changes.iter().filter(|it| !it.1.is_empty()));
    fields
}

/// Sends a request without the client's own credentials.
async fn sends(op: &TestOp, path: &str, body: &str, headers: &[(&'static str, &str)]) -> Page {
    let mut browser = op.browser();
    browser.headers.insert(
        HeaderName::from_static("content-type"),
        HeaderValue::from_static(FORM),
    );
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("a value");
        browser.headers.insert(HeaderName::from_static(name), value);
    }
    let url = Url::parse(ISSUER).and_then(|it| it.join(path)).expect("a URL");
    browser.once(Method::POST, &url, Some(body.to_owned())).await
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

async fn disabled(op: &TestOp) -> RelyingParty {
    let rp = op.client("closed").await;
    let id = ClientId::new("closed");
    clients::set_enabled(&op.app, &Context::operator(), &id, false)
        .await
        .expect("disabled");
    rp
}

/// Returns the page of the client, or of all clients, as an administrator sees it.
async fn open_page(op: &TestOp, path: &str) -> Page {
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    admin.browser.get(path).await
}

#[tokio::test]
async fn an_administrator_compares_what_came_with_what_is_registered() {
    let op = TestOp::start().await;
    let rp = op.client("shop").await;
    let wrong = "https://shop.example.test/<b>callback</b>";
    let seen = authorizes(&op, &asks(&rp, &[("redirect_uri", wrong)])).await;
    for number in 0..50 {
        let other = format!("https://shop.example.test/{number}");
        authorizes(&op, &asks(&rp, &[("redirect_uri", &other)])).await;
        authorizes(&op, &asks(&rp, &[("client_id", &format!("shop-{number}"))])).await;
    }
    let page = open_page(&op, "/admin/clients/shop").await;
    // LG-1: an outsider cannot fill the trail.
    assert_eq!(page.count_of("#refusals [data-request]"), 1);
    assert_eq!(page.text_of("#refusals .received"), wrong); // IO-9
    assert!(
        page.text_of("#refusals")
            .contains("https://shop.example.test/callback")
    );
    assert!(page.text_of("#refusals").contains(seen.header("x-request-id")));
    assert!(!page.body.contains("<b>callback"), "G-14");

    op.advance(60);
    authorizes(&op, &asks(&rp, &[("redirect_uri", "https://later.example/")])).await;
    let mut admin = op.person_with("second@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let page = admin.browser.get("/admin/clients/shop").await;
    assert_eq!(page.count_of("#refusals [data-request]"), 2);
    assert_eq!(page.text_of("#refusals .received"), "https://later.example/");
    // Requests that name no client are on the page of all of them.
    let page = admin.browser.get("/admin/clients").await;
    assert_eq!(page.text_of("#unknown-clients .received"), "shop-0");
    assert_eq!(page.count_of("#unknown-clients [data-request]"), 1);
}
