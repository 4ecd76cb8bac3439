//! Tests tokens bound to a key (RFC 9449, security.md TK-10), through the front door, with proofs as clients make them
//! and as they must not.

use openidconnect::HttpResponse;
use serde_json::{Value, json};

use crate::support::{ISSUER, Person, Prover, RelyingParty, Signer, TestOp};
use itu_account::config::Rate;
use itu_account::oidc::endpoints::{
    DEVICE_AUTHORIZATION, INTROSPECTION, PUSHED_AUTHORIZATION_REQUEST, TOKEN, USERINFO,
};

const OFFLINE: &str = "openid email offline_access";

impl Prover<'_> {
    async fn calls_userinfo(&self, rp: &RelyingParty, token: &str) -> HttpResponse {
        let proof = self.proves("GET", USERINFO, Some(token));
        let scheme = format!("DPoP {token}");
        rp.gets(USERINFO, &[("authorization", &scheme), ("dpop", &proof)])
            .await
    }

    async fn redeems(&self, rp: &RelyingParty, code: &str) -> HttpResponse {
        let proof = self.proves("POST", TOKEN, None);
        rp.posts_with(TOKEN, &rp.redemption(code), &[("dpop", &proof)])
            .await
    }

    async fn refreshes(&self, rp: &RelyingParty, tokens: &Value) -> HttpResponse {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().expect("one")),
        ];
        let proof = self.proves("POST", TOKEN, None);
        rp.posts_with(TOKEN, &fields, &[("dpop", &proof)]).await
    }
}

fn json_of(answer: &HttpResponse) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

fn error_of(answer: &HttpResponse) -> (u16, String) {
    let error = json_of(answer)["error"].as_str().unwrap_or_default().to_owned();
    (answer.status().as_u16(), error)
}

fn refused(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

async fn somebody(op: &TestOp) -> Person {
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    alice
}

#[tokio::test]
async fn a_bound_token_is_worth_nothing_without_its_key() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = somebody(&op).await;
    let key = Prover::new(&op);
    let code = alice.logs_in_at(&mut rp, OFFLINE).await;
    let tokens = json_of(&key.redeems(&rp, &code).await);
    let access = tokens["access_token"].as_str().expect("an access token");

    assert_eq!(tokens["token_type"], "DPoP");
    let userinfo = key.calls_userinfo(&rp, access).await;
    assert_eq!(json_of(&userinfo)["email"], "alice@example.org");
    let (_, returned) = rp.posts(INTROSPECTION, &[("token", access)]).await;
    assert_eq!(returned["token_type"], "DPoP");
    assert_eq!(returned["cnf"]["jkt"], key.thumbprint());

    // TK-10
    assert_eq!(
        error_of(&rp.get(USERINFO, access).await),
        refused(401, "invalid_token")
    );
    let thief = Prover::new(&op);
    assert_eq!(
        error_of(&thief.calls_userinfo(&rp, access).await),
        refused(401, "invalid_token")
    );
    let scheme = format!("DPoP {access}");
    let unproved = rp.gets(USERINFO, &[("authorization", &scheme)]).await;
    assert_eq!(error_of(&unproved), refused(401, "invalid_dpop_proof"));
    let challenge = unproved.headers()["www-authenticate"].to_str().expect("ASCII");
    assert!(
        challenge.starts_with("DPoP ") && challenge.contains("algs=\"ES256 PS256 EdDSA\""),
        "{challenge}"
    ); // RFC 9449 §7.1
    let bearer = rp
        .posts_with(TOKEN, &[("grant_type", "client_credentials")], &[])
        .await;
    assert_ne!(json_of(&bearer)["token_type"], "DPoP");
}

#[tokio::test]
async fn a_proof_is_for_one_request_and_one_use() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = somebody(&op).await;
    let key = Prover::new(&op);
    let code = alice.logs_in_at(&mut rp, OFFLINE).await;
    let tokens = json_of(&key.redeems(&rp, &code).await);
    let access = tokens["access_token"].as_str().expect("an access token");
    let scheme = format!("DPoP {access}");
    let asks = async |proof: &str| {
        let headers = [("authorization", scheme.as_str()), ("dpop", proof)];
        rp.gets(USERINFO, &headers).await
    };
    let good = key.claims("GET", USERINFO, Some(access));
    let proof = key.signer.signs_as(&key.header(), &good);
    assert_eq!(asks(&proof).await.status(), 200);
    assert_eq!(error_of(&asks(&proof).await), refused(401, "invalid_dpop_proof")); // replay

    let now = op.clock.now().timestamp();
    for (name, value) in [
        ("htm", json!("POST")),
        ("htu", json!(format!("{ISSUER}{TOKEN}"))),
        ("iat", json!(now - 3600)),
        ("iat", json!(now + 3600)),
        ("iat", Value::Null),
        ("jti", Value::Null),
        ("ath", Value::Null),
        ("ath", json!("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo")),
    ] {
        let mut claims = key.claims("GET", USERINFO, Some(access));
        claims[name] = value.clone();
        let proof = key.signer.signs_as(&key.header(), &claims);
        assert_eq!(
            error_of(&asks(&proof).await),
            refused(401, "invalid_dpop_proof"),
            "{name} {value}"
        ); // TK-10
    }
    let mut private = key.header();
    private["jwk"]["d"] = "AAAA".into();
    let mut other_type = key.header();
    other_type["typ"] = "JWT".into();
    let mut other_alg = key.header();
    other_alg["alg"] = "RS256".into();
    let mut unsigned = key.header();
    unsigned["alg"] = "none".into();
    let keyless = json!({"typ": "dpop+jwt", "alg": "ES256"});
    let mut foreign = key.header();
    foreign["jwk"] = Signer::new("ES256").public();
    for header in [private, other_type, other_alg, unsigned, keyless, foreign] {
        let claims = key.claims("GET", USERINFO, Some(access));
        let proof = key.signer.signs_as(&header, &claims);
        assert_eq!(
            error_of(&asks(&proof).await),
            refused(401, "invalid_dpop_proof"),
            "{header}"
        ); // TK-10, JW-4, JW-6
    }
    for malformed in ["", "x", "a.b", "a.b.c", "é"] {
        assert_eq!(
            error_of(&asks(malformed).await),
            refused(401, "invalid_dpop_proof"),
            "{malformed}"
        );
    }
    let (one, two) = (
        key.proves("GET", USERINFO, Some(access)),
        key.proves("GET", USERINFO, Some(access)),
    );
    let headers = [("authorization", scheme.as_str()), ("dpop", &one), ("dpop", &two)];
    let twice = rp.gets(USERINFO, &headers).await;
    assert_eq!(error_of(&twice), refused(401, "invalid_dpop_proof"));
}

#[tokio::test]
async fn a_code_is_bound_to_the_key_that_was_named_or_pushed() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = somebody(&op).await;
    let (key, other) = (Prover::new(&op), Prover::new(&op));
    let jkt = key.thumbprint();
    for (redeemer, good) in [(&other, false), (&key, true)] {
        let url = rp.authorization_url("openid", &[("dpop_jkt", &jkt)]);
        let back = alice.goes_through(&url).await;
        let code = rp.takes(&back);
        let answer = redeemer.redeems(&rp, &code).await;
        assert_eq!(answer.status() == 200, good, "{:?}", json_of(&answer)); // TK-1
    }
    let unproved = rp.authorization_url("openid", &[("dpop_jkt", &jkt)]);
    let code = rp.takes(&alice.goes_through(&unproved).await);
    let (status, answer) = rp.posts(TOKEN, &rp.redemption(&code)).await;
    assert_eq!((status, answer["error"].as_str()), (400, Some("invalid_grant")));

    // RFC 9449 §10.1
    let url = rp.authorization_url("openid", &[]);
    let url = url::Url::parse(&url).expect("a URL");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut fields: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let proof = key.proves("POST", PUSHED_AUTHORIZATION_REQUEST, None);
    let pushed = rp
        .posts_with(PUSHED_AUTHORIZATION_REQUEST, &fields, &[("dpop", &proof)])
        .await;
    assert_eq!(pushed.status(), 201, "{:?}", json_of(&pushed));
    let pushed = json_of(&pushed);
    let uri = pushed["request_uri"].as_str().expect("a reference");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", "web"), ("request_uri", uri)])
        .finish();
    let code = rp.takes(&alice.goes_through(&format!("/authorize?{query}")).await);
    assert_eq!(
        error_of(&other.redeems(&rp, &code).await),
        refused(400, "invalid_grant")
    );
    let elsewhere = other.thumbprint();
    fields.push(("dpop_jkt", &elsewhere));
    let proof = key.proves("POST", PUSHED_AUTHORIZATION_REQUEST, None);
    let mismatched = rp
        .posts_with(PUSHED_AUTHORIZATION_REQUEST, &fields, &[("dpop", &proof)])
        .await;
    assert_eq!(error_of(&mismatched), refused(400, "invalid_dpop_proof"));
}

#[tokio::test]
async fn proofs_that_anybody_can_make_are_remembered_within_limits() {
    // DS-3
    let op = TestOp::with(|it| it.limits.interactions = vec![Rate::new(5, 600)]).await;
    let public = json!({"token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true});
    let spa = op.client_with("spa", public).await;
    let (web, key) = (op.client("web").await, Prover::new(&op));
    let made_up = json!({"refresh_token": "rt_x"});
    for _ in 0..5 {
        assert_eq!(
            error_of(&key.refreshes(&spa, &made_up).await),
            refused(400, "invalid_grant")
        );
    }
    assert_eq!(key.refreshes(&spa, &made_up).await.status(), 429);
    // A client that authenticates is not subject to that limit.
    assert_eq!(
        error_of(&key.refreshes(&web, &made_up).await),
        refused(400, "invalid_grant")
    );
}

#[tokio::test]
async fn a_public_clients_refresh_token_keeps_to_its_key() {
    let op = TestOp::start().await;
    let public = json!({"token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true});
    let mut spa = op.client_with("spa", public).await;
    let mut web = op.client("web").await;
    let mut alice = somebody(&op).await;
    let (key, other) = (Prover::new(&op), Prover::new(&op));

    let code = alice.logs_in_at(&mut spa, OFFLINE).await;
    let (status, answer) = spa.posts(TOKEN, &spa.redemption(&code)).await;
    assert_eq!(
        (status, answer["error"].as_str()),
        (400, Some("invalid_dpop_proof"))
    ); // RFC 9449 §5.2
    // The client is asked for a proof, and comes again with the same code.
    let tokens = json_of(&key.redeems(&spa, &code).await);
    assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
    assert_eq!(
        error_of(&other.refreshes(&spa, &tokens).await),
        refused(400, "invalid_grant")
    ); // TK-5
    assert_eq!(key.refreshes(&spa, &tokens).await.status(), 200);

    // A confidential client authenticates, and may change its key (RFC 9449 §5).
    let code = alice.logs_in_at(&mut web, OFFLINE).await;
    let tokens = json_of(&key.redeems(&web, &code).await);
    let renewed = other.refreshes(&web, &tokens).await;
    let renewed = json_of(&renewed);
    let access = renewed["access_token"].as_str().expect("tokens");
    assert_eq!(other.calls_userinfo(&web, access).await.status(), 200);
    assert_eq!(key.calls_userinfo(&web, access).await.status(), 401);
}

#[tokio::test]
async fn a_nonce_is_given_and_then_demanded() {
    let op = TestOp::with(|config| config.tokens.dpop_nonces = true).await;
    let mut rp = op.client("web").await;
    let mut alice = somebody(&op).await;
    let key = Prover::new(&op);
    let code = alice.logs_in_at(&mut rp, "openid").await;
    let asked = key.redeems(&rp, &code).await;
    assert_eq!(error_of(&asked), refused(400, "use_dpop_nonce")); // RFC 9449 §8
    let nonce = asked.headers()["dpop-nonce"].to_str().expect("ASCII").to_owned();

    let proves = |nonce: &str, iat: i64| {
        let mut claims = key.claims("POST", TOKEN, None);
        claims["nonce"] = nonce.into();
        claims["iat"] = iat.into();
        key.signer.signs_as(&key.header(), &claims)
    };
    let now = op.clock.now().timestamp();
    let invented = proves("invented", now);
    let fields = rp.redemption(&code);
    let answer = rp.posts_with(TOKEN, &fields, &[("dpop", &invented)]).await;
    assert_eq!(error_of(&answer), refused(400, "use_dpop_nonce"));
    // With a nonce the client's clock no longer matters, and the code was not touched.
    let good = proves(&nonce, now + 900);
    let answer = rp.posts_with(TOKEN, &fields, &[("dpop", &good)]).await;
    assert_eq!(json_of(&answer)["token_type"], "DPoP", "{:?}", json_of(&answer));
    assert!(answer.headers().contains_key("dpop-nonce"));
    op.advance(301);
    let code = alice.logs_in_at(&mut rp, "openid").await;
    let old = proves(&nonce, now);
    let answer = rp
        .posts_with(TOKEN, &rp.redemption(&code), &[("dpop", &old)])
        .await;
    assert_eq!(error_of(&answer), refused(400, "use_dpop_nonce")); // TK-10: five minutes
}

#[tokio::test]
async fn a_device_comes_back_with_the_key_that_it_asked_with() {
    let op = TestOp::start().await;
    let metadata = json!({"token_endpoint_auth_method": "none", "redirect_uris": [],
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "scope": "openid email"});
    let tv = op.client_with("tv", metadata).await;
    let mut alice = somebody(&op).await;
    let key = Prover::new(&op);
    let thief = Prover::new(&op);
    let asks = async |fields: &[(&str, &str)], path, key: &Prover<'_>| {
        let proof = key.proves("POST", path, None);
        tv.posts_with(path, fields, &[("dpop", &proof)]).await
    };
    for other in [true, false] {
        let codes = json_of(&asks(&[("scope", "openid email")], DEVICE_AUTHORIZATION, &key).await);
        let link = codes["verification_uri_complete"].as_str().expect("a link");
        let form = alice.browser.get(link).await.form_to("/device");
        let confirm = alice.browser.send(form).await;
        let allow = confirm.form_to("/device").press("decision", "allow");
        alice.browser.send(allow).await;
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", codes["device_code"].as_str().expect("a code")),
        ];
        if other {
            let answer = asks(&fields, TOKEN, &thief).await;
            assert_eq!(error_of(&answer), refused(400, "invalid_grant")); // RFC 9449 §10
        } else {
            let answer = json_of(&asks(&fields, TOKEN, &key).await);
            assert_eq!(answer["token_type"], "DPoP", "{answer}"); // RFC 9449 §5
        }
    }
}
