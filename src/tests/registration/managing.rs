//! Tests RFC 7592: a client reads, changes and removes its registration, and nobody else's.

use sea_orm::{ConnectionTrait, QueryResult, Statement};

use super::*;
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::client::Metadata;
use itu_account::domain::scope::Scope;
use itu_account::oidc::clients::{self, Update};

async fn read_registration(op: &TestOp, client: &Answer) -> Value {
    op.manages(Method::GET, client, None).await.body
}

/// Returns `true` if the token endpoint accepts the client's credentials, a wrong code aside.
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
        read_registration(&op, &one).await["initiate_login_uri"],
        "https://rp.example/begin"
    );

    // DR-6: an administrator disabled the client.
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
    assert_eq!(read_registration(&op, &client).await, answer.body);

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
    assert_eq!(read_registration(&op, &client).await, answer.body);
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
    let definition = serde_json::from_value(json!({"client_name": "A service",
        "redirect_uris": ["https://rp.example/cb"], "first_party": true, "pkce": "required",
        "scope": "openid itu_membership"}))
    .expect("a definition");
    let before = clients::find(&op.app, &id).await.expect("a client");
    let update = Update {
        definition,
        ..Update::of(&before)
    };
    let decided = clients::update(&op.app, &Context::operator(), update).await;
    decided.expect("an administrator decides");

    let mut asked = with("first_party", json!(false));
    asked["pkce"] = json!("optional");
    asked["scope"] = json!("openid email itu_membership itu_professional");
    asked["client_id"] = json!(id.as_str());
    let answer = op.manages(Method::PUT, &client, Some(&asked)).await;

    assert_eq!(answer.body["scope"], "openid itu_membership", "{}", answer.body); // AZ-14, DR-2
    let stored = op.app.registry.find(id.as_str()).expect("a client");
    assert!(stored.is_first_party() && stored.requires_pkce()); // DR-2
}

#[tokio::test]
async fn a_name_that_was_approved_for_mails_to_people_stays() {
    // DV-3: the name is the client's only text in such mails.
    const GRANT: &str = "urn:openid:params:grant-type:ciba";
    let op = TestOp::open().await;
    let client = op.registers(&good()).await;
    let id = ClientId::new(client.text("client_id"));
    let before = clients::find(&op.app, &id).await.expect("a client");
    let mut metadata = serde_json::to_value(before.definition()).expect("JSON");
    metadata["grant_types"] = json!(["authorization_code", GRANT]);
    metadata["backchannel_token_delivery_mode"] = json!("poll");
    let definition = serde_json::from_value(metadata).expect("a definition");
    let update = Update {
        definition,
        ..Update::of(&before)
    };
    let decided = clients::update(&op.app, &Context::operator(), update).await;
    let name = decided.expect("an administrator decides").metadata.client_name;

    let mut asked = good();
    asked["client_id"] = json!(id.as_str());
    for other in [json!("Call +41 22 000 00 00 now"), json!(null)] {
        let mut renamed = asked.clone();
        renamed["client_name"] = other;
        let refused = op.manages(Method::PUT, &client, Some(&renamed)).await;
        assert_eq!(refused.error(), (400, "invalid_client_metadata".into()));
    }
    let kept = op.manages(Method::PUT, &client, Some(&asked)).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.body);
    let stored = clients::find(&op.app, &id).await.expect("a client").metadata;
    assert_eq!(stored.client_name, name);
}

#[tokio::test]
async fn what_an_administrator_made_safer_is_not_undone_by_leaving_it_out() {
    let op = TestOp::open().await;
    let mut asked = with("require_auth_time", json!(true));
    asked["redirect_uris"] = json!(["https://rp.example/cb", "https://old.rp.example/cb"]);
    let client = op.registers(&asked).await;
    let id = ClientId::new(client.text("client_id"));
    let stored = || {
        op.app
            .registry
            .find(id.as_str())
            .expect("a client")
            .metadata
            .clone()
    };
    let stricter = Metadata {
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
        redirect_uris: vec!["https://rp.example/cb".into()],
        scope: Scope::parse("openid profile").expect("a scope"),
        ..stored()
    };
    let before = clients::find(&op.app, &id).await.expect("a client");
    let mut update = Update::of(&before);
    update.definition.metadata = stricter;
    let decided = clients::update(&op.app, &Context::operator(), update).await;
    decided.expect("an administrator decides");

    let mut plain = good();
    plain["client_id"] = json!(id.as_str());
    let answer = op.manages(Method::PUT, &client, Some(&plain)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let now = stored();
    assert!(now.require_pushed_authorization_requests && now.dpop_bound_access_tokens); // DR-2
    assert_eq!(now.scope.to_string(), "openid profile");
    assert!(!now.require_auth_time); // its own, RFC 7592 §2.2
    assert!(answer.body.get("administered").is_none());
    for (member, value) in [
        ("require_pushed_authorization_requests", json!(false)),
        ("dpop_bound_access_tokens", json!(false)),
        ("redirect_uris", asked["redirect_uris"].clone()),
    ] {
        let mut weaker = plain.clone();
        weaker[member] = value;
        let refused = op.manages(Method::PUT, &client, Some(&weaker)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{member}"); // DR-2
        assert_eq!(stored(), now, "{member}");
    }
    let mut wider = plain.clone();
    wider["scope"] = json!("openid profile email");
    let answer = op.manages(Method::PUT, &client, Some(&wider)).await;
    assert_eq!(answer.body["scope"], "openid profile");
}

#[tokio::test]
async fn a_change_that_lost_a_race_is_a_conflict() {
    let op = TestOp::open().await;
    let client = op.registers(&good()).await;
    let put = |name: String| {
        let mut asked = with("client_name", json!(name));
        asked["client_id"] = client.body["client_id"].clone();
        let (op, client) = (&op, &client);
        async move { op.manages(Method::PUT, client, Some(&asked)).await }
    };
    // All changes come at once, within one tick of the frozen clock.
    let answers = futures_util::future::join_all((0..6).map(|it| put(format!("Service {it}")))).await;
    let statuses: Vec<u16> = answers.iter().map(|it| it.status.as_u16()).collect();
    assert!(statuses.iter().all(|it| [200, 409].contains(it)), "{statuses:?}"); // G-9
    // Each change that counted was decided on the result of the one before it.
    let changes = recorded(&op).await;
    assert_eq!(changes.len(), statuses.iter().filter(|it| **it == 200).count());
    assert!(changes.windows(2).all(|it| it[0].1 == it[1].0), "{changes:?}");
}

/// Returns before and after of each change of a client.
async fn recorded(op: &TestOp) -> Vec<(String, String)> {
    let db = op.app.db.read();
    let changes = "SELECT before, after FROM events WHERE action = 'client.changed' ORDER BY id";
    let found = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), changes))
        .await;
    let text = |row: &QueryResult, name| row.try_get::<String>("", name).expect("text");
    found
        .expect("events")
        .iter()
        .map(|it| (text(it, "before"), text(it, "after")))
        .collect()
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
