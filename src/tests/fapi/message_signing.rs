//! Tests Message Signing: requests are signed, answers may be (FAPI 2.0 Message Signing §5.3, §5.4).

use super::*;

impl Service<'_> {
    /// Returns a good request object with `changes` in place of its claims; null leaves a claim out.
    fn object(&self, changes: Value) -> Value {
        let now = self.now();
        let mut claims = json!({"iss": self.rp.id, "aud": ISSUER, "client_id": self.rp.id, "iat": now,
            "nbf": now, "exp": now + 300});
        for (name, value) in self.request(&[]) {
            claims[name] = value.into();
        }
        merge(&mut claims, changes);
        claims
    }

    async fn pushes_object(&self, object: &str) -> HttpResponse {
        self.pushes(&pairs(&[("request", object)])).await
    }
}

#[tokio::test]
async fn a_signed_request_is_answered_by_a_signed_response() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2_message_signing").await;
    let mut alice = op.somebody().await;
    let now = bank.now();
    for changes in [
        json!({}),
        json!({"aud": [ISSUER, "https://other.example.test"]}),
        json!({"nbf": now + 8}),
    ] {
        let object = bank.key.signs(&bank.object(changes));
        let back = bank.sends(&mut alice, &pairs(&[("request", &object)])).await;
        assert!(back.query("code").is_some(), "{}", back.url);
    }

    let object = bank.key.signs(&bank.object(json!({"response_mode": "jwt"})));
    let back = bank.sends(&mut alice, &pairs(&[("request", &object)])).await;
    let names: Vec<String> = back.url.query_pairs().map(|it| it.0.into_owned()).collect();
    assert_eq!(names, ["response"]); // JARM §2.3.1
    let jwt = back.query("response").expect("a response");
    let header = crate::support::protocol::header_of(&jwt);
    assert_eq!(header["alg"], "PS256"); // though it registered none
    assert!(header["kid"].is_string());
    let inside = op.app.keys.verify_own(&jwt, "JWT").expect("our signature");
    assert_eq!((&inside["iss"], &inside["aud"]), (&ISSUER.into(), &"bank".into()));
    assert_eq!(inside["state"], "the pushed state");
    let ahead = inside["exp"].as_i64().expect("a time") - now;
    assert!((10..=600).contains(&ahead), "{ahead}");
    let code = inside["code"].as_str().expect("a code");
    assert_eq!(bank.asks(&bank.redemption(code, &[])).await.status(), 200);

    // Refusals are signed alike.
    let object = bank
        .key
        .signs(&bank.object(json!({"response_mode": "jwt", "prompt": "none"})));
    let uri = bank.reference(&pairs(&[("request", &object)])).await;
    let back = op.browser().get(&bank.opens(&uri, &[])).await;
    let jwt = back.query("response").expect("a response");
    let inside = op.app.keys.verify_own(&jwt, "JWT").expect("our signature");
    assert_eq!(inside["error"], "login_required");
}

#[tokio::test]
async fn a_request_without_its_signature_or_its_time_is_refused() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2_message_signing").await;
    let other = op.service("other", "fapi2_message_signing").await;
    let now = bank.now();
    assert_eq!(
        error_of(&bank.pushes(&bank.request(&[])).await),
        refused(400, "invalid_request")
    );
    for bad in [
        json!({"exp": null}),
        json!({"nbf": null}),
        json!({"exp": now - 60}),
        json!({"exp": now + 4200}),
        json!({"nbf": now - 4200}),
        json!({"nbf": now - 1800, "exp": now + 2400}), // §5.3.1: 60 minutes from the one to the other
        json!({"aud": "https://other.example.test"}),
        json!({"aud": format!("{ISSUER}/")}),
        json!({"iss": "other"}),
        json!({"request_uri": "urn:ietf:params:oauth:request_uri:x"}),
    ] {
        let answer = bank
            .pushes_object(&bank.key.signs(&bank.object(bad.clone())))
            .await;
        assert_eq!(error_of(&answer), refused(400, "invalid_request_object"), "{bad}"); // RFC 9101 §7
    }
    let good = bank.object(json!({}));
    let signed = bank.key.signs(&good);
    let (rest, _) = signed.rsplit_once('.').expect("a signature");
    let weak = Signer::new("RS256");
    for bad in [
        other.key.signs(&good),
        format!("{rest}.{}", "A".repeat(342)),
        weak.signs(&good),
        bank.key.signs_as(&json!({"alg": "RS256"}), &good),
        format!("{rest}."),
        unsigned(&good),
    ] {
        let answer = bank.pushes_object(&bad).await;
        assert_eq!(error_of(&answer), refused(400, "invalid_request_object"), "{bad}");
    }
}

/// Returns a JWT with `alg` none.
fn unsigned(claims: &Value) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
    format!("{}.{}.", part(&json!({"alg": "none"})), part(claims))
}
