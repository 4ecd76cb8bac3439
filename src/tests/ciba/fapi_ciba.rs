//! Tests the profile `ciba` (FAPI-CIBA): what its clients must do, and what they then can.

use super::*;
use crate::support::{Identity, Signer};
use itu_account::config::{Issuer, Mtls, Network};
use itu_account::oidc::client_authentication::ASSERTION_TYPE;

const MUTUAL: &str = "https://mtls.example.test";
const HEADER: &str = "client-cert";

/// Starts a provider behind a proxy that forwards certificates.
async fn provider() -> TestOp {
    TestOp::with(|config| {
        config.trusted_proxies = Network::LOOPBACK.to_vec();
        config.mtls = Mtls {
            listen: None,
            public_url: Issuer::parse(MUTUAL).ok(),
            client_ca: None,
            proxy_header: Some(HEADER.into()),
        };
    })
    .await
}

struct Strict<'a> {
    op: &'a TestOp,
    rp: RelyingParty,
    key: Signer,
    certificate: Identity,
}

impl<'a> Strict<'a> {
    async fn start(op: &'a TestOp, name: &str) -> Self {
        let key = Signer::new("PS256");
        let metadata = json!({"profile": "ciba", "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key.public()]}, "tls_client_certificate_bound_access_tokens": true,
            "response_types": []});
        Self {
            op,
            rp: bank_with(op, name, metadata).await,
            key,
            certificate: Identity::by_itself(name),
        }
    }

    fn assertion(&self, alg: &str, audience: &str) -> String {
        let now = self.op.clock.now().timestamp();
        let claims = json!({"iss": self.rp.id, "sub": self.rp.id, "aud": audience, "iat": now, "exp": now + 60,
            "jti": itu_account::random::token()});
        self.key.signs_as(&json!({"alg": alg}), &claims)
    }

    fn request(&self, changes: Value) -> String {
        let now = self.op.clock.now().timestamp();
        let mut claims = json!({"iss": self.rp.id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 300,
            "jti": itu_account::random::token(), "scope": "openid email offline_access", "login_hint": ALICE,
            "binding_message": "1234"});
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .expect("an object")
            .retain(|_, value| !value.is_null());
        self.key.signs(&claims)
    }

    async fn calls(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        assertion: &str,
        identity: Option<&Identity>,
    ) -> (u16, Value) {
        let mut all = vec![
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        all.retain(|_| !assertion.is_empty());
        all.extend(fields);
        let header = identity.map(Identity::header);
        let headers: Vec<(&str, &str)> = header.iter().map(|it| (HEADER, it.as_str())).collect();
        let answer = self.rp.posts_with(path, &all, &headers).await;
        let read = serde_json::from_slice(answer.body()).expect("JSON");
        (answer.status().as_u16(), read)
    }

    async fn asks(&self, request: &str) -> (u16, Value) {
        let assertion = self.assertion("PS256", ISSUER);
        let fields = [("request", request)];
        self.calls(BACKCHANNEL_AUTHENTICATION, &fields, &assertion, None)
            .await
    }

    async fn comes(&self, given: &Given, identity: Option<&Identity>) -> (u16, Value) {
        let fields = [("grant_type", GRANT), ("auth_req_id", given.id())];
        let audience = format!("{ISSUER}{TOKEN}");
        self.calls(TOKEN, &fields, &self.assertion("PS256", &audience), identity)
            .await
    }

    async fn userinfo(&self, token: &str, identity: Option<&Identity>) -> u16 {
        let authorization = format!("Bearer {token}");
        let header = identity.map(Identity::header);
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(header.iter().map(|it| (HEADER, it.as_str())));
        self.rp.gets(USERINFO, &headers).await.status().as_u16()
    }
}

fn error(answer: (u16, Value)) -> (u16, String) {
    (
        answer.0,
        answer.1["error"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn each_token_is_bound_to_the_certificate_that_asked_for_it() {
    let op = provider().await;
    let (bank, other) = (Strict::start(&op, "bank").await, Strict::start(&op, "shop").await);
    let mut alice = somebody(&op).await;
    let (status, answer) = bank.asks(&bank.request(json!({}))).await;
    assert_eq!(status, 200, "{answer}");
    let given = Given(answer);
    alice.answers("allow").await;
    // A request without a certificate spends nothing (FAPI-CIBA §5.2.2).
    assert_eq!(
        error(bank.comes(&given, None).await),
        (400, "invalid_request".into())
    );
    assert_eq!(
        error(other.comes(&given, Some(&other.certificate)).await),
        (400, "invalid_grant".into())
    );
    let (status, tokens) = bank.comes(&given, Some(&bank.certificate)).await;
    assert_eq!(status, 200, "{tokens}");
    let access = tokens["access_token"].as_str().expect("a token");
    assert_eq!(bank.userinfo(access, Some(&bank.certificate)).await, 200);
    assert_eq!(bank.userinfo(access, Some(&other.certificate)).await, 401); // RFC 8705 §3
    assert_eq!(bank.userinfo(access, None).await, 401);
    let header = tokens["id_token"].as_str().and_then(|it| it.split('.').next());
    let header = base64::Engine::decode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        header.expect("a header"),
    );
    let header: Value = serde_json::from_slice(&header.expect("base64url")).expect("JSON");
    assert_eq!(header["alg"], "PS256"); // FAPI-CIBA §7.10
    assert!(header["kid"].is_string());

    // Its refresh token is kept, and is refused for every other client (TK-5).
    let refresh = tokens["refresh_token"].as_str().expect("a refresh token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    for _ in 0..2 {
        let assertion = bank.assertion("ES256", ISSUER);
        let refused = bank
            .calls(TOKEN, &fields, &assertion, Some(&bank.certificate))
            .await;
        assert_eq!(error(refused).1, "invalid_client");
        let assertion = bank.assertion("PS256", ISSUER);
        let (status, again) = bank
            .calls(TOKEN, &fields, &assertion, Some(&bank.certificate))
            .await;
        assert_eq!((status, again.get("refresh_token")), (200, None), "{again}");
    }
    let assertion = other.assertion("PS256", ISSUER);
    let refused = other
        .calls(TOKEN, &fields, &assertion, Some(&other.certificate))
        .await;
    assert_eq!(error(refused), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn its_requests_are_signed_and_tell_what_they_are_about() {
    let op = provider().await;
    let bank = Strict::start(&op, "bank").await;
    somebody(&op).await;
    let plain = [
        ("scope", "openid"),
        ("login_hint", ALICE),
        ("binding_message", "1234"),
    ];
    let assertion = bank.assertion("PS256", ISSUER);
    let refused = bank
        .calls(BACKCHANNEL_AUTHENTICATION, &plain, &assertion, None)
        .await;
    assert_eq!(error(refused), (400, "invalid_request".into()));
    let unbound = bank.request(json!({"binding_message": null}));
    assert_eq!(error(bank.asks(&unbound).await), (400, "invalid_request".into())); // §5.2.2
    // Only other clients may sign by RS256.
    let now = op.clock.now().timestamp();
    let claims = json!({"iss": "bank", "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 300, "jti": "1",
        "scope": "openid", "login_hint": ALICE, "binding_message": "1234"});
    let by_rs256 = bank.key.signs_as(&json!({"alg": "RS256"}), &claims);
    assert_eq!(error(bank.asks(&by_rs256).await), (400, "invalid_request".into()));
}

#[tokio::test]
async fn it_is_proved_at_both_endpoints() {
    let op = provider().await;
    let bank = Strict::start(&op, "bank").await;
    let mut alice = somebody(&op).await;
    let endpoint = format!("{ISSUER}{BACKCHANNEL_AUTHENTICATION}");
    let mutual = format!("{MUTUAL}{BACKCHANNEL_AUTHENTICATION}");
    // TK-7, CIBA §7.1: any of our audiences is accepted.
    for audience in [ISSUER, &endpoint, &format!("{ISSUER}{TOKEN}")] {
        let request = bank.request(json!({}));
        let assertion = bank.assertion("PS256", audience);
        let fields = [("request", request.as_str())];
        let (status, answer) = bank
            .calls(BACKCHANNEL_AUTHENTICATION, &fields, &assertion, None)
            .await;
        assert_eq!(status, 200, "{audience}: {answer}");
    }
    for (assertion, expected) in [
        (bank.assertion("RS256", ISSUER), (401, "invalid_client")),
        (
            bank.assertion("PS256", "https://other.example"),
            (401, "invalid_client"),
        ),
        (String::new(), (401, "invalid_client")),
    ] {
        let request = bank.request(json!({}));
        let fields = [("request", request.as_str())];
        let refused = error(
            bank.calls(BACKCHANNEL_AUTHENTICATION, &fields, &assertion, None)
                .await,
        );
        assert_eq!((refused.0, refused.1.as_str()), expected);
        let fields = [("grant_type", GRANT), ("auth_req_id", "x")];
        let refused = error(
            bank.calls(TOKEN, &fields, &assertion, Some(&bank.certificate))
                .await,
        );
        assert_eq!((refused.0, refused.1.as_str()), expected);
    }
    let metadata = bank.rp.gets(OPENID_CONFIGURATION, &[]).await;
    let metadata: Value = serde_json::from_slice(metadata.body()).expect("JSON");
    assert_eq!(
        metadata["mtls_endpoint_aliases"]["backchannel_authentication_endpoint"],
        mutual
    ); // RFC 8705 §5
    alice.answers("deny").await;
}

#[tokio::test]
async fn a_resource_names_each_call() {
    let op = provider().await;
    let bank = Strict::start(&op, "bank").await;
    let mut alice = somebody(&op).await;
    let (_, answer) = bank.asks(&bank.request(json!({}))).await;
    alice.answers("allow").await;
    let (_, tokens) = bank.comes(&Given(answer), Some(&bank.certificate)).await;
    let authorization = format!("Bearer {}", tokens["access_token"].as_str().expect("a token"));
    let certificate = bank.certificate.header();
    let mut headers = vec![
        ("authorization", authorization.as_str()),
        (HEADER, certificate.as_str()),
    ];
    let named = |answer: &openidconnect::HttpResponse| {
        let id = answer.headers().get("x-fapi-interaction-id");
        id.and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
    };
    // FAPI 1.0 Baseline §6.2.1: the answer has an id of ours if none was sent.
    let (one, other) = (
        named(&bank.rp.gets(USERINFO, &headers).await),
        named(&bank.rp.gets(USERINFO, &headers).await),
    );
    assert!(
        one.len() == 36 && other.len() == 36 && one != other,
        "{one} {other}"
    );
    let own = "c770aef3-6784-41f7-8e0e-ff5f97bddb3a";
    headers.push(("x-fapi-interaction-id", own));
    assert_eq!(named(&bank.rp.gets(USERINFO, &headers).await), own);
}
