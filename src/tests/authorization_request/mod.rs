//! Tests requests and answers beyond the plain code flow, through the front door: tokens from the authorization
//! endpoint, pushed and signed requests, and where and how answers arrive.

mod abuse_authorization;
mod abuse_token;
mod jar;
mod jarm;
mod par;
mod response_types;

use serde_json::{Value, json};

use crate::support::{ISSUER, Page, Person, RelyingParty, Signer, TestOp};
use itu_account::domain::authorization_details::DetailsType;
use itu_account::domain::client::ResponseType;

/// Starts a provider that offers every response type, as a certification requires.
async fn open_provider() -> TestOp {
    TestOp::with(|config| {
        let order = DetailsType {
            members: vec!["document".into()],
            ..DetailsType::default()
        };
        config.authorization.response_types = ResponseType::ALL.to_vec();
        config.authorization.details.insert("order".into(), order);
    })
    .await
}

/// Registers a third party's client for all response types: its ID tokens are lean.
async fn every_type(op: &TestOp) -> RelyingParty {
    let types: Vec<String> = ResponseType::ALL.iter().map(ToString::to_string).collect();
    let metadata = json!({"response_types": types, "id_token_claims": "lean",
        "grant_types": ["authorization_code", "implicit", "refresh_token"]});
    op.client_with("rp", metadata).await
}

/// Returns the address of a request with `more` in place of the plain values; an empty value leaves a name out.
fn url_of(rp: &RelyingParty, more: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("client_id", rp.id.as_str()),
        ("redirect_uri", rp.redirect_uri.as_str()),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "a state"),
        ("nonce", "a-nonce"),
    ];
    pairs.retain(|it| more.iter().all(|other| other.0 != it.0));
    pairs.extend(more.iter().filter(|it| !it.1.is_empty()));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("/authorize?{query}")
}

/// Returns the parameters behind the `#`.
fn fragment(back: &Page) -> Value {
    let fragment = back.url.fragment().unwrap_or_default();
    let pairs = form_urlencoded::parse(fragment.as_bytes()).into_owned();
    Value::Object(pairs.map(|(name, value)| (name, value.into())).collect())
}

/// Returns the parameters in the query.
fn query(back: &Page) -> Value {
    let pairs = back.url.query_pairs().into_owned();
    Value::Object(pairs.map(|(name, value)| (name, value.into())).collect())
}

/// Returns the claims of a JWT that we signed.
fn claims(op: &TestOp, jwt: &Value) -> Value {
    let jwt = jwt.as_str().expect("a JWT");
    op.app.keys.verify_own(jwt, "JWT").expect("our signature")
}
