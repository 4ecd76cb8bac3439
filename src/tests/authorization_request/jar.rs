//! Tests request objects (OpenID Connect Core §6, RFC 9101; security.md AZ-7, AZ-8, JW-2).

use super::*;
use crate::support::Site;

/// Registers a client with one key; `more` replaces parts of its registration.
async fn signing(op: &TestOp, alg: &'static str, more: Value) -> (RelyingParty, Signer) {
    let signer = Signer::new(alg);
    let mut metadata = json!({"jwks": {"keys": [signer.public()]}});
    for (name, value) in more.as_object().into_iter().flatten() {
        metadata[name] = value.clone();
    }
    (op.client_with("rp", metadata).await, signer)
}

/// Returns the claims of a whole request, with `more` in their place; null leaves a name out.
fn inside(op: &TestOp, rp: &RelyingParty, more: Value) -> Value {
    let now = op.clock.now().timestamp();
    let mut claims = json!({"iss": rp.id, "aud": ISSUER, "client_id": rp.id, "redirect_uri": rp.redirect_uri,
        "response_type": "code", "scope": "openid email", "state": "inside", "nonce": "n-inside",
        "nbf": now, "exp": now + 300});
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    if let Some(members) = claims.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    claims
}

/// Returns the address of a request with the object; outside are only what OAuth requires, and `more`.
fn carrying(rp: &RelyingParty, object: &str, more: &[(&str, &str)]) -> String {
    let empty = [("redirect_uri", ""), ("state", ""), ("nonce", ""), ("scope", "")];
    let empty = empty.iter().filter(|it| more.iter().all(|other| other.0 != it.0));
    let mut all: Vec<_> = empty.copied().collect();
    all.extend(more);
    all.push(("request", object));
    url_of(rp, &all)
}

#[tokio::test]
async fn each_signature_is_accepted_from_its_key() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        let signer = Signer::new(alg);
        let metadata = json!({"jwks": {"keys": [signer.public()]}, "request_object_signing_alg": alg});
        let rp = op.client_with(&alg.to_lowercase(), metadata).await;
        let object = signer.signs(&inside(&op, &rp, json!({})));
        let back = alice.browser.get(&carrying(&rp, &object, &[])).await;
        assert!(back.query("code").is_some(), "{alg}: {}", back.url);
        assert_eq!(back.query("state").as_deref(), Some("inside")); // RFC 9101 §6.3
    }
}

#[tokio::test]
async fn what_is_inside_goes_before_what_is_outside() {
    let op = TestOp::start().await;
    let (rp, signer) = signing(&op, "ES256", json!({})).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let object = signer.signs(&inside(&op, &rp, json!({"max_age": 3600, "scope": "openid"})));
    let outside = [
        ("state", "outside"),
        ("redirect_uri", "https://evil.example.test/"),
        ("scope", "openid email"),
    ];
    let back = alice.browser.get(&carrying(&rp, &object, &outside)).await;
    assert!(back.url.as_str().starts_with(&rp.redirect_uri), "{}", back.url);
    assert_eq!(back.query("state").as_deref(), Some("inside"));
    let code = back.query("code").expect("a code");
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &rp.redirect_uri),
    ];
    let (_, tokens) = rp.posts("/token", &redeem).await;
    assert_eq!(tokens["scope"], "openid");
    assert_eq!(claims(&op, &tokens["id_token"])["nonce"], "n-inside");

    // OpenID Connect Core §6.1: a parameter that is not inside may stand outside …
    let object = signer.signs(&inside(&op, &rp, json!({"state": null})));
    let back = alice
        .browser
        .get(&carrying(&rp, &object, &[("state", "outside")]))
        .await;
    assert_eq!(back.query("state").as_deref(), Some("outside"));
    // … but not in a request by RFC 9101 (§6.3).
    let header = json!({"alg": "ES256", "typ": "oauth-authz-req+jwt"});
    let object = signer.signs_as(&header, &inside(&op, &rp, json!({"state": null})));
    let back = alice
        .browser
        .get(&carrying(&rp, &object, &[("state", "outside")]))
        .await;
    assert!(
        back.query("code").is_some() && back.query("state").is_none(),
        "{}",
        back.url
    );
}

#[tokio::test]
async fn what_the_client_did_not_sign_is_refused() {
    let op = TestOp::start().await;
    let (rp, signer) = signing(&op, "RS256", json!({"request_object_signing_alg": "RS256"})).await;
    let good = inside(&op, &rp, json!({}));
    let mut visitor = op.browser();
    let secret = rp.secret.clone().expect("a secret");
    let unsigned = |it: &str| format!("{}.", it.rsplit_once('.').expect("three parts").0);
    let other = op
        .client_with(
            "other",
            json!({"jwks": {"keys": [Signer::new("ES256").public()]}}),
        )
        .await;
    let header = |alg: &str| json!({"alg": alg});
    for (why, object) in [
        ("another key", Signer::new("RS256").signs(&good)),
        (
            "another algorithm of the key",
            signer.signs_as(&header("PS256"), &good),
        ),
        ("none", unsigned(&signer.signs_as(&header("none"), &good))),
        ("none, signed", signer.signs_as(&header("none"), &good)),
        ("HMAC by the secret", hmac(secret.as_bytes(), &good)),
        (
            "HMAC by the public key",
            hmac(signer.public()["n"].as_str().expect("text").as_bytes(), &good),
        ),
        (
            "another type",
            signer.signs_as(&json!({"alg": "RS256", "typ": "dpop+jwt"}), &good),
        ),
        (
            "a key in its header",
            signer.signs_as(&json!({"alg": "RS256", "kid": "x"}), &good),
        ),
        ("no JWT", "x".to_owned()),
        ("encrypted", "a.b.c.d.e".to_owned()),
        (
            "another client",
            signer.signs(&inside(&op, &rp, json!({"client_id": "other"}))),
        ),
        (
            "another issuer",
            signer.signs(&inside(&op, &rp, json!({"iss": "other"}))),
        ),
        (
            "another audience",
            signer.signs(&inside(&op, &rp, json!({"aud": "https://other.example"}))),
        ),
        (
            "expired",
            signer.signs(&inside(
                &op,
                &rp,
                json!({"exp": good["nbf"].as_i64().expect("a time") - 60}),
            )),
        ),
        (
            "for too long",
            signer.signs(&inside(
                &op,
                &rp,
                json!({"exp": good["exp"].as_i64().expect("a time") + 4200}),
            )),
        ),
        (
            "a request inside",
            signer.signs(&inside(&op, &rp, json!({"request": "x"}))),
        ),
        (
            "a reference inside",
            signer.signs(&inside(&op, &rp, json!({"request_uri": "x"}))),
        ),
        (
            "an assertion",
            signer.signs(&inside(&op, &rp, json!({"sub": rp.id}))),
        ),
        (
            "another response type",
            signer.signs(&inside(&op, &rp, json!({"response_type": "id_token"}))),
        ),
        (
            "a number for text",
            signer.signs(&inside(&op, &rp, json!({"state": 1}))),
        ),
    ] {
        let outside = [("redirect_uri", rp.redirect_uri.as_str()), ("state", "outside")];
        let back = visitor.get(&carrying(&rp, &object, &outside)).await;
        assert_eq!(
            back.query("error").as_deref(),
            Some("invalid_request_object"),
            "{why}: {}",
            back.url
        );
        assert_eq!(back.query("state").as_deref(), Some("outside"), "{why}");
        // AZ-1: without an address outside no redirect is possible.
        assert_eq!(
            visitor.get(&carrying(&rp, &object, &[])).await.status,
            400,
            "{why}"
        );
    }
    let object = signer.signs(&inside(&op, &other, json!({})));
    let outside = [("redirect_uri", other.redirect_uri.as_str())];
    let back = visitor.get(&carrying(&other, &object, &outside)).await;
    assert_eq!(back.query("error").as_deref(), Some("invalid_request_object"));
    // Parameters inside are checked like parameters outside.
    for (error, more) in [
        ("invalid_request", json!({"prompt": "none login"})),
        (
            "unsupported_response_type",
            json!({"response_type": "code token"}),
        ),
        ("invalid_scope", json!({"scope": "admin"})),
    ] {
        let response_type = more["response_type"].as_str().unwrap_or("code").to_owned();
        let object = signer.signs(&inside(&op, &rp, more));
        let back = visitor
            .get(&carrying(&rp, &object, &[("response_type", &response_type)]))
            .await;
        let answer = if response_type == "code" {
            query(&back)
        } else {
            fragment(&back)
        };
        assert_eq!(
            (&answer["error"], &answer["state"]),
            (&error.into(), &"inside".into())
        );
    }
    let object = signer.signs(&inside(
        &op,
        &rp,
        json!({"redirect_uri": "https://evil.example.test/"}),
    ));
    assert_eq!(visitor.get(&carrying(&rp, &object, &[])).await.status, 400); // AZ-1
    let twice = format!(
        "{}&state=a&state=b",
        carrying(&rp, &object, &[("redirect_uri", &rp.redirect_uri)])
    );
    assert_eq!(
        visitor.get(&twice).await.query("error").as_deref(),
        Some("invalid_request")
    ); // G-2
}

/// Signs by HS256 with any key.
fn hmac(key: &[u8], claims: &Value) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use hmac::{Hmac, Mac};
    let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
    let input = format!("{}.{}", part(&json!({"alg": "HS256"})), part(claims));
    let mut mac = <Hmac<sha2::Sha256> as Mac>::new_from_slice(key).expect("a key");
    mac.update(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn unsigned_is_for_who_is_registered_so() {
    let op = TestOp::start().await;
    let none = op
        .client_with("none", json!({"request_object_signing_alg": "none"}))
        .await;
    let (rp, signer) = signing(&op, "ES256", json!({})).await;
    let unsigned = |rp: &RelyingParty, more: Value| {
        let signed = signer.signs_as(&json!({"alg": "none"}), &inside(&op, rp, more));
        format!("{}.", signed.rsplit_once('.').expect("three parts").0)
    };
    let mut visitor = op.browser();
    let page = visitor
        .get(&carrying(&none, &unsigned(&none, json!({})), &[]))
        .await;
    assert_eq!(page.url.path(), "/login");
    let silent = unsigned(&none, json!({"prompt": "none", "iss": null, "aud": null}));
    let back = visitor.get(&carrying(&none, &silent, &[])).await;
    assert_eq!(back.query("state").as_deref(), Some("inside")); // RFC 9101 §6.3: in errors too
    let outside =
        |rp: &RelyingParty, object: &str| carrying(rp, object, &[("redirect_uri", rp.redirect_uri.as_str())]);
    for url in [
        outside(&none, &signer.signs(&inside(&op, &none, json!({})))), // registered is registered
        outside(&rp, &unsigned(&rp, json!({}))),
    ] {
        let back = visitor.get(&url).await;
        assert_eq!(
            back.query("error").as_deref(),
            Some("invalid_request_object"),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_client_may_be_held_to_signing() {
    let op = TestOp::start().await;
    let (rp, signer) = signing(&op, "PS256", json!({"require_signed_request_object": true})).await;
    let mut visitor = op.browser();
    let back = visitor.get(&url_of(&rp, &[])).await;
    assert_eq!(back.query("error").as_deref(), Some("invalid_request")); // RFC 9101 §10.5
    let plain = [
        ("redirect_uri", rp.redirect_uri.as_str()),
        ("response_type", "code"),
        ("scope", "openid"),
    ];
    let (status, refusal) = rp.posts("/par", &plain).await;
    assert_eq!((status, &refusal["error"]), (400, &"invalid_request".into()));

    // Everything is inside; nothing is read from the outside.
    let object = signer.signs(&inside(&op, &rp, json!({})));
    let page = visitor
        .get(&carrying(&rp, &object, &[("response_type", "")]))
        .await;
    assert_eq!(page.url.path(), "/login");
}

#[tokio::test]
async fn an_object_is_pushed_once_and_alone() {
    let op = TestOp::start().await;
    let (rp, signer) = signing(&op, "EdDSA", json!({})).await;
    let mut alice = op.person("alice@example.org").await;
    let object = signer.signs(&inside(&op, &rp, json!({"jti": "one", "state": null})));
    let fields = [
        ("request", object.as_str()),
        ("state", "outside"),
        ("scope", "openid profile"),
    ];
    let (status, answer) = rp.posts("/par", &fields).await;
    assert_eq!(status, 201, "{answer}");
    let (status, refusal) = rp.posts("/par", &fields).await;
    assert_eq!(
        (status, &refusal["error"]),
        (400, &"invalid_request_object".into())
    );

    let uri = answer["request_uri"].as_str().expect("a reference");
    let url = url_of(&rp, &[("request_uri", uri), ("state", "outside")]);
    let back = alice.goes_through(&url).await;
    assert!(back.query("code").is_some(), "{}", back.url);
    assert_eq!(back.query("state"), None); // RFC 9126 §3: outside of the object nothing counts
    for more in [
        json!({"redirect_uri": null}),
        json!({"response_type": null}),
        json!({"aud": "x"}),
    ] {
        let object = signer.signs(&inside(&op, &rp, more.clone()));
        let (status, _) = rp
            .posts(
                "/par",
                &[("request", &object), ("redirect_uri", &rp.redirect_uri)],
            )
            .await;
        assert_eq!(status, 400, "{more}");
    }
    let both = url_of(&rp, &[("request", "x"), ("request_uri", uri)]);
    assert_eq!(
        alice.browser.get(&both).await.query("error").as_deref(),
        Some("invalid_request")
    );
}

#[tokio::test]
async fn an_object_is_fetched_from_a_registered_address_only() {
    let site = Site::start().await;
    let op = TestOp::with(|config| {
        config.authorization.request_uri = true;
        site.is_allowed(config);
    })
    .await;
    let address = format!("{}#v1", site.at("/request.jwt"));
    let (rp, signer) = signing(&op, "RS256", json!({"request_uris": [address]})).await;
    let jwt = [("content-type", "application/jwt")];
    site.answers(
        "/request.jwt",
        200,
        &jwt,
        signer.signs(&inside(&op, &rp, json!({}))),
    );
    let mut visitor = op.browser();
    let asks = |uri: &str| url_of(&rp, &[("request_uri", uri), ("state", ""), ("nonce", "")]);

    assert_eq!(visitor.get(&asks(&address)).await.url.path(), "/login");
    assert_eq!(site.asked("/request.jwt"), 1);
    for other in [
        site.at("/request.jwt"),
        site.at("/other.jwt"),
        format!("{address}2"),
    ] {
        let back = visitor.get(&asks(&other)).await;
        assert_eq!(
            back.query("error").as_deref(),
            Some("invalid_request_uri"),
            "{other}"
        ); // AZ-8
    }
    assert_eq!(site.asked("/request.jwt"), 1);
    site.answers("/request.jwt", 200, &jwt, "nonsense");
    let back = visitor.get(&asks(&address)).await;
    assert_eq!(back.query("error").as_deref(), Some("invalid_request_object"));
    let page = visitor.get("/.well-known/openid-configuration").await;
    let metadata: Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!(metadata["request_uri_parameter_supported"], true);
}
