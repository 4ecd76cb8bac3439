//! Tests resource indicators (RFC 8707): access tokens for other resource servers, which read them themselves
//! (RFC 9068), and which are good nowhere else.

use serde_json::{Value, json};

use crate::support::{ISSUER, Person, RelyingParty, Signer, TestOp};

const CATALOGUE: &str = "https://catalogue.example/api";
const EVENTS: &str = "https://events.example/";

async fn rp(op: &TestOp) -> RelyingParty {
    let metadata = json!({"resources": [CATALOGUE, EVENTS, ISSUER],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": "openid email offline_access catalogue"});
    op.client_with("rp", metadata).await
}

/// Returns the code of a request for these resources, sent by the browser.
async fn asks(alice: &mut Person, rp: &mut RelyingParty, resources: &[&str]) -> String {
    let more: Vec<_> = resources.iter().map(|it| ("resource", *it)).collect();
    let url = rp.authorization_url("openid email offline_access catalogue", &more);
    let back = alice.goes_through(&url).await;
    rp.takes(&back)
}

fn claims(op: &TestOp, token: &Value) -> Value {
    let token = token.as_str().expect("an access token");
    op.app.keys.verify_own(token, "at+jwt").expect("RFC 9068 §2.1")
}

#[tokio::test]
async fn a_token_is_for_the_resources_that_were_asked_for() {
    let op = TestOp::start().await;
    let mut rp = rp(&op).await;
    let mut alice = op.person("alice@example.org").await;
    let code = asks(&mut alice, &mut rp, &[CATALOGUE, EVENTS, CATALOGUE]).await;
    let (status, answer) = rp.posts("/token", &rp.redemption(&code)).await;
    assert_eq!(status, 200, "{answer}");
    let returned = claims(&op, &answer["access_token"]);
    assert_eq!(returned["aud"], json!([CATALOGUE, EVENTS]));
    assert_eq!(
        (&returned["iss"], &returned["client_id"]),
        (&ISSUER.into(), &"rp".into())
    );
    assert_eq!(returned["scope"], answer["scope"]);
    for name in ["sub", "jti", "iat", "exp", "auth_time", "acr"] {
        assert!(!returned[name].is_null(), "{name}"); // RFC 9068 §2.2
    }

    // The token is not for us: userinfo refuses it and returns no claims.
    let token = answer["access_token"].as_str().expect("a token");
    assert_eq!(rp.get("/userinfo", token).await.status(), 401);

    // The audience narrows at each refresh, and never widens (RFC 8707 §2.2).
    let mut refresh = answer["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();
    for (asked, expected) in [(Some(EVENTS), json!(EVENTS)), (None, json!([CATALOGUE, EVENTS]))] {
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", &refresh)];
        fields.extend(asked.map(|it| ("resource", it)));
        let (status, answer) = rp.posts("/token", &fields).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(claims(&op, &answer["access_token"])["aud"], expected);
        refresh = answer["refresh_token"]
            .as_str()
            .expect("a refresh token")
            .to_owned();
    }
    for wrong in [ISSUER, "https://other.example/", "catalogue"] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
            ("resource", EVENTS),
            ("resource", wrong),
        ];
        let (status, refusal) = rp.posts("/token", &fields).await;
        assert_eq!(
            (status, &refusal["error"]),
            (400, &"invalid_target".into()),
            "{wrong}"
        );
    }
    // The refused requests did not spend the refresh token.
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    assert_eq!(rp.posts("/token", &fields).await.0, 200);
}

#[tokio::test]
async fn a_code_is_narrowed_at_the_token_endpoint() {
    let op = TestOp::start().await;
    let mut rp = rp(&op).await;
    let mut alice = op.person("alice@example.org").await;
    let code = asks(&mut alice, &mut rp, &[CATALOGUE, ISSUER]).await;
    let mut fields = rp.redemption(&code);
    fields.push(("resource", ISSUER));
    let (_, answer) = rp.posts("/token", &fields).await;
    let token = answer["access_token"].as_str().expect("a token");
    assert_eq!(rp.get("/userinfo", token).await.status(), 200); // for us, by our name

    let code = asks(&mut alice, &mut rp, &[]).await;
    let (_, answer) = rp.posts("/token", &rp.redemption(&code)).await;
    let token = answer["access_token"].as_str().expect("a token");
    assert_eq!(rp.get("/userinfo", token).await.status(), 200); // as ever
}

#[tokio::test]
async fn a_resource_that_is_not_the_clients_is_refused_wherever_it_is_asked_for() {
    let op = TestOp::start().await;
    let mut rp = rp(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    for wrong in [
        "https://other.example/",
        "/api",
        "https://catalogue.example/api#x",
        "https://catalogue.example/api/",
    ] {
        let url = rp.authorization_url("openid", &[("resource", CATALOGUE), ("resource", wrong)]);
        let back = alice.browser.get(&url).await;
        assert_eq!(back.query("error").as_deref(), Some("invalid_target"), "{wrong}"); // RFC 8707 §2
        let pushed = [
            ("response_type", "code"),
            ("redirect_uri", rp.redirect_uri.as_str()),
            ("scope", "openid"),
            ("resource", wrong),
        ];
        let (status, refusal) = rp.posts("/par", &pushed).await;
        assert_eq!(
            (status, &refusal["error"]),
            (400, &"invalid_target".into()),
            "{wrong}"
        );
        let own = [
            ("grant_type", "client_credentials"),
            ("scope", "catalogue"),
            ("resource", CATALOGUE), // no narrower token in silence
            ("resource", wrong),
        ];
        let (status, refusal) = rp.posts("/token", &own).await;
        assert_eq!(
            (status, &refusal["error"]),
            (400, &"invalid_target".into()),
            "{wrong}"
        );
    }
    let own = [
        ("grant_type", "client_credentials"),
        ("scope", "catalogue"),
        ("resource", CATALOGUE),
    ];
    let (_, answer) = rp.posts("/token", &own).await;
    let returned = claims(&op, &answer["access_token"]);
    assert_eq!(
        (&returned["aud"], &returned["sub"]),
        (&CATALOGUE.into(), &"rp".into())
    );
}

#[tokio::test]
async fn a_request_object_names_one_resource_or_several() {
    let op = TestOp::start().await;
    let signer = Signer::new("ES256");
    let metadata = json!({"resources": [CATALOGUE, EVENTS], "jwks": {"keys": [signer.public()]}});
    let rp = op.client_with("rp", metadata).await;
    for (resource, expected) in [
        (json!(CATALOGUE), Ok(json!(CATALOGUE))),
        (json!([CATALOGUE, EVENTS]), Ok(json!([CATALOGUE, EVENTS]))),
        (json!([EVENTS, 7]), Err("invalid_request_object")),
        (json!({}), Err("invalid_request_object")),
        (json!([EVENTS, "x"]), Err("invalid_target")),
    ] {
        let object = signer.signs(&json!({"iss": "rp", "aud": ISSUER, "response_type": "code",
            "client_id": "rp", "redirect_uri": rp.redirect_uri, "scope": "openid", "resource": resource}));
        let (status, pushed) = rp.posts("/par", &[("request", &object)]).await;
        let Ok(expected) = expected else {
            assert_eq!(pushed["error"], expected.expect_err("a refusal"), "{resource}");
            continue;
        };
        assert_eq!(status, 201, "{pushed}");
        let mut alice = op
            .person(&format!(
                "{}@example.org",
                itu_account::random::id().to_lowercase().replace(['-', '_'], "x")
            ))
            .await;
        let uri = pushed["request_uri"].as_str().expect("a reference").to_owned();
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("client_id", "rp"), ("request_uri", uri.as_str())])
            .finish();
        let back = alice.goes_through(&format!("{ISSUER}/authorize?{query}")).await;
        let code = back.query("code").expect("a code");
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", rp.redirect_uri.as_str()),
        ];
        let (status, answer) = rp.posts("/token", &redeem).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(claims(&op, &answer["access_token"])["aud"], expected);
    }
}

#[tokio::test]
async fn introspection_answers_a_resource_about_its_own_tokens_only() {
    let op = TestOp::start().await;
    let mut rp = rp(&op).await;
    let metadata = |uri: &str| {
        json!({"grant_types": ["client_credentials"], "response_types": [], "scope": "x",
            "redirect_uris": [], "protected_resources": [uri]})
    };
    let catalogue = op.client_with("catalogue", metadata(CATALOGUE)).await;
    let events = op.client_with("events", metadata(EVENTS)).await;
    let mut alice = op.person("alice@example.org").await;
    let code = asks(&mut alice, &mut rp, &[CATALOGUE]).await;
    let (_, answer) = rp.posts("/token", &rp.redemption(&code)).await;
    let token = answer["access_token"].as_str().expect("a token");
    let returned = catalogue.introspects(token).await;
    assert_eq!(
        (&returned["active"], &returned["client_id"]),
        (&true.into(), &"rp".into())
    );
    assert_eq!(returned["aud"], json!([CATALOGUE]));
    assert_eq!(events.introspects(token).await, json!({"active": false})); // UI-3
    assert_eq!(rp.introspects(token).await["active"], true);
}
