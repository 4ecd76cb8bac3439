//! Tests RFC 7591 §3: who may register, as what, and what is refused.

use super::*;
use crate::support::RelyingParty;
use itu_account::domain::actor::Context;
use itu_account::oidc::registration::issue_initial_access_token;

#[tokio::test]
async fn registration_is_off_until_it_is_switched_on() {
    let op = TestOp::start().await;
    assert_eq!(op.registers(&good()).await.status, StatusCode::NOT_FOUND); // DR-1
    let discovery = op.browser().get("/.well-known/openid-configuration").await;
    assert!(!discovery.body.contains("registration_endpoint"));
    let op = TestOp::open().await;
    let discovery = op.browser().get("/.well-known/openid-configuration").await;
    let discovery: Value = serde_json::from_str(&discovery.body).expect("JSON");
    assert_eq!(discovery["registration_endpoint"], format!("{ISSUER}/register"));
}

#[tokio::test]
async fn a_registered_client_is_a_client() {
    let op = TestOp::open().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let mut asked = good();
    asked["grant_types"] = json!(["authorization_code", "refresh_token"]);
    asked["contacts"] = json!(["ops@rp.example"]);
    asked["client_name#fr"] = json!("Un service");
    asked["software_statement"] = json!("x");

    let answer = op.registers(&asked).await;

    assert_eq!(answer.status, StatusCode::CREATED); // RFC 7591 §3.2.1
    assert_eq!(answer.body["client_secret_expires_at"], 0);
    assert_eq!(answer.body["client_id_issued_at"], 1_800_000_000);
    assert_eq!(answer.body["token_endpoint_auth_method"], "client_secret_basic"); // TK-6
    assert_eq!(answer.body["scope"], "openid profile email offline_access");
    assert_eq!(answer.body["contacts"], json!(["ops@rp.example"]));
    assert!(answer.body.get("software_statement").is_none());
    let id = answer.text("client_id");
    let secret = Some(answer.text("client_secret"));
    let redirect_uri = "https://rp.example/cb".to_owned();
    let mut rp = RelyingParty::discover(op.router.clone(), &id, secret, redirect_uri).await;
    let url = rp.authorization_url("openid email", &[]);
    let page = alice.browser.get(&url).await;
    assert_eq!(page.url.path(), "/consent"); // AZ-13
    let form = page.form(&["decision=allow"]).press("decision", "allow");
    let back = alice.browser.send(form).await;
    let code = rp.takes(&back);
    let tokens = rp.redeems(&code).await.expect("tokens");
    assert_eq!(tokens.claims.email(), None); // lean: the claims are at userinfo
    assert_eq!(
        rp.claims(&tokens.access_token).await["email"],
        "alice@example.org"
    );
}

/// Returns the metadata of a client whose RSA key has its modulus changed.
fn rsa(change: impl FnOnce(&mut [u8])) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let key = openssl::rsa::Rsa::generate(2048).expect("a key");
    let mut modulus = key.n().to_vec();
    change(&mut modulus);
    let mut metadata = with("token_endpoint_auth_method", json!("private_key_jwt"));
    metadata["jwks"] = json!({"keys": [{"kty": "RSA", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(modulus)}]});
    metadata
}

fn addresses(number: usize) -> Vec<String> {
    (0..number)
        .map(|it| format!("https://rp.example/cb/{it}"))
        .collect()
}

#[tokio::test]
async fn what_is_wrong_is_named_by_the_codes_of_the_standard() {
    let op = TestOp::with(|config| {
        open(config);
        config.limits.registration.clear();
    })
    .await;
    let jwk = |more: Value| {
        let mut key =
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        for (name, value) in more.as_object().expect("an object") {
            key[name] = value.clone();
        }
        let mut metadata = with("token_endpoint_auth_method", json!("private_key_jwt"));
        metadata["jwks"] = json!({"keys": [key]});
        metadata
    };
    assert_eq!(op.registers(&jwk(json!({}))).await.status, StatusCode::CREATED);
    assert_eq!(op.registers(&rsa(|_| {})).await.status, StatusCode::CREATED);
    let many = with("redirect_uris", json!(addresses(16)));
    assert_eq!(op.registers(&many).await.status, StatusCode::CREATED);
    let (redirects, metadata) = ("invalid_redirect_uri", "invalid_client_metadata");
    for (asked, error) in [
        (with("redirect_uris", json!([])), redirects),
        (
            with("redirect_uris", json!(["https://rp.example/cb#x"])),
            redirects,
        ),
        (with("redirect_uris", json!(["http://rp.example/cb"])), redirects),
        (with("redirect_uris", json!(["http://localhost/cb"])), redirects), // AZ-3
        (with("redirect_uris", json!(["org.example:/cb"])), redirects),
        (with("redirect_uris", json!(["/cb"])), redirects),
        (with("redirect_uris", json!(["https://x.test./cb"])), redirects), // AZ-3
        (
            with("redirect_uris", json!(["https://rp.example/%63b"])),
            redirects,
        ), // AZ-3
        (
            with("redirect_uris", json!(["https://rp.example/cb%2"])),
            redirects,
        ), // AZ-3
        (
            json!({"application_type": "native", "redirect_uris": ["org.example.app://%68ost/cb"]}),
            redirects,
        ), // AZ-3
        (
            with("post_logout_redirect_uris", json!(["https://rp.example/a%2fb"])),
            metadata,
        ), // AZ-3, LO-2
        (rsa(|n| n[255] &= 0xfe), metadata),                               // JW-6: even
        (rsa(|n| n.fill(0xff)), metadata), // JW-6: a multiple of 3, as 2^2048 - 1 is
        (with("redirect_uris", json!(addresses(17))), redirects), // DR-2
        (with("post_logout_redirect_uris", json!(addresses(17))), metadata), // DR-2
        (with("redirect_uris", json!("https://rp.example/cb")), redirects),
        (with("redirect_uris", json!([1])), redirects),
        (with("initiate_login_uri", json!("http://rp.example/")), metadata),
        (with("logo_uri", json!("http://rp.example/logo.png")), metadata),
        (with("logo_uri", json!("javascript:alert(1)")), metadata),
        (with("policy_uri", json!("data:text/html,x")), metadata),
        (with("tos_uri", json!(7)), metadata),
        (with("client_name", json!("P\u{430}ypal")), metadata), // DR-5
        (with("client_name", json!("x".repeat(65))), metadata),
        (with("grant_types", json!(["password"])), metadata), // TK-9
        (with("response_types", json!(["code", "none"])), metadata),
        (
            json!({"redirect_uris": ["https://rp.example/cb"], "response_types": ["id_token"],
                "grant_types": ["implicit"]}),
            metadata,
        ), // AZ-4
        (with("token_endpoint_auth_method", json!("magic")), metadata),
        (
            with("token_endpoint_auth_method", json!("private_key_jwt")),
            metadata,
        ),
        (with("id_token_signed_response_alg", json!("none")), metadata),
        (with("userinfo_signed_response_alg", json!("HS256")), metadata),
        (with("subject_type", json!("private")), metadata),
        (with("application_type", json!("web2")), metadata),
        (with("default_max_age", json!(-1)), metadata),
        (with("require_auth_time", json!("yes")), metadata),
        (with("scope", json!("admin itu_membership")), metadata), // AZ-14: nothing remains
        (with("jwks_uri", json!("http://rp.example/jwks")), metadata),
        (jwk(json!({"use": "enc"})), metadata),
        (
            jwk(json!({"d": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})),
            metadata,
        ),
        (jwk(json!({"x": "11qY"})), metadata),
        (with("id_token_encrypted_response_alg", json!("RSA1_5")), metadata),
        (
            with("id_token_encrypted_response_alg", json!("RSA-OAEP-256")),
            metadata,
        ), // no key
        (
            with("userinfo_encrypted_response_enc", json!("A128GCM")),
            metadata,
        ), // no alg
        (jwk(json!({"crv": "X25519"})), metadata),
        (
            with("jwks", json!({"keys": [{"kty": "oct", "k": "AA"}]})),
            metadata,
        ),
        (json!([good()]), metadata),
        (json!("x"), metadata),
    ] {
        let answer = op.registers(&asked).await;
        assert_eq!(
            answer.error(),
            (400, error.to_owned()),
            "{asked}: {}",
            answer.body
        );
    }
    let post = |body: &str| Call {
        method: Method::POST,
        url: "/register",
        token: None,
        body: Some(body.to_owned()),
        peer: [192, 0, 2, 2],
    };
    let twice =
        r#"{"redirect_uris": ["https://rp.example/cb"], "redirect_uris": ["https://evil.example/cb"]}"#;
    assert_eq!(op.calls(post(twice)).await.error().0, 400); // G-2
    assert_eq!(op.calls(post("{")).await.error(), (400, metadata.to_owned()));
    let large = with(
        "client_uri",
        json!(format!("https://rp.example/{}", "x".repeat(17_000))),
    );
    assert_eq!(op.calls(post(&large.to_string())).await.error().0, 400); // DR-2
}

#[tokio::test]
async fn a_client_does_not_decide_what_administrators_decide() {
    let op = TestOp::open().await;
    let mut asked = good();
    asked["scope"] = json!("openid email itu_membership admin catalogue offline_access");
    for (name, value) in [
        ("first_party", json!(true)),
        ("introspect_all", json!(true)),
        ("id_token_claims", json!("scopes")),
        ("access_token_format", json!("jwt")),
        ("access_policy", json!({"affiliation": "approved"})),
        ("pkce", json!("optional")),
        ("enabled", json!(true)),
        ("client_id", json!("mine")),
        ("client_secret", json!("mine")),
    ] {
        asked[name] = value;
    }

    let answer = op.registers(&asked).await;

    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body["scope"], "openid email"); // AZ-14, and no refresh tokens were asked for
    assert_ne!(answer.body["client_id"], "mine");
    assert_ne!(answer.body["client_secret"], "mine");
    for name in [
        "first_party",
        "introspect_all",
        "access_policy",
        "pkce",
        "profile",
    ] {
        assert!(answer.body.get(name).is_none(), "{name}"); // DR-2
    }
    let client = op.app.registry.find(&answer.text("client_id")).expect("a client");
    assert!(!client.is_first_party() && !client.settings.introspect_all);
    assert!(!client.has_jwt_access_tokens() && !client.has_scope_claims_in_id_token());
}

#[tokio::test]
async fn an_initial_access_token_lets_its_number_of_clients_in() {
    let op = TestOp::with(|it| it.registration.mode = RegistrationMode::Token).await;
    let bare = op.registers(&good()).await;
    assert_eq!(bare.status, StatusCode::UNAUTHORIZED);
    assert_eq!(bare.challenge(), "Bearer realm=\"registration\""); // RFC 6750 §3.1

    let operator = Context::operator();
    let (token, _) = issue_initial_access_token(&op.app, &operator, 2)
        .await
        .expect("a token");
    let token = token.expose();
    let refused = op
        .registers_with(Some(token), &with("redirect_uris", json!([])))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST); // a mistake spends nothing
    let (asked, token) = (good(), Some(token));
    let answers = futures_util::future::join_all((0..6).map(|_| op.registers_with(token, &asked))).await;
    let made = answers.iter().filter(|it| it.status == StatusCode::CREATED);
    assert_eq!(made.count(), 2); // DR-1, G-8
    let late = answers
        .iter()
        .find(|it| it.status != StatusCode::CREATED)
        .expect("a refusal");
    assert_eq!(late.error(), (401, "invalid_token".into()));

    let (old, _) = issue_initial_access_token(&op.app, &operator, 1)
        .await
        .expect("a token");
    let managing = answers
        .iter()
        .find(|it| it.status == StatusCode::CREATED)
        .expect("a client");
    let managing = managing.text("registration_access_token");
    let other_kind = op.registers_with(Some(&managing), &good()).await;
    assert_eq!(other_kind.error(), (401, "invalid_token".into())); // G-7
    op.advance(24 * 3600);
    let expired = op.registers_with(Some(old.expose()), &good()).await;
    assert_eq!(expired.error(), (401, "invalid_token".into())); // DR-1
}

#[tokio::test]
async fn nobody_registers_without_end() {
    let op = TestOp::open().await;
    let one = op.registers(&good()).await;
    for _ in 1..20 {
        assert_eq!(op.registers(&good()).await.status, StatusCode::CREATED);
    }
    let mut change = good();
    change["client_id"] = one.body["client_id"].clone();
    let changed = op.manages(Method::PUT, &one, Some(&change)).await;
    assert_eq!(changed.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(op.manages(Method::GET, &one, None).await.status, StatusCode::OK);
    let refused = op.registers(&good()).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS); // DR-1
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn people_are_shown_who_asks() {
    let op = TestOp::open().await;
    let mut asked = good();
    asked["logo_uri"] = json!("https://images.rp.example/logo.png");
    asked["policy_uri"] = json!("https://rp.example/privacy");
    asked["tos_uri"] = json!("https://rp.example/terms");
    let id = op.registers(&asked).await.text("client_id");
    let mut rp = RelyingParty::discover(op.router.clone(), &id, None, "https://rp.example/cb".into()).await;

    let page = op.browser().get(&rp.authorization_url("openid", &[])).await;

    assert_eq!(page.url.path(), "/login"); // before anybody has logged in
    let body = page.body.replace("&#x2f;", "/");
    assert!(body.contains("src=\"https://images.rp.example/logo.png\""));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("img-src 'self' https://images.rp.example;"),
        "{policy}"
    ); // DR-4
    for link in ["https://rp.example/privacy", "https://rp.example/terms"] {
        assert!(body.contains(&format!("href=\"{link}\"")), "{link}");
    }
}

#[tokio::test]
async fn a_name_is_folded_and_a_character_that_is_none_is_named() {
    // DR-5
    let op = TestOp::open().await;
    let folded = op
        .registers(&with("client_name", json!("（株）例\u{A0}ﾃﾞｰﾀ ")))
        .await;
    assert_eq!(folded.body["client_name"], "(株)例 データ", "{}", folded.body);
    let refused = op.registers(&with("client_name", json!("Good <b>"))).await;
    let description = refused.text("error_description");
    assert!(
        description.contains("U+003C") && description.contains("position 6"),
        "{description}"
    );
}
