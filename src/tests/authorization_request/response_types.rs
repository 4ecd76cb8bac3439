//! Tests the implicit and hybrid flows (OpenID Connect Core §3.2, §3.3, Multiple Response Types, Form Post Response
//! Mode; security.md AZ-4).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::*;

fn half(value: &Value) -> String {
    let digest = Sha256::digest(value.as_str().expect("text"));
    URL_SAFE_NO_PAD.encode(&digest[..16])
}

#[tokio::test]
async fn each_type_brings_what_it_names_behind_the_hash() {
    let op = open_provider().await;
    let rp = every_type(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;

    for response_type in ResponseType::ALL {
        let named = response_type.to_string();
        let back = alice
            .browser
            .get(&url_of(&rp, &[("response_type", &named)]))
            .await;
        let answer = if response_type.is_front_channel() {
            fragment(&back)
        } else {
            query(&back)
        };
        assert!(
            back.url.query().is_none() || named == "code",
            "{named}: {}",
            back.url
        );
        let has = |name: &str| answer.get(name).is_some();
        assert_eq!(has("code"), response_type.code, "{named}");
        assert_eq!(has("id_token"), response_type.id_token, "{named}");
        for name in ["access_token", "token_type", "expires_in", "scope"] {
            assert_eq!(has(name), response_type.token, "{named}: {name}");
        }
        assert!(!has("refresh_token"), "{named}"); // RFC 6749 §4.2.2
        assert_eq!(answer["state"], "a state");
        assert_eq!(answer["iss"], ISSUER); // RFC 9207 §2
        if !response_type.id_token {
            continue;
        }
        let token = claims(&op, &answer["id_token"]);
        assert_eq!(token["nonce"], "a-nonce");
        let hash = |name: &str| has(name).then(|| Value::from(half(&answer[name])));
        assert_eq!(token.get("at_hash"), hash("access_token").as_ref(), "{named}"); // Core §3.2.2.9
        assert_eq!(token.get("c_hash"), hash("code").as_ref(), "{named}"); // Core §3.3.2.11
        let s_hash = response_type.code.then(|| Value::from(half(&answer["state"])));
        assert_eq!(token.get("s_hash"), s_hash.as_ref(), "{named}");
        // Core §5.4: the claims are in the ID token only if no access token is issued.
        assert_eq!(token.get("email").is_some(), named == "id_token", "{named}");
    }
}

#[tokio::test]
async fn a_token_from_the_front_works_until_its_logout() {
    let op = open_provider().await;
    let rp = every_type(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let url = url_of(
        &rp,
        &[
            ("response_type", "id_token token"),
            ("scope", "openid email offline_access"),
        ],
    );
    let answer = fragment(&alice.browser.get(&url).await);

    let token = answer["access_token"].as_str().expect("a token");
    let returned = rp.claims(token).await;
    assert_eq!(returned["email"], "alice@example.org");
    assert_eq!(returned["sub"], claims(&op, &answer["id_token"])["sub"]);
    assert_eq!(answer["scope"], "openid email"); // Core §11: no offline access without a code

    let page = alice.browser.get("/logout").await;
    let form = page.form(&["decision=logout"]);
    alice.browser.send(form.press("decision", "logout")).await;
    assert_eq!(rp.get("/userinfo", token).await.status(), 401); // UI-5
}

async fn somebody() -> (TestOp, RelyingParty, Person) {
    let op = open_provider().await;
    let rp = every_type(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    (op, rp, alice)
}

/// Returns the whole hybrid answer, with offline access.
async fn everything_at_once(rp: &RelyingParty, person: &mut Person) -> Value {
    let offline = ("scope", "openid offline_access");
    let url = url_of(rp, &[("response_type", "code id_token token"), offline]);
    fragment(&person.browser.get(&url).await)
}

#[tokio::test]
async fn a_token_from_the_front_ends_with_its_session_though_offline_access_was_granted() {
    let (_op, rp, mut alice) = somebody().await;
    let answer = everything_at_once(&rp, &mut alice).await;
    let token = answer["access_token"].as_str().expect("a token");
    assert_eq!(rp.get("/userinfo", token).await.status(), 200);
    // The code is never redeemed: there are no refresh tokens by which the token could be ended.
    let page = alice.browser.get("/account/sessions").await;
    alice.browser.confirms(&page, "#end-everywhere").await;
    assert_eq!(rp.get("/userinfo", token).await.status(), 401); // SE-3
}

#[tokio::test]
async fn the_code_of_a_hybrid_flow_buys_tokens_of_the_same_person() {
    let (op, rp, mut alice) = somebody().await;
    let answer = everything_at_once(&rp, &mut alice).await;
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", answer["code"].as_str().expect("a code")),
        ("redirect_uri", &rp.redirect_uri),
    ];

    let (status, tokens) = rp.posts("/token", &redeem).await;
    assert_eq!(status, 200, "{tokens}");
    let (front, back) = (claims(&op, &answer["id_token"]), claims(&op, &tokens["id_token"]));
    assert_eq!((&front["iss"], &front["sub"]), (&back["iss"], &back["sub"])); // Core §3.3.3.6
    assert_eq!(back["nonce"], "a-nonce");
    assert!(tokens["refresh_token"].is_string());

    // TK-2: a second presentation ends all that came of the authorization, the front's token too.
    assert_eq!(rp.posts("/token", &redeem).await.0, 400);
    let token = answer["access_token"].as_str().expect("a token");
    assert_eq!(rp.get("/userinfo", token).await.status(), 401);
}

#[tokio::test]
async fn errors_arrive_where_the_tokens_would() {
    let op = open_provider().await;
    let rp = every_type(&op).await;
    let mut visitor = op.browser();
    for (error, more) in [
        (
            "invalid_request",
            &[("response_type", "id_token"), ("nonce", "")][..],
        ), // Core §3.2.2.1
        (
            "invalid_request",
            &[("response_type", "code id_token"), ("nonce", "")],
        ),
        (
            "invalid_request",
            &[("response_type", "code token"), ("response_mode", "query")],
        ),
        (
            "invalid_scope",
            &[("response_type", "id_token"), ("scope", "email")],
        ),
        (
            "login_required",
            &[("response_type", "id_token token"), ("prompt", "none")],
        ),
        ("unsupported_response_type", &[("response_type", "token")]),
    ] {
        let back = visitor.get(&url_of(&rp, more)).await;
        let answer = fragment(&back);
        assert_eq!(answer["error"], error, "{more:?}: {}", back.url);
        assert_eq!(
            (&answer["state"], &answer["iss"]),
            (&"a state".into(), &ISSUER.into())
        );
        assert_eq!(back.url.query(), None);
    }
    // Without an ID token in front, a nonce is optional.
    let back = visitor
        .get(&url_of(&rp, &[("response_type", "code token"), ("nonce", "")]))
        .await;
    assert_eq!(back.url.path(), "/login");
}

#[tokio::test]
async fn a_form_posts_tokens_and_refusals_alike() {
    let op = open_provider().await;
    let rp = every_type(&op).await;
    let mut alice = op.person("alice@example.org").await;
    let by_form = |more: &[(&'static str, &'static str)]| {
        let all = [
            &[
                ("response_type", "id_token token"),
                ("response_mode", "form_post"),
            ][..],
            more,
        ]
        .concat();
        url_of(&rp, &all)
    };
    let page = alice.browser.get(&by_form(&[("prompt", "none")])).await;
    let form = page.form(&["error", "state", "iss"]);
    assert_eq!(form.action.as_str(), rp.redirect_uri);
    assert!(form.fields.contains(&("error".into(), "login_required".into())));

    let page = alice.goes_through(&by_form(&[])).await;
    let form = page.form(&[
        "access_token",
        "id_token",
        "token_type",
        "expires_in",
        "state",
        "iss",
    ]);
    assert_eq!(form.action.as_str(), rp.redirect_uri);
}

#[tokio::test]
async fn a_client_and_the_deployment_decide_which_types_there_are() {
    let op = open_provider().await;
    let plain = op.client("plain").await;
    let only = json!({"response_types": ["id_token"], "grant_types": ["implicit"],
        "token_endpoint_auth_method": "none", "scope": "openid email"});
    let only = op.client_with("only", only).await;
    let mut visitor = op.browser();
    let asks = |rp: &RelyingParty, response_type: &str| url_of(rp, &[("response_type", response_type)]);

    let back = visitor.get(&asks(&plain, "id_token")).await;
    assert_eq!(fragment(&back)["error"], "unauthorized_client"); // AZ-4: registered for exactly that type
    let back = visitor.get(&asks(&only, "code")).await;
    assert_eq!(query(&back)["error"], "unauthorized_client");
    let back = visitor.get(&asks(&only, "id_token")).await;
    assert_eq!(back.url.path(), "/login"); // AZ-5: a public client without a code needs no PKCE
    let (status, refusal) = plain.posts("/token", &[("grant_type", "implicit")]).await;
    assert_eq!(
        (status, &refusal["error"]),
        (400, &"unsupported_grant_type".into())
    );

    let closed = TestOp::start().await;
    let rp = every_type(&closed).await;
    let back = closed.browser().get(&asks(&rp, "code id_token")).await;
    assert_eq!(fragment(&back)["error"], "unsupported_response_type");
}

#[tokio::test]
async fn the_metadata_states_what_is_on() {
    let metadata = async |op: &TestOp| -> Value {
        let page = op.browser().get("/.well-known/openid-configuration").await;
        serde_json::from_str(&page.body).expect("JSON")
    };
    let closed = metadata(&TestOp::start().await).await;
    assert_eq!(closed["response_types_supported"], json!(["code"]));
    assert!(!closed["grant_types_supported"].to_string().contains("implicit"));

    let open = metadata(&open_provider().await).await;
    let types = [
        "code",
        "id_token",
        "id_token token",
        "code id_token",
        "code token",
        "code id_token token",
    ];
    assert_eq!(open["response_types_supported"], json!(types));
    assert!(open["grant_types_supported"].to_string().contains("implicit"));
}
