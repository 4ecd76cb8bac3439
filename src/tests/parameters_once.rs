//! Tests that a parameter occurs once in a request as a whole, query and body together (RFC 6749 §3.1, §3.2;
//! security.md G-2): at every endpoint that discovery names, for every parameter of a good request, which counts as if
//! nothing had been sent before it.

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::{ISSUER, Page, RelyingParty, TestOp};
use itu_account::config::RegistrationMode;
use itu_account::oidc::endpoints::{INTROSPECTION, OPENID_CONFIGURATION, TOKEN};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

type Fields = Vec<(&'static str, String)>;

fn fields<const N: usize>(pairs: [(&'static str, &str); N]) -> Fields {
    pairs.map(|(name, value)| (name, value.to_owned())).into()
}

fn encoded<'a>(fields: impl IntoIterator<Item = &'a (&'static str, String)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.into_iter().map(|it| (it.0, &it.1)));
    query.finish()
}

/// Returns the request with one of its parameters twice: in the body, once in each, in the query beside the others.
fn repetitions(good: &Fields) -> Vec<(String, Fields)> {
    let each = good.iter().flat_map(|pair| {
        let others: Fields = good.iter().filter(|other| other.0 != pair.0).cloned().collect();
        [
            (String::new(), [&good[..], std::slice::from_ref(pair)].concat()),
            (encoded([pair]), good.clone()),
            (encoded([pair, pair]), others),
        ]
    });
    each.collect()
}

async fn posts(rp: &RelyingParty, path: &str, fields: &Fields) -> (u16, Value) {
    let fields: Vec<_> = fields.iter().map(|it| (it.0, it.1.as_str())).collect();
    rp.posts(path, &fields).await
}

/// Requires that each repetition is refused, and that after all of them the request itself succeeds.
async fn takes_each_once(rp: &RelyingParty, path: &str, good: Fields) -> Value {
    for (query, fields) in repetitions(&good) {
        let (status, answer) = posts(rp, &format!("{path}?{query}"), &fields).await;
        let said = format!("{path}?{query} {fields:?}: {answer}");
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!("invalid_request")),
            "{said}"
        );
    }
    // RFC 6749 §3.2: an unrecognized parameter is ignored, however often and wherever it occurs.
    let unknown = fields([("utm", "1"), ("utm", "2")]);
    let (status, answer) = posts(
        rp,
        &format!("{path}?utm=3&utm=%zz"),
        &[&good[..], &unknown].concat(),
    )
    .await;
    assert!((200..300).contains(&status), "{path}: {answer}");
    answer
}

async fn redeemable(op: &TestOp, rp: &RelyingParty, email: &str) -> Fields {
    let url = format!("/authorize?{}", encoded(&asks(rp)));
    let back = op.person(email).await.goes_through(&url).await;
    fields([
        ("grant_type", "authorization_code"),
        ("code", &back.query("code").expect("a code")),
        ("redirect_uri", &rp.redirect_uri),
        ("code_verifier", VERIFIER),
    ])
}

fn asks(rp: &RelyingParty) -> Fields {
    fields([
        ("client_id", &rp.id),
        ("redirect_uri", &rp.redirect_uri),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "a-state"),
        ("nonce", "a-nonce"),
        ("prompt", "login"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ])
}

/// Requires a refusal sent to the service, or on a page where it is unclear which service that is (AZ-1).
fn is_refused(page: &Page, said: &str) {
    match page
        .query("error")
        .filter(|_| !page.url.as_str().starts_with(ISSUER))
    {
        Some(error) => assert_eq!(error, "invalid_request", "{said}"),
        None => assert_eq!(page.status, 400, "{said}: {}", page.text()),
    }
}

#[tokio::test]
async fn a_parameter_occurs_once_in_a_request_as_a_whole() {
    // G-2
    let op = TestOp::with(|config| config.registration.mode = RegistrationMode::Open).await;
    let post = op
        .client_with(
            "post",
            json!({"token_endpoint_auth_method": "client_secret_post"}),
        )
        .await;
    let rp = op.client("web").await;
    let away = json!({"grant_types": [CIBA, DEVICE_CODE, "client_credentials"], "redirect_uris": [],
        "response_types": [], "post_logout_redirect_uris": [], "backchannel_token_delivery_mode": "poll",
        "scope": "openid email reports"});
    let desk = op.client_with("desk", away).await;
    op.person("carol@example.org").await;
    let redemption = redeemable(&op, &rp, "alice@example.org").await;
    let tokens = takes_each_once(&rp, TOKEN, redemption).await;
    let access_token = tokens["access_token"].as_str().expect("a token");

    // Credentials are parameters, too (RFC 6749 §2.3.1): this client sends them in the body.
    let mut redemption = redeemable(&op, &post, "bob@example.org").await;
    let anonymous = RelyingParty::discover(op.router.clone(), "post", None, post.redirect_uri.clone()).await;
    redemption.push(("client_secret", post.secret.clone().expect("a secret")));
    let beside = format!("{TOKEN}?client_secret=x");
    let bare: Fields = redemption[..4].to_vec();
    let (status, answer) = posts(&anonymous, &beside, &bare).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("invalid_request")),
        "TK-8"
    );
    takes_each_once(&anonymous, TOKEN, redemption).await;
    // Two methods count as none (RFC 6749 §2.3).
    let twice = fields([("grant_type", "client_credentials"), ("client_secret", "x")]);
    let (status, answer) = posts(&desk, TOKEN, &twice).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));

    let document: Value =
        serde_json::from_slice(rp.gets(OPENID_CONFIGURATION, &[]).await.body()).expect("JSON");
    let endpoints = document.as_object().expect("an object").iter();
    let endpoints = endpoints.filter(|it| it.0.ends_with("_endpoint"));
    let mut seen = 0;
    for (name, url) in endpoints {
        let path = url.as_str().and_then(|it| it.strip_prefix(ISSUER)).expect("ours");
        seen += 1;
        match name.as_str() {
            "token_endpoint" => {
                let grant = fields([("grant_type", "client_credentials"), ("scope", "reports")]);
                takes_each_once(&desk, path, grant).await;
            }
            "pushed_authorization_request_endpoint" => drop(takes_each_once(&rp, path, asks(&rp)).await),
            "device_authorization_endpoint" => {
                takes_each_once(&desk, path, fields([("scope", "openid"), ("acr_values", "phr")])).await;
            }
            "backchannel_authentication_endpoint" => {
                let ask = [
                    ("scope", "openid"),
                    ("login_hint", "carol@example.org"),
                    ("binding_message", "42"),
                ];
                takes_each_once(&desk, path, fields(ask)).await;
                assert_eq!(op.outbox().to("carol@example.org").await.len(), 1);
            }
            "introspection_endpoint" => {
                let ask = [("token", access_token), ("token_type_hint", "access_token")];
                assert_eq!(takes_each_once(&rp, path, fields(ask)).await["active"], true);
            }
            "userinfo_endpoint" => {
                let answer = takes_each_once(&rp, path, fields([("access_token", access_token)])).await;
                assert_eq!(answer["email"], "alice@example.org");
                // RFC 6750 §2: a request uses one method to send the token.
                let bearer = format!("Bearer {access_token}");
                let mut anonymous = op.browser();
                anonymous
                    .headers
                    .insert("authorization", bearer.parse().expect("a header"));
                let page = anonymous.post(path, &[("access_token", access_token)]).await;
                assert_eq!(page.status, 400);
            }
            "revocation_endpoint" => {
                let ask = [("token", access_token), ("token_type_hint", "access_token")];
                for (query, fields) in repetitions(&fields(ask)) {
                    assert_eq!(posts(&rp, &format!("{path}?{query}"), &fields).await.0, 400);
                }
                let (_, still) = posts(&rp, INTROSPECTION, &fields([("token", access_token)])).await;
                assert_eq!(still["active"], true);
            }
            "registration_endpoint" => {
                let twice = r#"{"redirect_uris": ["https://a.example/cb"], "redirect_uris": ["https://b.example/cb"]}"#;
                let mut anonymous = op.browser();
                anonymous
                    .headers
                    .insert("content-type", "application/json".parse().expect("a header"));
                let url = format!("{ISSUER}{path}").parse().expect("a URL");
                let page = anonymous
                    .once(axum::http::Method::POST, &url, Some(twice.to_owned()))
                    .await;
                assert_eq!(page.status, 400);
            }
            // It has no parameters: the grant is in the path, the token in a header.
            "grant_management_endpoint" => {}
            "authorization_endpoint" => authorization(&op, &rp, path).await,
            "end_session_endpoint" => end_session(&op, &rp, path).await,
            other => panic!("a good request to {other}"),
        }
    }
    assert!(seen >= 10, "{document}");
}

async fn authorization(op: &TestOp, rp: &RelyingParty, path: &str) {
    let good = asks(rp);
    for (query, fields) in repetitions(&good) {
        let said = format!("{path}?{query} {fields:?}");
        let sent: Vec<_> = fields.iter().map(|it| (it.0, it.1.as_str())).collect();
        is_refused(&op.browser().post(&format!("{path}?{query}"), &sent).await, &said);
        let all = [encoded(&fields), query].join("&");
        is_refused(&op.browser().get(&format!("{path}?{all}")).await, &said);
    }
    // Neither a pushed request nor an object hides a repetition beside it.
    let (_, pushed) = posts(rp, "/par", &good).await;
    let reference = pushed["request_uri"].as_str().expect("a reference").to_owned();
    let opens = fields([
        ("client_id", &rp.id),
        ("request_uri", &reference),
        ("redirect_uri", &rp.redirect_uri),
        ("state", "a-state"),
    ]);
    for (query, fields) in repetitions(&opens) {
        let all = [encoded(&fields), query].join("&");
        is_refused(&op.browser().get(&format!("{path}?{all}")).await, &all);
    }
    let page = op.browser().get(&format!("{path}?{}", encoded(&opens))).await;
    assert_eq!(page.url.path(), "/login");
}

async fn end_session(op: &TestOp, rp: &RelyingParty, path: &str) {
    let url = format!("/authorize?{}", encoded(&asks(rp)));
    let mut dora = op.person("dora@example.org").await;
    let back = dora.goes_through(&url).await;
    let redemption = fields([
        ("grant_type", "authorization_code"),
        ("code", &back.query("code").expect("a code")),
        ("redirect_uri", &rp.redirect_uri),
        ("code_verifier", VERIFIER),
    ]);
    let (_, tokens) = posts(rp, TOKEN, &redemption).await;
    let bye = format!("https://{}.example.test/bye", rp.id);
    let good = fields([
        ("id_token_hint", tokens["id_token"].as_str().expect("an ID token")),
        ("client_id", &rp.id),
        ("post_logout_redirect_uri", &bye),
        ("state", "a-state"),
    ]);
    for (query, fields) in repetitions(&good) {
        let said = format!("{path}?{query} {fields:?}");
        let sent: Vec<_> = fields.iter().map(|it| (it.0, it.1.as_str())).collect();
        is_refused(&dora.browser.post(&format!("{path}?{query}"), &sent).await, &said);
        let all = [encoded(&fields), query].join("&");
        is_refused(&dora.browser.get(&format!("{path}?{all}")).await, &said);
    }
    assert_eq!(dora.browser.get("/account").await.url.path(), "/account");
    let page = dora.browser.get(&format!("{path}?{}", encoded(&good))).await;
    assert_eq!(page.url.as_str(), format!("{bye}?state=a-state"));
}
