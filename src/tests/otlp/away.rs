//! Tests a collector that is busy, refuses, is silent, or asks for more than spans.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::IntoResponse;
use http_body_util::BodyExt;
use itu_account::domain::secret::Secret;
use itu_account::http::health;
use itu_account::testing;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::collector::{Collector, sends};
use crate::support::product::program;
use crate::support::{Log, Site, TestOp};

/// Returns how many spans were exported, and how many dropped.
async fn counted(op: &TestOp) -> (u64, u64) {
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    let answer = health::router(op.app.clone())
        .oneshot(request)
        .await
        .expect("an answer");
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let text = String::from_utf8(body.to_vec()).expect("UTF-8");
    let of = |name: &str| {
        let line = text
            .lines()
            .find_map(|it| it.strip_prefix(name))
            .expect("a counter");
        line.trim().parse().expect("a number")
    };
    (
        of("itu_account_exported_spans_total "),
        of("itu_account_dropped_spans_total "),
    )
}

#[tokio::test]
async fn what_the_collector_does_not_take_is_counted_and_said() {
    let (collector, op) = Collector::observed().await;
    let log = Log::read();
    let asks = async || {
        sends(&op, "/nowhere", &[], &[]).await;
        op.app.traces.flush().await;
    };
    let said = |log: &Log| -> Vec<String> {
        let lines = log
            .take()
            .into_iter()
            .filter(|it| it["target"].as_str().is_some_and(|it| it.contains("export")));
        lines
            .map(|it| it["message"].as_str().expect("a text").to_owned())
            .collect()
    };
    // It is busy, and then takes what it is sent again.
    let busy = (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "0")]).into_response();
    collector.answers_next(vec![busy]);
    asks().await;
    let (first, dropped) = counted(&op).await;
    assert!(first > 0 && dropped == 0);
    assert_eq!(collector.asked.load(Ordering::Relaxed), 2);
    assert_eq!(
        said(&log),
        [
            "the collector does not take spans",
            "the collector takes spans again"
        ]
    );

    // It refuses, for good, and once a part.
    collector.answers_next(vec![StatusCode::UNAUTHORIZED.into_response()]);
    asks().await;
    let (still, lost) = counted(&op).await;
    assert!(still == first && lost > 0);
    assert_eq!(
        said(&log),
        ["the collector does not take spans", "spans were dropped"]
    );
    let partly = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: 1,
            error_message: String::new(),
        }),
    };
    collector.answers_next(vec![partly.encode_to_vec().into_response()]);
    asks().await;
    assert_eq!(counted(&op).await.1, lost + 1);
    // The log does not say again what it has just said.
    assert_eq!(said(&log), ["the collector takes spans again"]);
}

#[tokio::test]
async fn nobody_waits_for_a_collector_that_is_silent() {
    // TL-4: it takes connections, and nothing more.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let op = TestOp::with(|config| config.observability.otlp_endpoint = Some(endpoint)).await;
    // More than the queue and a batch hold.
    for _ in 0..6000 {
        assert_eq!(sends(&op, "/nowhere", &[], &[]).await, StatusCode::NOT_FOUND);
    }
    let (exported, dropped) = counted(&op).await;
    assert!(exported == 0 && dropped >= 6000 - 4096 - 2 * 512, "{dropped}");
    drop(listener);
}

#[tokio::test]
async fn the_collector_is_reached_by_tls_with_what_it_asks_for() {
    let collector = Collector::default();
    let site = Site::with(collector.router()).await;
    let op = TestOp::with(|config| {
        config.fetch.extra_ca = Some(site.certificate());
        config.observability.otlp_endpoint = Some(site.at(""));
        config.observability.otlp_headers = Some(Secret::new("authorization=Basic aXR1,x-tenant=itu"));
    })
    .await;
    op.browser().get("/").await;
    assert!(!collector.spans(&op).await.is_empty());
    let received = collector.received.lock().expect("no panic");
    let headers = &received.requests[0].0;
    assert_eq!(headers["authorization"], "Basic aXR1");
    assert_eq!(headers["x-tenant"], "itu");
    assert_eq!(headers["content-type"], "application/x-protobuf");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_sent_before_the_program_ends() {
    let (collector, endpoint) = Collector::start().await;
    let config = testing::empty_config().await;
    let folder = tempfile::tempdir().expect("a folder");
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = free.local_addr().expect("one").port();
    drop(free);
    let settings = format!(
        "issuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n[database]\nurl = \"{}\"\n\
         [keys]\ndirectory = \"{}\"\n[mail]\ndirectory = \"{}\"\n[observability]\notlp_endpoint = \"{endpoint}\"\n",
        config.database.url(),
        config.keys.directory.display(),
        folder.path().join("mail").display(),
    );
    let file = folder.path().join("it.toml");
    std::fs::write(&file, settings).expect("written");
    // ST-4: with a secret in a variable, too.
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&file, private).expect("it is ours");
    let process = Command::new(program())
        .arg("--config")
        .arg(&file)
        .arg("serve")
        .env(
            "ITU_ACCOUNT__OBSERVABILITY__OTLP_HEADERS",
            "authorization=Basic aXR1",
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut process = process.expect("the program starts");
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(stream) => break stream,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
        assert!(process.try_wait().expect("a process").is_none(), "it serves");
    };
    let request = format!("GET /login HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let asked = Command::new("kill").arg(process.id().to_string()).status();
    assert!(asked.expect("it is asked to end").success());
    let ended = tokio::task::spawn_blocking(move || process.wait())
        .await
        .expect("waited");
    assert!(ended.expect("a status").success());
    let everything = collector.everything();
    assert!(everything.contains("GET /login"));
    assert!(everything.contains("Basic aXR1"), "what a variable holds is sent");
}
