//! Tests the room from an authorization request to its answer: which step comes next, who consents, which person a
//! policy refuses, which claims are returned. The front door's own part is tested in `authorization_request` and
//! `journeys`.

mod acr;
mod claims;
mod consent;
mod steps;

use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::Value;

use crate::support::protocol::{CALLBACK, SignedIn};
use crate::support::{TestOp, visitor};
use itu_account::domain::authorization::AuthorizationRequest;
use itu_account::domain::client::Client;
use itu_account::domain::session::Session;
use itu_account::oidc::RequestPairs;
use itu_account::oidc::authorization::interaction::{self, Step};
use itu_account::oidc::authorization::request::{self, RawRequest, Rejection};

const BROWSER: &str = "the cookie of a browser";

/// Returns an accepted request; `more` is added to the plain one.
fn accepts(op: &TestOp, client: &Client, more: &[(&str, &str)]) -> AuthorizationRequest {
    let mut pairs = vec![
        ("client_id", client.id.as_str()),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("state", "s"),
    ];
    if more.iter().all(|it| it.0 != "scope") {
        pairs.push(("scope", "openid email"));
    }
    pairs.extend(more);
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let raw = RawRequest::new(RequestPairs::of_query(pairs.collect()));
    let accepted = request::accept(&op.app, &visitor(), &raw).now_or_never();
    match accepted.expect("a plain request waits for nothing") {
        Ok(request) => request,
        Err(Rejection::Page(error)) => panic!("{error}"),
        Err(Rejection::Answer(answer)) => panic!("{:?}", answer.parameters),
    }
}

async fn next(op: &TestOp, request: &AuthorizationRequest, person: Option<&SignedIn>) -> Step {
    let person = person.map(|it| (&it.session, &it.account));
    interaction::begin(&op.app, request, person)
        .await
        .expect("a step")
}

/// Returns the same person, after the password was entered once more.
fn again(op: &TestOp, person: &SignedIn) -> SignedIn {
    SignedIn {
        account: person.account.clone(),
        session: Session {
            authenticated_at: op.now(),
            ..person.session.clone()
        },
    }
}

/// Returns the parameter of an answer under a name.
fn answered(step: &Step, name: &str) -> Option<String> {
    match step {
        Step::Answer(answer) => {
            let found = answer.parameters.iter().find(|it| it.0 == name);
            found.map(|it| it.1.clone())
        }
        other => panic!("no answer: {other:?}"),
    }
}

fn is_code(step: &Step) -> bool {
    matches!(step, Step::Answer(_)) && answered(step, "code").is_some()
}

/// Registers a third party's service, which asks people for consent.
async fn third_party(op: &TestOp, more: Value) -> Arc<Client> {
    let mut metadata = serde_json::json!({"client_name": "Others",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile email offline_access itu_membership"});
    for (name, value) in more.as_object().into_iter().flatten() {
        metadata[name] = value.clone();
    }
    op.insert_client("others", metadata).await
}
