//! RFC 7592: a client reads, changes and removes its registration, and nobody else's.

use super::*;
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::domain::client::Metadata;
use crate::oidc::clients;

async fn told(op: &TestOp, client: &Answer) -> Value {
    op.manages(Method::GET, client, None).await.body
}

/// The answer of the token endpoint to the client's credentials, a wrong code aside.
async fn authenticates(op: &TestOp, id: &str, secret: &str) -> bool {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", "x")
        .append_pair("redirect_uri", "https://rp.example/cb")
        .append_pair("client_id", id)
        .append_pair("client_secret", secret)
        .finish();
    let request = Request::post("/token")
        .header(header::HOST, ISSUER.trim_start_matches("https://"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body));
    let answer = op.router.clone().oneshot(request.expect("a request")).await;
    match answer.expect("infallible").status().as_u16() {
        400 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_registration_is_read_by_its_own_token_only() {
    let op = TestOp::open().await;
    let asked = with("initiate_login_uri", json!("https://rp.example/begin"));
    let (one, other) = (op.registers(&asked).await, op.registers(&good()).await);

    let read = op.manages(Method::GET, &one, None).await;
    assert_eq!(read.status, StatusCode::OK);
    assert_eq!(read.body["initiate_login_uri"], "https://rp.example/begin");
    for name in [
        "client_id",
        "registration_client_uri",
        "registration_access_token",
        "client_id_issued_at",
    ] {
        assert_eq!(read.body[name], one.body[name], "{name}"); // RFC 7592 §3
    }
    assert!(read.body.get("client_secret").is_none()); // AD-2

    let url = one.text("registration_client_uri");
    let foreign = other.text("registration_access_token");
    for token in [Some(foreign.as_str()), Some("x"), Some("rat_x"), None] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = (method == Method::PUT).then(|| good().to_string());
            let call = Call {
                method,
                url: &url,
                token,
                body,
                peer: [192, 0, 2, 1],
            };
            let answer = op.calls(call).await;
            assert_eq!(answer.error(), (401, "invalid_token".into())); // RFC 7592 §2.1
            assert!(answer.challenge().starts_with("Bearer realm=\"registration\""));
        }
    }
    assert_eq!(
        told(&op, &one).await["initiate_login_uri"],
        "https://rp.example/begin"
    );

    // DR-6: a client that an administrator disabled.
    let id = ClientId::new(one.text("client_id"));
    let disabled = clients::set_enabled(&op.app, &Context::operator(), &id, false).await;
    disabled.expect("disabled");
    let answer = op.manages(Method::GET, &one, None).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_registration_is_replaced_as_a_whole() {
    let op = TestOp::open().await;
    let client = op
        .registers(&with("tos_uri", json!("https://rp.example/tos")))
        .await;
    let mut asked = good();
    asked["client_id"] = client.body["client_id"].clone();
    asked["client_secret"] = client.body["client_secret"].clone();
    asked["client_name"] = json!("Another name");
    asked["policy_uri"] = json!(null);

    let answer = op.manages(Method::PUT, &client, Some(&asked)).await;

    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.body["client_name"], "Another name");
    assert!(answer.body.get("tos_uri").is_none()); // RFC 7592 §2.2
    assert!(answer.body.get("client_secret").is_none()); // it keeps its own
    assert_eq!(told(&op, &client).await, answer.body);

    for (member, value) in [
        ("client_id", json!("client_other")),
        ("client_id", json!(null)),
        ("client_secret", json!("another")),
        (
            "registration_access_token",
            client.body["registration_access_token"].clone(),
        ),
        (
            "registration_client_uri",
            client.body["registration_client_uri"].clone(),
        ),
        ("client_secret_expires_at", json!(0)),
        ("client_id_issued_at", json!(1)),
        ("initiate_login_uri", json!("http://rp.example/")),
    ] {
        let mut bad = asked.clone();
        bad[member] = value;
        let refused = op.manages(Method::PUT, &client, Some(&bad)).await;
        assert_eq!(
            refused.error(),
            (400, "invalid_client_metadata".into()),
            "{member}"
        );
    }
    let mut bad = asked.clone();
    bad["redirect_uris"] = json!(["https://rp.example/#"]);
    let refused = op.manages(Method::PUT, &client, Some(&bad)).await;
    assert_eq!(refused.error(), (400, "invalid_redirect_uri".into()));
    assert_eq!(told(&op, &client).await, answer.body);
}

#[tokio::test]
async fn a_secret_goes_and_comes_with_the_method() {
    let op = TestOp::open().await;
    let client = op
        .registers(&with("token_endpoint_auth_method", json!("client_secret_post")))
        .await;
    let (id, secret) = (client.text("client_id"), client.text("client_secret"));
    assert!(authenticates(&op, &id, &secret).await);
    let mut asked = with("token_endpoint_auth_method", json!("none"));
    asked["client_id"] = json!(id);
    let public = op.manages(Method::PUT, &client, Some(&asked)).await;
    assert!(public.body.get("client_secret").is_none());
    assert!(!authenticates(&op, &id, &secret).await);

    asked["token_endpoint_auth_method"] = json!("client_secret_post");
    let again = op.manages(Method::PUT, &client, Some(&asked)).await;
    assert_eq!(again.body["client_secret_expires_at"], 0);
    assert!(!authenticates(&op, &id, &secret).await);
    assert!(authenticates(&op, &id, &again.text("client_secret")).await);
}

#[tokio::test]
async fn what_an_administrator_decided_stays() {
    let op = TestOp::open().await;
    let client = op.registers(&good()).await;
    let id = ClientId::new(client.text("client_id"));
    let metadata: Metadata = serde_json::from_value(json!({"client_name": "A service",
        "redirect_uris": ["https://rp.example/cb"], "first_party": true, "pkce": "required",
        "scope": "openid itu_membership"}))
    .expect("metadata");
    let decided = clients::update(&op.app, &Context::operator(), &id, metadata).await;
    decided.expect("an administrator decides");

    let mut asked = with("first_party", json!(false));
    asked["pkce"] = json!("optional");
    asked["scope"] = json!("openid email itu_membership itu_professional");
    asked["client_id"] = json!(id.as_str());
    let answer = op.manages(Method::PUT, &client, Some(&asked)).await;

    assert_eq!(answer.body["scope"], "openid email itu_membership"); // AZ-14
    let stored = op.app.registry.find(id.as_str()).expect("a client");
    assert!(stored.is_first_party() && stored.requires_pkce()); // DR-2
}

#[tokio::test]
async fn a_deleted_client_is_gone_with_all_it_held() {
    let op = TestOp::open().await;
    let client = op
        .registers(&with("token_endpoint_auth_method", json!("client_secret_post")))
        .await;
    let (id, secret) = (client.text("client_id"), client.text("client_secret"));
    assert!(authenticates(&op, &id, &secret).await);

    let deleted = op.manages(Method::DELETE, &client, None).await;

    assert_eq!(
        (deleted.status, deleted.body),
        (StatusCode::NO_CONTENT, Value::Null)
    ); // RFC 7592 §2.3
    for method in [Method::GET, Method::DELETE] {
        let answer = op.manages(method, &client, None).await;
        assert_eq!(answer.error(), (401, "invalid_token".into()));
    }
    assert!(!authenticates(&op, &id, &secret).await);
    assert!(clients::find(&op.app, &ClientId::new(id)).await.is_err());
}
