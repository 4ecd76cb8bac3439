//! Tests webhooks (Standard Webhooks): made by an administrator, signed by a secret that is shown once and can be replaced.

use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::{Value, json};

use super::events::changes_password;
use super::{HEAR, deliver, overview, provider, service, uses};
use crate::support::{ISSUER, Site, TestOp};
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::secret::Secret;
use itu_account::domain::signal::{ReceiverStatus, SignalKind};
use itu_account::oidc::shared_signals::{self as signals, NewWebhook};

async fn webhook(op: &TestOp, site: &Site, client: &str, kinds: Vec<SignalKind>) -> Secret {
    let new = NewWebhook {
        client: ClientId::new(client),
        endpoint: site.at(HEAR),
        kinds,
        description: "the shop".into(),
    };
    let issued = signals::add_webhook(&op.app, &Context::operator(), new).await;
    issued.expect("a webhook").secret
}

/// Verifies the signature as a receiver with this secret does, by OpenSSL.
fn is_signed_by(secret: &Secret, headers: &HeaderMap, body: &str) -> bool {
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    let key = secret.expose().strip_prefix("whsec_").expect("marked");
    let key = PKey::hmac(&STANDARD.decode(key).expect("base64")).expect("a key");
    let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("a signer");
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    signer.update(signed.as_bytes()).expect("signed");
    let expected = format!("v1,{}", STANDARD.encode(signer.sign_to_vec().expect("signed")));
    header("webhook-signature").split(' ').any(|it| it == expected)
}

#[tokio::test]
async fn a_webhook_is_signed_and_its_secret_is_replaced_without_a_gap() {
    let (op, site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    let old = webhook(&op, &site, "shop", vec![]).await;
    let mut alice = op.person("alice@example.org").await;
    let tokens = uses(&mut alice, &mut shop, "openid").await;
    changes_password(&mut alice).await;
    deliver(&op).await;
    let (bodies, headers) = (site.received(HEAR), site.headers(HEAR));
    assert_eq!(bodies.len(), 1);
    assert!(is_signed_by(&old, &headers[0], &bodies[0]));
    let tampered = bodies[0].replace("update", "delete");
    assert!(!is_signed_by(&old, &headers[0], &tampered));
    let said: Value = serde_json::from_str(&bodies[0]).expect("JSON");
    assert_eq!(said["type"], "credential.changed");
    assert_eq!(said["data"]["subject"]["sub"], tokens.claims.subject().as_str());
    assert_eq!(said["data"]["iss"], ISSUER);

    let id = overview(&op, "shop").await.receiver.id;
    let new = signals::rotate_secret(&op.app, &Context::operator(), &id).await;
    let new = new.expect("a secret").secret;
    changes_password(&mut alice).await;
    deliver(&op).await;
    let (bodies, headers) = (site.received(HEAR), site.headers(HEAR));
    for secret in [&old, &new] {
        assert!(is_signed_by(secret, &headers[1], &bodies[1])); // AD-2
    }
    op.advance(7 * 24 * 3600);
    changes_password(&mut alice).await;
    deliver(&op).await;
    let (bodies, headers) = (site.received(HEAR), site.headers(HEAR));
    let last = bodies.len() - 1;
    assert!(!is_signed_by(&old, &headers[last], &bodies[last]));
    assert!(is_signed_by(&new, &headers[last], &bodies[last]));
}

#[tokio::test]
async fn a_webhook_hears_of_what_it_was_made_for_and_stops_when_it_is_gone() {
    let (op, site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    webhook(&op, &site, "shop", vec![SignalKind::CredentialChange]).await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid").await;
    let mut elsewhere = alice.elsewhere(&op);
    elsewhere.logs_in().await;
    changes_password(&mut elsewhere).await; // it ends a session, too
    deliver(&op).await;
    assert_eq!(site.asked(HEAR), 1);
    site.answers(HEAR, 410, &[], "");
    changes_password(&mut elsewhere).await;
    deliver(&op).await;
    let seen = overview(&op, "shop").await;
    assert_eq!(seen.receiver.status, ReceiverStatus::Paused);
    assert!(seen.queue.waiting > 0, "nothing is lost");
    let refused = async |endpoint: &str| {
        let new = NewWebhook {
            client: ClientId::new("shop"),
            endpoint: endpoint.to_owned(),
            kinds: vec![],
            description: String::new(),
        };
        let made = signals::add_webhook(&op.app, &Context::operator(), new).await;
        made.expect_err("refused").to_string()
    };
    for bad in [
        "http://rp.example/",
        "https://127.0.0.1/",
        "https://rp.example:8443/",
        "",
    ] {
        assert!(refused(bad).await.starts_with("endpoint"), "{bad}"); // DR-3
    }
}

#[tokio::test]
async fn nobody_but_an_administrator_makes_one() {
    // EV-6
    let (op, site) = provider().await;
    service(&op, "shop", json!({})).await;
    let new = NewWebhook {
        client: ClientId::new("shop"),
        endpoint: site.at(HEAR),
        kinds: vec![],
        description: String::new(),
    };
    let visitor = crate::support::visitor();
    assert!(signals::add_webhook(&op.app, &visitor, new).await.is_err());
}
