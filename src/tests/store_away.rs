//! Tests the loss of the ephemeral store while the service runs (security.md ST-1): requests that need it are answered
//! 503 with `Retry-After`, the others go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;
use url::Url;

use crate::support::{ISSUER, PASSWORD, TestOp};
use itu_account::config::{Redis, RegistrationMode};
use itu_account::deployment;
use itu_account::domain::role::Role;
use itu_account::http::{health, router};
use itu_account::oidc::endpoints;
use itu_account::storage::Database;

type Values = Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>;

/// Opens as much of a Redis as the service asks of it; it dies with the returned task.
async fn store() -> (String, tokio::task::JoinHandle<()>) {
    store_at("127.0.0.1:0").await
}

async fn store_at(address: &str) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind(address).await.expect("a port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    let serving = tokio::spawn(async move {
        let (values, mut connections) = (Values::default(), JoinSet::new());
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, values.clone()));
        }
    });
    (url, serving)
}

async fn serve(stream: TcpStream, values: Values) {
    let mut stream = BufReader::new(stream);
    while let Some(command) = read(&mut stream).await {
        let answer = answer(&command, &values);
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// Reads a command, which is an array of bulk strings (RESP2).
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Vec<Vec<u8>>> {
    let number = async |stream: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        line.trim_end().get(1..)?.parse::<usize>().ok()
    };
    let mut parts = Vec::new();
    for _ in 0..number(stream).await? {
        let length = number(stream).await?;
        let mut part = vec![0; length + 2];
        stream.read_exact(&mut part).await.ok()?;
        part.truncate(length);
        parts.push(part);
    }
    Some(parts)
}

fn answer(command: &[Vec<u8>], values: &Values) -> Vec<u8> {
    let mut values = values.lock().expect("the values");
    let bulk = |value: Option<&Vec<u8>>| match value {
        Some(value) => [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat(),
        None => b"$-1\r\n".to_vec(),
    };
    match command[0].to_ascii_uppercase().as_slice() {
        b"SET" if command.iter().any(|it| it == b"NX") && values.contains_key(&command[1]) => bulk(None),
        b"SET" => {
            values.insert(command[1].clone(), command[2].clone());
            b"+OK\r\n".to_vec()
        }
        b"GET" => bulk(values.get(&command[1])),
        b"GETDEL" => bulk(values.remove(&command[1]).as_ref()),
        b"EVAL" | b"EVALSHA" => b":1\r\n".to_vec(),
        b"PING" => b"+PONG\r\n".to_vec(),
        _ => b"+OK\r\n".to_vec(),
    }
}

/// Asks whether requests should come to this node.
async fn readiness(op: &TestOp) -> (StatusCode, String) {
    let request = Request::get("/health/ready")
        .body(Body::empty())
        .expect("a request");
    let answer = health::router(op.app.clone())
        .oneshot(request)
        .await
        .expect("an answer");
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn a_node_without_the_store_is_ready_for_what_needs_none() {
    let (url, serving) = store().await;
    let op = TestOp::with(|config| config.redis = Redis::at(url.clone(), "test")).await;
    assert_eq!(readiness(&op).await, (StatusCode::OK, "ready\n".to_owned()));
    serving.abort();
    let _ = serving.await;
    // All nodes have the one store: if they were not ready, a load balancer would have none left.
    let (status, said) = readiness(&op).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(said, "degraded: the ephemeral store does not answer\n");
    let measured = deployment::measure(&op.app).await;
    assert!(
        measured.contains("\nitu_account_ephemeral_store_up 0"),
        "{measured}"
    );
    // It comes back without a restart.
    let address = url.trim_start_matches("redis://");
    let _back = store_at(address).await;
    let ready = async {
        while readiness(&op).await.1 != "ready\n" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), ready)
        .await
        .expect("ready again");
    assert!(
        deployment::measure(&op.app)
            .await
            .contains("\nitu_account_ephemeral_store_up 1")
    );
    // Whoever is asked to end is ready for nothing more, though it answers.
    op.app.leaving.cancel();
    assert_eq!(
        readiness(&op).await,
        (StatusCode::SERVICE_UNAVAILABLE, "leaving\n".to_owned())
    );
}

#[tokio::test]
async fn a_database_that_leaves_is_unavailable_for_a_moment() {
    let op = TestOp::start().await;
    if !op.app.db.is_postgres() {
        return; // SQLite is in the process.
    }
    let mut web = op.client("web").await;
    let mut alice = op.person("alice@itu.example").await;
    let code = alice.logs_in_at(&mut web, "openid email").await;
    let tokens = web.redeems(&code).await.expect("tokens");
    let leave = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let operator = Database::open(op.app.config.database.url()).await.expect("opens");
    operator.execute_unprepared(leave).await.expect("cut off");

    let mut seen = Vec::new();
    while seen.last() != Some(&StatusCode::OK) {
        assert!(seen.len() < 40, "{seen:?}");
        // The relying party of these tests takes no 5xx.
        let asked = Request::get(format!("{ISSUER}{}", endpoints::USERINFO))
            .header(header::AUTHORIZATION, format!("Bearer {}", tokens.access_token))
            .body(Body::empty());
        let answer = router::router(&op.app).oneshot(asked.expect("a request")).await;
        seen.push(answer.expect("infallible").status());
    }
    // Each connection that was open says so once, and no request waits for that.
    let (away, back) = seen.split_at(seen.len() - 1);
    let are_unavailable = away.iter().all(|it| *it == StatusCode::SERVICE_UNAVAILABLE);
    assert!(!away.is_empty() && are_unavailable, "{seen:?}"); // ST-3
    assert_eq!(back, [StatusCode::OK]);
}

#[tokio::test]
async fn what_needs_the_store_is_unavailable_and_all_else_goes_on() {
    let (url, serving) = store().await;
    let op = TestOp::with(|config| {
        config.redis = Redis::at(url, "test");
        config.registration.mode = RegistrationMode::Open;
    })
    .await;
    let mut web = op
        .client_with(
            "web",
            json!({"first_party": true, "grant_types": ["authorization_code", "refresh_token"],
                "scope": "openid email offline_access",
                "frontchannel_logout_uri": "https://web.example.test/logout"}),
        )
        .await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    let code = admin.logs_in_at(&mut web, "openid email offline_access").await;
    let tokens = web.redeems(&code).await.expect("tokens");
    let refresh_token = tokens.refresh_token.expect("offline access");

    serving.abort();
    let _ = serving.await;

    // Requests that read the database or a sealed value go on.
    assert_eq!(
        web.claims(&tokens.access_token).await["email"],
        "admin@itu.example"
    );
    let refreshed = web.refreshes(&refresh_token).await.expect("a refresh");
    assert_eq!(web.introspects(&refreshed.access_token).await["active"], true);
    for path in [
        "/",
        "/account",
        "/account/profile",
        "/admin/organizations",
        "/login",
        endpoints::JWKS,
    ] {
        assert_eq!(admin.browser.get(path).await.status, StatusCode::OK, "{path}");
    }
    // Without a count a wrong secret is not distinguished from a right one (G-11).
    let body = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", "web"),
        ("client_secret", "x"),
    ];
    let page = op.browser().post(endpoints::TOKEN, &body).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.body);

    // No page and no endpoint fails: each answers 503 with the time to wait, or does without.
    let mut seen = 0;
    for (pattern, _) in router::routes(&op.app).table() {
        let path = pattern.replace(['{', '}'], "");
        let url = Url::parse(ISSUER).expect("a URL").join(&path).expect("a URL");
        for (method, body) in [(Method::GET, None), (Method::POST, Some("a=b".to_owned()))] {
            // `Browser` refuses every other 5xx.
            let page = admin.browser.clone().once(method, &url, body).await;
            if page.status == StatusCode::SERVICE_UNAVAILABLE {
                seen += 1;
                assert!(!page.header("retry-after").is_empty(), "{path}");
            }
        }
    }
    assert!(seen > 0);
    let mut stranger = op.person("bob@example.org").await;
    let form = stranger.browser.get("/login").await.form(&["email", "password"]);
    let page = stranger
        .browser
        .submit(form, &[("email", "bob@example.org"), ("password", PASSWORD)])
        .await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!page.header("retry-after").is_empty());
    // A service is answered in its own way (RFC 6749 §4.1.2.1), and a page of ours is no failure either.
    let back = admin.browser.get(&web.authorization_url("openid", &[])).await;
    let is_shown = back
        .url
        .query()
        .is_some_and(|it| it.contains("error=temporarily_unavailable"));
    assert!(
        is_shown || back.status == StatusCode::SERVICE_UNAVAILABLE,
        "{} {}",
        back.url,
        back.status
    );
    let page = op.browser().get(&web.authorization_url("openid", &[])).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.headers.contains_key(header::RETRY_AFTER));
    let refused = op.browser().get("/authorize?client_id=nobody").await;
    assert_eq!(
        refused.status,
        StatusCode::BAD_REQUEST,
        "a refusal needs no store"
    );

    // A logout ends the session, though no service can be visited.
    let form = admin.browser.get("/logout").await.form(&["decision=logout"]);
    let page = admin.browser.send(form.press("decision", "logout")).await;
    assert_eq!(page.url.path(), "/logged-out", "{}", page.status);
    assert_eq!(admin.browser.get("/account").await.url.path(), "/login");
}
