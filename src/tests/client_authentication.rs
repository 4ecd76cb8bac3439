//! Tests how clients authenticate (RFC 6749 §2.3, RFC 7523; security.md TK-6, TK-7).

use base64::engine::general_purpose::STANDARD;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use serde_json::{Value, json};

use crate::support::protocol::{SECRET, in_parameters};
use crate::support::{TestOp, parameters, visitor};
use itu_account::oidc::client_authentication::{ASSERTION_TYPE, Credentials, authenticate};
use itu_account::oidc::{Code, Parameters};

const ENDPOINT: &str = "https://id.example.test/token";

impl TestOp {
    async fn authenticate(
        &self,
        authorization: Option<&str>,
        parameters: Parameters,
    ) -> Result<String, Code> {
        let credentials = Credentials {
            authorization,
            ..in_parameters(&parameters, ENDPOINT)
        };
        authenticate(&self.app, &visitor(), &credentials)
            .await
            .map(|it| it.id.to_string())
            .map_err(|it| it.code())
    }
}

/// Signs a JWS by the client's own hand.
fn signed(key: &PKey<Private>, claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "EdDSA"}).to_string());
    let signing_input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signer = Signer::new_without_digest(key).expect("a signer");
    let signature = signer
        .sign_oneshot_to_vec(signing_input.as_bytes())
        .expect("signed");
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

#[tokio::test]
async fn a_secret_comes_by_the_registered_way() {
    let op = TestOp::start().await;
    op.insert_client("either", json!({})).await;
    op.insert_client(
        "basic",
        json!({"token_endpoint_auth_method": "client_secret_basic"}),
    )
    .await;
    op.insert_client(
        "post",
        json!({"token_endpoint_auth_method": "client_secret_post"}),
    )
    .await;
    op.insert_client("public", json!({"token_endpoint_auth_method": "none"}))
        .await;
    let post = |id: &'static str| parameters([("client_id", id), ("client_secret", SECRET)]);
    let refused = Err(Code::InvalidClient);

    for id in ["either", "basic"] {
        assert_eq!(
            op.authenticate(Some(&basic(id, SECRET)), Parameters::default())
                .await,
            Ok(id.into())
        );
        let encoded = SECRET.replace('-', "%2D");
        assert_eq!(
            op.authenticate(Some(&basic(id, &encoded)), Parameters::default())
                .await,
            Ok(id.into())
        ); // interoperability.md IO-2
        assert_eq!(
            op.authenticate(Some(&basic(id, "wrong")), Parameters::default())
                .await,
            refused
        );
    }
    for id in ["either", "post"] {
        assert_eq!(op.authenticate(None, post(id)).await, Ok(id.into()));
    }
    assert_eq!(
        op.authenticate(Some(&basic("post", SECRET)), Parameters::default())
            .await,
        refused
    ); // TK-6
    assert_eq!(op.authenticate(None, post("basic")).await, refused);
    assert_eq!(op.authenticate(None, post("public")).await, refused);
    assert_eq!(
        op.authenticate(None, parameters([("client_id", "public")])).await,
        Ok("public".into())
    );
    assert_eq!(
        op.authenticate(Some(&basic("public", "")), Parameters::default())
            .await,
        Ok("public".into())
    );
    for id in ["either", "basic", "post", "unknown"] {
        assert_eq!(
            op.authenticate(None, parameters([("client_id", id)])).await,
            refused
        );
        assert_eq!(
            op.authenticate(Some(&basic(id, "")), Parameters::default()).await,
            refused
        );
    }
}

#[tokio::test]
async fn an_assertion_is_used_once() {
    let op = TestOp::start().await;
    let key = PKey::generate_ed25519().expect("a key");
    let x = URL_SAFE_NO_PAD.encode(key.raw_public_key().expect("its public half"));
    let public = json!({"kty": "OKP", "crv": "Ed25519", "x": x}); // RFC 7517 §4.5: kid is optional
    let metadata = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public]}});
    op.insert_client("signer", metadata).await;
    let assertion = |claims: Value| {
        let mut all = json!({"iss": "signer", "sub": "signer", "aud": "https://id.example.test",
            "iat": op.now().timestamp(), "exp": op.now().timestamp() + 60});
        for (name, value) in claims.as_object().expect("an object") {
            all[name] = value.clone();
        }
        signed(&key, &all)
    };
    let presented = |assertion: &str| {
        parameters([
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ])
    };
    let refused = Err(Code::InvalidClient);

    let one = assertion(json!({"jti": "1"}));
    assert_eq!(op.authenticate(None, presented(&one)).await, Ok("signer".into()));
    assert_eq!(op.authenticate(None, presented(&one)).await, refused); // TK-7
    let endpoint = assertion(json!({"jti": "2", "aud": [ENDPOINT]}));
    assert_eq!(
        op.authenticate(None, presented(&endpoint)).await,
        Ok("signer".into())
    );
    for bad in [
        json!({"jti": "3", "aud": "https://id.example.test/userinfo"}),
        json!({"jti": "4", "sub": "web"}),
        json!({}),
    ] {
        assert_eq!(op.authenticate(None, presented(&assertion(bad))).await, refused);
    }
    // Authlib makes it so: an hour long, and for the token endpoint at every other.
    let long = assertion(json!({"jti": "7", "aud": ENDPOINT, "exp": op.now().timestamp() + 3600}));
    let revocation = "https://id.example.test/revoke";
    let sent = presented(&long);
    let credentials = in_parameters(&sent, revocation);
    let proof = authenticate(&op.app, &visitor(), &credentials).await;
    assert_eq!(proof.expect("RFC 7523 section 3").id.as_str(), "signer");
    assert_eq!(op.authenticate(None, presented(&long)).await, refused); // TK-7
    let late = assertion(json!({"jti": "8", "exp": op.now().timestamp() + 3600}));
    op.advance(311);
    assert_eq!(op.authenticate(None, presented(&long)).await, refused); // it has expired before it is forgotten
    assert_eq!(op.authenticate(None, presented(&late)).await, refused);
    let foreign = PKey::generate_ed25519().expect("a key");
    let claims = json!({"iss": "signer", "sub": "signer", "aud": ENDPOINT, "jti": "5", "exp": op.now().timestamp() + 9});
    let forged = signed(&foreign, &claims);
    assert_eq!(op.authenticate(None, presented(&forged)).await, refused);
    let parallel = assertion(json!({"jti": "6"}));
    let answers =
        futures_util::future::join_all((0..20).map(|_| op.authenticate(None, presented(&parallel)))).await;
    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1); // G-8
}

#[tokio::test]
async fn a_client_whose_clock_is_off_gets_the_reason() {
    // TK-7
    let op = TestOp::start().await;
    let key = PKey::generate_ed25519().expect("a key");
    let x = URL_SAFE_NO_PAD.encode(key.raw_public_key().expect("its public half"));
    let public = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let metadata = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public]}});
    op.insert_client("signer", metadata).await;
    let describes = async |key: &PKey<openssl::pkey::Private>, ahead: i64, aud: &str| {
        let at = op.now().timestamp() + ahead;
        let claims =
            json!({"iss": "signer", "sub": "signer", "aud": aud, "jti": "1", "iat": at, "exp": at + 300});
        let assertion = signed(key, &claims);
        let parameters = parameters([
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ]);
        let credentials = in_parameters(&parameters, ENDPOINT);
        let refused = authenticate(&op.app, &visitor(), &credentials).await;
        refused.expect_err("refused").description().to_owned()
    };
    for (ahead, words) in [(-311, "expired by the clock"), (11, "not valid yet by the clock")] {
        let description = describes(&key, ahead, ENDPOINT).await;
        assert!(description.contains(words), "{description}");
        // A sender that cannot sign for the client gets no such detail. Errors about anything but clocks have none
        // either.
        let foreign = PKey::generate_ed25519().expect("a key");
        assert!(!describes(&foreign, ahead, ENDPOINT).await.contains("clock"));
    }
    assert!(
        !describes(&key, 0, "https://id.example.test/userinfo")
            .await
            .contains("clock")
    );
}
