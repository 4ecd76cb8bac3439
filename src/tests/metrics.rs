//! Tests what Prometheus reads (contract.md, `[observability]`): the counters move with what happened, the series are
//! bounded, and nothing in them is personal.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use itu_account::accounts::Error;
use itu_account::domain::actor::Context;
use itu_account::domain::event::{Action, Event};
use itu_account::http::health;
use tower::ServiceExt;

use crate::support::TestOp;
use crate::support::product::program;

/// Returns the samples by name and labels, and the whole text.
async fn scrape(op: &TestOp) -> (BTreeMap<String, f64>, String) {
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    let answer = health::router(op.app.clone())
        .oneshot(request)
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        answer.headers()[header::CONTENT_TYPE],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    assert!(text.ends_with("# EOF\n"));
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|it| !it.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        assert!(series.starts_with("itu_account_"), "{line}");
        let before = samples.insert(series.to_owned(), value.parse().expect("a number"));
        assert_eq!(before, None, "{series} is there twice");
    }
    (samples, text)
}

#[tokio::test]
async fn what_happens_is_counted_and_nothing_personal_is_said() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid email").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    rp.redeems(&code).await.expect_err("a second use");
    alice.browser.get("/nowhere/alice@example.org").await;

    let (samples, text) = scrape(&op).await;
    let of = |series: &str| samples.get(series).copied().unwrap_or_default();
    let token = |outcome: &str| {
        format!("itu_account_token_requests_total{{grant_type=\"authorization_code\",outcome=\"{outcome}\"}}")
    };
    assert_eq!(of(&token("issued")), 1.0);
    assert_eq!(of(&token("invalid_grant")), 1.0);
    let logins: f64 = samples
        .iter()
        .filter(|(series, _)| series.starts_with("itu_account_logins_total{outcome=\"succeeded\""))
        .map(|(_, value)| value)
        .sum();
    assert!(logins >= 1.0, "{text}");
    let answered = "itu_account_http_requests_total{route=\"/token\",method=\"POST\",status=\"200\"}";
    assert_eq!(of(answered), 1.0);
    let timed = "itu_account_http_request_duration_seconds_count{route=\"/token\"}";
    assert_eq!(of(timed), 2.0);
    let unknown = "itu_account_http_requests_total{route=\"-\",method=\"GET\",status=\"404\"}";
    assert_eq!(of(unknown), 1.0);
    assert_eq!(of("itu_account_database_up"), 1.0);
    assert!(of("itu_account_database_transaction_wait_seconds_count") > 0.0);
    assert!(of("itu_account_password_hashes_total") > 0.0);
    assert!(of("itu_account_outbox_mails") > 0.0);
    let now = op.app.clock.now().timestamp() as f64;
    assert!(of("itu_account_signing_key_next_timestamp_seconds{family=\"rsa\"}") > now);

    for secret in [
        "alice",
        "example.org",
        &code,
        tokens.access_token.as_str(),
        "client_id",
    ] {
        assert!(!text.contains(secret), "{secret} is in the metrics");
    }
}

#[tokio::test]
async fn what_was_undone_is_not_counted() {
    let op = TestOp::start().await;
    let series = format!(
        "itu_account_audit_events_total{{action=\"{}\",outcome=\"failed\"}}",
        Action::SignInFailed.as_str()
    );
    let record = async |undo: bool| {
        let event = Event::new(Action::SignInFailed, "address:x").failed("wrong credentials");
        let context = Context::operator();
        let outcome = op.app.write(&context, async |tx| {
            tx.record(event.clone()).await?;
            if undo { Err(Error::Conflict) } else { Ok(()) }
        });
        assert_eq!(outcome.await.is_err(), undo);
        scrape(&op).await.0.get(&series).copied()
    };
    assert_eq!(record(true).await, None);
    assert_eq!(record(false).await, Some(1.0));
}

#[tokio::test]
async fn words_of_callers_make_no_series() {
    let op = TestOp::start().await;
    let rp = op.client("web").await;
    let before = scrape(&op).await.0.len();
    let mut seen = None;
    for n in 0..5 {
        rp.posts("/token", &[("grant_type", &format!("urn:x:{n}"))]).await;
        op.browser().get(&format!("/no/{n}")).await;
        let series = scrape(&op).await.0.len();
        assert_eq!(*seen.get_or_insert(series), series);
    }
    assert!(seen > Some(before));
}

#[tokio::test]
async fn the_public_listener_has_no_metrics() {
    // TL-3
    let op = TestOp::start().await;
    for path in ["/metrics", "/health/ready", "/health/live"] {
        assert_eq!(
            op.browser().get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

/// Returns the words that begin as our metrics do.
fn metrics_named_in(text: &str) -> BTreeSet<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_of_name(c));
    words.filter(|it| it.starts_with("itu_account_")).collect()
}

#[tokio::test]
async fn rules_and_dashboard_name_metrics_that_there_are() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid").await;
    rp.redeems(&code).await.expect("tokens");
    op.app
        .metrics
        .ran("test", true, std::time::Duration::ZERO, op.now());
    let text = scrape(&op).await.1;
    let there = metrics_named_in(&text);
    for command in ["alerts", "dashboard"] {
        let output = std::process::Command::new(program())
            .args(["config", command])
            .output()
            .expect("it runs");
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let named = metrics_named_in(&printed);
        assert!(named.len() > 8, "{command}: {named:?}");
        for name in named {
            assert!(there.contains(name), "{command}: nothing measures {name}");
        }
    }
}
