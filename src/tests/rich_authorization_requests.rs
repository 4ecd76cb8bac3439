//! Tests rich authorization requests (RFC 9396): refused in the standard's words, read by the person before they agree,
//! and carried by every token.

use serde_json::{Value, json};

use crate::support::{ISSUER, Person, RelyingParty, Signer, TestOp};
use itu_account::domain::authorization_details::DetailsType;

const API: &str = "https://documents.example/api";

async fn provider() -> TestOp {
    TestOp::with(|config| {
        let order = DetailsType {
            label: [("en", "Order a document"), ("fr", "Commander un document")]
                .map(|(language, text)| (language.to_owned(), text.to_owned()))
                .into(),
            members: vec!["document".into(), "fee".into()],
            required: vec!["document".into()],
        };
        let types = &mut config.authorization.details;
        types.insert("order".into(), order);
        types.insert("reading".into(), DetailsType::default());
    })
    .await
}

async fn shop(op: &TestOp) -> RelyingParty {
    let metadata = json!({"first_party": false, "authorization_details_types": ["order"], "resources": [API],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": "openid email offline_access orders"});
    op.client_with("shop", metadata).await
}

fn order() -> Value {
    json!([{"type": "order", "document": "G.984", "actions": ["read", "print"], "fee": {"amount": "62.00"}}])
}

async fn code(alice: &mut Person, rp: &mut RelyingParty, details: &Value, more: &[(&str, &str)]) -> String {
    let details = details.to_string();
    let mut all = vec![("authorization_details", details.as_str())];
    all.extend(more);
    let url = rp.authorization_url("openid email offline_access", &all);
    let back = alice.goes_through(&url).await;
    rp.takes(&back)
}

#[tokio::test]
async fn metadata_states_the_types() {
    let op = provider().await;
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let page = op.browser().get("/.well-known/openid-configuration").await;
    let metadata = json(&page.body);
    assert_eq!(
        metadata["authorization_details_types_supported"],
        json!(["order", "reading"])
    );
    let page = TestOp::start()
        .await
        .browser()
        .get("/.well-known/openid-configuration")
        .await;
    assert_eq!(
        json(&page.body).get("authorization_details_types_supported"),
        None
    );
}

#[tokio::test]
async fn a_person_reads_the_details_in_each_request_and_tokens_carry_them() {
    let op = provider().await;
    let mut rp = shop(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let details = order().to_string();
    for time in ["first", "second"] {
        let url = rp.authorization_url(
            "openid email offline_access",
            &[("authorization_details", &details)],
        );
        let page = alice.browser.get(&url).await;
        let text = page.text();
        for part in ["Order a document", "G.984", "read, print", "fee.amount", "62.00"] {
            assert!(text.contains(part), "{time}: {part}"); // asked again: an order is no permission
        }
        let form = page.find_form(&["decision=allow"]).expect("a question");
        let back = alice.browser.send(form.press("decision", "allow")).await;
        let code = rp.takes(&back);
        let (status, answer) = rp.posts("/token", &rp.redemption(&code)).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["authorization_details"], order()); // RFC 9396 §7
        let token = answer["access_token"].as_str().expect("a token");
        assert_eq!(rp.introspects(token).await["authorization_details"], order()); // §9.2
    }
    let url = rp.authorization_url(
        "openid",
        &[("authorization_details", &details), ("prompt", "none")],
    );
    let back = alice.browser.get(&url).await;
    assert_eq!(back.query("error").as_deref(), Some("consent_required"));
    // Without details there is nothing left to ask.
    let url = rp.authorization_url("openid", &[("prompt", "none")]);
    assert!(alice.browser.get(&url).await.query("code").is_some());
}

#[tokio::test]
async fn later_requests_narrow_the_details_and_never_widen_them() {
    let op = provider().await;
    let mut rp = shop(&op).await;
    let mut alice = op.person("alice@example.org").await;
    let code = code(&mut alice, &mut rp, &order(), &[]).await;
    let (_, answer) = rp.posts("/token", &rp.redemption(&code)).await;
    let mut refresh = answer["refresh_token"].as_str().expect("a token").to_owned();
    let mut less = order();
    less[0]["actions"] = json!(["read"]);
    let mut more = order();
    more[0]["actions"] = json!(["read", "resell"]);
    for (asked, expected) in [
        (Some(&less), Ok(&less)),
        (Some(&more), Err(())),
        (None, Ok(&order())),
    ] {
        let text = asked.map(Value::to_string);
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", &refresh)];
        fields.extend(text.as_deref().map(|it| ("authorization_details", it)));
        let (status, answer) = rp.posts("/token", &fields).await;
        match expected {
            Ok(details) => {
                assert_eq!(
                    (status, &answer["authorization_details"]),
                    (200, details),
                    "{answer}"
                );
                refresh = answer["refresh_token"].as_str().expect("a token").to_owned();
            }
            Err(()) => assert_eq!(
                (status, &answer["error"]),
                (400, &"invalid_authorization_details".into())
            ),
        }
    }
}

#[tokio::test]
async fn what_a_type_does_not_allow_is_refused_wherever_it_is_asked_for() {
    let op = provider().await;
    let mut rp = shop(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    for wrong in [
        "order",
        "[]",
        r#"[{"type": "reading"}]"#, // known, not the client's
        r#"[{"type": "payment"}]"#,
        r#"[{"type": "order"}]"#,
        r#"[{"type": "order", "document": "G.984", "copies": 3}]"#,
        r#"[{"type": "order", "document": "G.984", "locations": "x"}]"#,
    ] {
        let more = [("authorization_details", wrong)];
        let back = alice.browser.get(&rp.authorization_url("openid", &more)).await;
        let error = back.query("error");
        assert_eq!(error.as_deref(), Some("invalid_authorization_details"), "{wrong}"); // RFC 9396 §5
        let redirect_uri = rp.redirect_uri.as_str();
        let pushed = [
            ("response_type", "code"),
            ("redirect_uri", redirect_uri),
            ("scope", "openid"),
            more[0],
        ];
        let own = [("grant_type", "client_credentials"), ("scope", "orders"), more[0]];
        for (path, fields) in [("/par", &pushed[..]), ("/token", &own[..])] {
            let (status, refusal) = rp.posts(path, fields).await;
            let expected = (400, &"invalid_authorization_details".into());
            assert_eq!((status, &refusal["error"]), expected, "{path} {wrong}");
        }
    }
    let details = order().to_string();
    let own = [
        ("grant_type", "client_credentials"),
        ("scope", "orders"),
        ("resource", API),
        ("authorization_details", details.as_str()),
    ];
    let (_, answer) = rp.posts("/token", &own).await;
    let token = answer["access_token"].as_str().expect("a token");
    let claims = op.app.keys.verify_own(token, "at+jwt").expect("RFC 9068 §2.1");
    assert_eq!(
        (&answer["authorization_details"], &claims["authorization_details"]),
        (&order(), &order())
    );
}

#[tokio::test]
async fn a_resource_reads_what_concerns_it() {
    let op = provider().await;
    let mut rp = shop(&op).await;
    let mut alice = op.person("alice@example.org").await;
    let details = json!([{"type": "order", "document": "here", "locations": [API]},
        {"type": "order", "document": "elsewhere", "locations": ["https://other.example"]}]);
    let code = code(&mut alice, &mut rp, &details, &[("resource", API)]).await;
    let (_, answer) = rp.posts("/token", &rp.redemption(&code)).await;
    let token = answer["access_token"].as_str().expect("a token");
    let claims = op.app.keys.verify_own(token, "at+jwt").expect("RFC 9068 §2.1");
    assert_eq!(claims["authorization_details"], json!([details[0]])); // RFC 9396 §9.1
}

#[tokio::test]
async fn a_request_object_carries_them_as_json() {
    let op = provider().await;
    let signer = Signer::new("ES256");
    let metadata = json!({"authorization_details_types": ["order"], "jwks": {"keys": [signer.public()]}});
    let rp = op.client_with("rp", metadata).await;
    for (details, expected) in [
        (order(), 201),
        (json!(order().to_string()), 201),
        (json!({"type": "order"}), 400),
    ] {
        let object = signer.signs(
            &json!({"iss": "rp", "aud": ISSUER, "response_type": "code", "client_id": "rp",
            "redirect_uri": rp.redirect_uri, "scope": "openid", "authorization_details": details}),
        );
        let (status, answer) = rp.posts("/par", &[("request", &object)]).await;
        assert_eq!(status, expected, "{details}: {answer}");
    }
}
