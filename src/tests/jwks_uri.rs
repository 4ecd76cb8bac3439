//! Tests clients that keep their keys at an address of their own (OpenID Connect Core §10.1.1; security.md DR-3).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use serde_json::{Value, json};

use crate::support::Site;
use crate::support::protocol::in_parameters;
use crate::support::{TestOp, parameters, visitor};
use itu_account::oidc::Code;
use itu_account::oidc::client_authentication::{ASSERTION_TYPE, authenticate};
use itu_account::random;

const ENDPOINT: &str = "https://id.example.test/token";

struct Key {
    private: PKey<Private>,
    kid: Option<&'static str>,
}

impl Key {
    fn new(kid: impl Into<Option<&'static str>>) -> Self {
        Self {
            private: PKey::generate_ed25519().expect("a key"),
            kid: kid.into(),
        }
    }

    fn public(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.private.raw_public_key().expect("its public half"));
        let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig"});
        if let Some(kid) = self.kid {
            jwk["kid"] = kid.into();
        }
        jwk
    }

    fn asserts(&self, op: &TestOp) -> String {
        let mut header = json!({"alg": "EdDSA"});
        if let Some(kid) = self.kid {
            header["kid"] = kid.into();
        }
        let now = op.now().timestamp();
        let claims = json!({"iss": "signer", "sub": "signer", "aud": ENDPOINT, "iat": now, "exp": now + 60,
            "jti": random::id()});
        let encoded = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let input = format!("{}.{}", encoded(&header), encoded(&claims));
        let mut signer = Signer::new_without_digest(&self.private).expect("a signer");
        let signature = signer.sign_oneshot_to_vec(input.as_bytes()).expect("signed");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn set(keys: &[&Key]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|it| it.public()).collect();
    json!({ "keys": keys })
}

async fn signer(site: &Site) -> TestOp {
    let op = TestOp::with(|config| site.is_allowed(config)).await;
    let metadata = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": site.at("/jwks")});
    op.insert_client("signer", metadata).await;
    op
}

impl TestOp {
    async fn is_authenticated_by(&self, key: &Key) -> bool {
        let assertion = key.asserts(self);
        let parameters = parameters([
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ]);
        let credentials = in_parameters(&parameters, ENDPOINT);
        let answer = authenticate(&self.app, &visitor(), &credentials).await;
        match answer {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.code(), Code::InvalidClient);
                false
            }
        }
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_a_new_name() {
    let site = Site::start().await;
    let op = signer(&site).await;
    let (old, new, foreign) = (Key::new("old"), Key::new("new"), Key::new("foreign"));
    site.shows("/jwks", &set(&[&old]));
    assert!(op.is_authenticated_by(&old).await && op.is_authenticated_by(&old).await);
    assert_eq!(site.asked("/jwks"), 1);

    site.shows("/jwks", &set(&[&new]));
    op.advance(20);
    assert!(op.is_authenticated_by(&new).await); // Core §10.1.1: an unknown kid
    assert!(!op.is_authenticated_by(&old).await); // its owner took the key away
    assert_eq!(site.asked("/jwks"), 2);

    // A sender of foreign signatures does not make us fetch the keys each time.
    for _ in 0..5 {
        assert!(!op.is_authenticated_by(&foreign).await);
    }
    assert_eq!(site.asked("/jwks"), 2);
    op.advance(20);
    for _ in 0..5 {
        assert!(!op.is_authenticated_by(&foreign).await);
    }
    assert_eq!(site.asked("/jwks"), 3);
}

#[tokio::test]
async fn a_key_without_a_name_can_be_exchanged_too() {
    let site = Site::start().await;
    let op = signer(&site).await;
    let (old, new) = (Key::new(None), Key::new(None));
    site.shows("/jwks", &set(&[&old]));
    assert!(op.is_authenticated_by(&old).await);
    site.shows("/jwks", &set(&[&new]));
    op.advance(20);
    assert!(op.is_authenticated_by(&new).await);
}

#[tokio::test]
async fn a_key_that_was_taken_away_is_forgotten_soon() {
    let site = Site::start().await;
    let op = signer(&site).await;
    let (old, new) = (Key::new("old"), Key::new("new"));
    site.shows("/jwks", &set(&[&old]));
    assert!(op.is_authenticated_by(&old).await);
    site.shows("/jwks", &set(&[&new]));
    op.advance(601);
    assert!(!op.is_authenticated_by(&old).await);
}

#[tokio::test]
async fn an_outage_is_survived_for_a_day_and_never_remembered() {
    let site = Site::start().await;
    let op = signer(&site).await;
    let key = Key::new("one");
    assert!(!op.is_authenticated_by(&key).await); // 404
    site.shows("/jwks", &set(&[&key]));
    op.advance(20);
    assert!(op.is_authenticated_by(&key).await); // the failure was not kept

    for (status, body) in [
        (500, String::new()),
        (200, "<html>".into()),
        (200, json!({"keys": 1}).to_string()),
    ] {
        site.answers("/jwks", status, &[], body);
        op.advance(3600);
        assert!(op.is_authenticated_by(&key).await); // the last known keys
    }
    op.advance(24 * 3600);
    assert!(!op.is_authenticated_by(&key).await); // but not for ever
}

#[tokio::test]
async fn twenty_assertions_at_once_are_one_request() {
    let site = Site::start().await;
    let op = signer(&site).await;
    let key = Key::new("one");
    site.shows("/jwks", &set(&[&key]));
    let answers = futures_util::future::join_all((0..20).map(|_| op.is_authenticated_by(&key))).await;
    assert!(answers.iter().all(|it| *it));
    assert_eq!(site.asked("/jwks"), 1);
}

#[tokio::test]
async fn an_address_inside_is_never_asked() {
    let site = Site::start().await;
    let op = TestOp::start().await;
    let key = Key::new("one");
    site.shows("/jwks", &set(&[&key]));
    let metadata = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": site.at("/jwks")});
    op.insert_client("signer", metadata).await;
    assert!(!op.is_authenticated_by(&key).await); // DR-3
    assert_eq!(site.asked("/jwks"), 0);
}
