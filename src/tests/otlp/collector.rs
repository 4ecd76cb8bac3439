//! `Collector`: takes traces as a collector of OTLP does, and reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use itu_account::http::server;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::support::{ISSUER, TestOp};

pub const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub const CALLER: &str = "00f067aa0ba902b7";

pub fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{CALLER}-{flags}")
}

#[derive(Default)]
pub struct Received {
    pub requests: Vec<(HeaderMap, Bytes)>,
    /// What the next requests are answered, then 200.
    answers: Vec<Response>,
}

#[derive(Clone, Default)]
pub struct Collector {
    pub received: Arc<Mutex<Received>>,
    pub asked: Arc<AtomicUsize>,
}

impl Collector {
    pub fn router(&self) -> Router {
        let takes = async |State(it): State<Self>, request: Request| {
            it.asked.fetch_add(1, Ordering::Relaxed);
            let (head, body) = request.into_parts();
            if head.uri.path() != "/v1/traces" {
                return StatusCode::NOT_FOUND.into_response();
            }
            let body = body.collect().await.expect("a body").to_bytes();
            let mut received = it.received.lock().expect("no panic");
            received.requests.push((head.headers, body));
            received
                .answers
                .pop()
                .unwrap_or_else(|| StatusCode::OK.into_response())
        };
        Router::new().fallback(takes).with_state(self.clone())
    }

    /// Starts it on a port of this machine.
    pub async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = collector.router();
        tokio::spawn(server::serve(listener, None, router, std::future::pending()));
        (collector, format!("http://{address}"))
    }

    /// Starts a provider that exports to it.
    pub async fn observed() -> (Self, TestOp) {
        let (collector, endpoint) = Self::start().await;
        let op = TestOp::with(|config| config.observability.otlp_endpoint = Some(endpoint)).await;
        (collector, op)
    }

    /// Answers the next requests so, the last of them first.
    pub fn answers_next(&self, answers: Vec<Response>) {
        self.received.lock().expect("no panic").answers = answers;
    }

    pub fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let received = self.received.lock().expect("no panic");
        let decode = |it: &(HeaderMap, Bytes)| ExportTraceServiceRequest::decode(it.1.clone());
        received
            .requests
            .iter()
            .map(decode)
            .collect::<Result<_, _>>()
            .expect("OTLP")
    }

    /// Returns all spans, once the provider has sent those that it has.
    pub async fn spans(&self, op: &TestOp) -> Vec<Span> {
        op.app.traces.flush().await;
        let scopes = self.requests().into_iter().flat_map(|it| it.resource_spans);
        let spans = scopes.flat_map(|it| it.scope_spans).flat_map(|it| it.spans);
        spans.collect()
    }

    /// Returns everything that came, as text.
    pub fn everything(&self) -> String {
        let received = self.received.lock().expect("no panic");
        let texts = received
            .requests
            .iter()
            .map(|(headers, body)| format!("{headers:?}\n{}", String::from_utf8_lossy(body)));
        texts.collect::<Vec<_>>().join("\n")
    }
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|it| it.value.as_ref()) {
        Some(Attribute::StringValue(text)) => text.clone(),
        Some(Attribute::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

pub fn attributes(of: &[KeyValue]) -> BTreeMap<&str, String> {
    of.iter()
        .map(|it| (it.key.as_str(), text(it.value.as_ref())))
        .collect()
}

pub fn of(span: &Span, name: &str) -> Option<String> {
    attributes(&span.attributes).remove(name)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

pub fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<&Span> = spans.iter().filter(|it| it.name == name).collect();
    let names: BTreeSet<&str> = spans.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(found.len(), 1, "{name} in {names:?}");
    found[0]
}

pub fn names_below<'a>(spans: &'a [Span], parent: &Span) -> BTreeSet<&'a str> {
    let below = spans.iter().filter(|it| it.parent_span_id == parent.span_id);
    below.map(|it| it.name.as_str()).collect()
}

/// Every span but the first of a trace is inside of another that came as well, in the same trace and in its time.
pub fn is_whole(spans: &[Span]) {
    let by_id: BTreeMap<&[u8], &Span> = spans.iter().map(|it| (it.span_id.as_slice(), it)).collect();
    assert_eq!(by_id.len(), spans.len(), "each has an identifier of its own");
    for span in spans {
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano && span.start_time_unix_nano > 0);
        let is_first = span.kind == SpanKind::Server as i32 || span.name.starts_with("job ");
        if is_first {
            continue;
        }
        let parent = by_id.get(span.parent_span_id.as_slice());
        let parent = parent.unwrap_or_else(|| panic!("{} is an orphan", span.name));
        assert_eq!(parent.trace_id, span.trace_id);
        assert!(
            parent.start_time_unix_nano <= span.start_time_unix_nano,
            "{}",
            span.name
        );
    }
}

pub async fn sends(op: &TestOp, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> StatusCode {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let method = if fields.is_empty() { "GET" } else { "POST" };
    let mut request = axum::http::Request::builder()
        .method(method)
        .uri(format!("{ISSUER}{path}"));
    if !fields.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).expect("a request");
    op.router
        .clone()
        .oneshot(request)
        .await
        .expect("an answer")
        .status()
}
