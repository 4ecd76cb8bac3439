//! Tests signed authentication requests (CIBA §7.1.1).

use super::*;
use crate::support::Signer;

/// A client that registered a key and the signature of its requests.
struct Signing<'a> {
    op: &'a TestOp,
    rp: RelyingParty,
    key: Signer,
}

impl<'a> Signing<'a> {
    async fn start(op: &'a TestOp) -> Self {
        let key = Signer::new("PS256");
        let metadata = json!({"backchannel_authentication_request_signing_alg": "PS256",
            "jwks": {"keys": [key.public()]}});
        let rp = bank_with(op, "bank", metadata).await;
        Self { op, rp, key }
    }

    /// Returns the claims of a good request with `changes` in their place; null leaves a claim out.
    fn claims(&self, changes: Value) -> Value {
        let now = self.op.clock.now().timestamp();
        let mut claims = json!({"iss": "bank", "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 300,
            "jti": itu_account::random::token(), "scope": "openid email", "login_hint": ALICE,
            "binding_message": "1234"});
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .expect("an object")
            .retain(|_, value| !value.is_null());
        claims
    }

    async fn sends(&self, object: &str, beside: &[(&str, &str)]) -> (u16, Value) {
        let mut fields = vec![("request", object)];
        fields.extend(beside);
        self.rp.posts(BACKCHANNEL_AUTHENTICATION, &fields).await
    }
}

#[tokio::test]
async fn a_signed_request_is_as_good_as_a_plain_one() {
    let op = TestOp::start().await;
    let bank = Signing::start(&op).await;
    let mut alice = somebody(&op).await;
    for changes in [
        json!({}),
        json!({"requested_expiry": 300}),
        json!({"requested_expiry": "300"}),
        json!({"scope": "email openid"}),
        json!({"aud": [ISSUER, "https://other.example"]}),
        json!({"acr_values": "https://refeds.org/profile/sfa", "unknown": {"x": 1}}),
    ] {
        let object = bank.key.signs(&bank.claims(changes.clone()));
        let (status, answer) = bank.sends(&object, &[]).await;
        assert_eq!(status, 200, "{changes}: {answer}");
        let wanted = match changes.get("requested_expiry") {
            Some(_) => 300,
            None => 600,
        };
        assert_eq!(answer["expires_in"], wanted, "{changes}"); // CIBA §7.1.1
        alice.answers("allow").await;
        assert_eq!(bank.rp.comes_with(&Given(answer)).await.0, 200);
    }
    let typed = json!({"alg": "PS256", "typ": "oauth-authz-req+jwt"});
    let object = bank.key.signs_as(&typed, &bank.claims(json!({})));
    assert_eq!(bank.sends(&object, &[]).await.0, 200);
}

#[tokio::test]
async fn whatever_is_wrong_with_it_is_an_invalid_request() {
    let op = TestOp::start().await;
    let bank = Signing::start(&op).await;
    somebody(&op).await;
    let now = op.clock.now().timestamp();
    let mut faults = Vec::new();
    for changes in [
        json!({"aud": null}),
        json!({"aud": "https://other.example"}),
        json!({"iss": null}),
        json!({"iss": "shop"}),
        json!({"exp": null}),
        json!({"exp": now - 60}),
        json!({"exp": now + 70 * 60}),
        json!({"iat": null}),
        json!({"nbf": null}),
        json!({"nbf": now + 600}),
        json!({"nbf": now - 70 * 60}),
        json!({"nbf": now - 50 * 60, "exp": now + 20 * 60}), // FAPI-CIBA §5.2.2
        json!({"jti": null}),
        json!({"login_hint": null}),
        json!({"id_token_hint": "x"}),
        json!({"scope": null}),
        json!({"scope": ["openid"]}),
        json!({"requested_expiry": 1.5}),
        json!({"requested_expiry": true}),
    ] {
        faults.push((changes.to_string(), bank.key.signs(&bank.claims(changes))));
    }
    let good = bank.claims(json!({}));
    let other = Signer::new("PS256");
    faults.push(("another's key".into(), other.signs(&good)));
    faults.push(("RS256".into(), bank.key.signs_as(&json!({"alg": "RS256"}), &good)));
    let unsigned = bank.key.signs_as(&json!({"alg": "none"}), &good);
    let unsigned = format!("{}.", unsigned.rsplit_once('.').expect("a JWS").0);
    faults.push(("none".into(), unsigned));
    for (what, object) in faults {
        let (status, answer) = bank.sends(&object, &[]).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!("invalid_request")),
            "{what}"
        ); // CIBA §13
    }
    let object = bank.key.signs(&good);
    let (_, answer) = bank.sends(&object, &[("login_hint", ALICE)]).await;
    assert_eq!(answer["error"], "invalid_request"); // CIBA §7.1.1: nothing beside it
    let plain = bank.rp.is_refused(ALICE, &[]).await;
    assert_eq!(plain, "invalid_request"); // CIBA §4: signed only
    assert_eq!(bank.sends(&object, &[]).await.0, 200);
    let again = bank.sends(&object, &[]).await;
    assert_eq!((again.0, &again.1["error"]), (400, &json!("invalid_request"))); // once
}

#[tokio::test]
async fn a_bad_message_is_refused_as_such() {
    let op = TestOp::start().await;
    let bank = Signing::start(&op).await;
    somebody(&op).await;
    let message = format!(
        "1234 \u{1f44d}\u{1f3ff} 品川 {}",
        "Lorem ipsum dolor sit amet. ".repeat(16)
    );
    let object = bank.key.signs(&bank.claims(json!({"binding_message": message})));
    let (status, answer) = bank.sends(&object, &[]).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("invalid_binding_message"))
    ); // CIBA §13
}
