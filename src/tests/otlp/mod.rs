//! Tests traces by what a collector receives (contract.md, `[observability]`): one tree for each request and run, with the
//! trace of the caller and on to whom is called; nothing personal in it; and nothing that a collector does reaches anybody
//! who waits for an answer.

mod away;
mod collector;
mod privacy;

use std::time::Duration;

use itu_account::oidc::client_authentication::ASSERTION_TYPE;
use itu_account::storage::ephemeral::Ephemeral;
use itu_account::telemetry::span;
use itu_account::{jobs, random};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::json;
use tokio::time::timeout;

use self::collector::{
    CALLER, Collector, TRACE, attributes, hex, is_whole, names_below, of, one, sends, traceparent,
};
use crate::support::{ISSUER, Log, Signer, Site, TestOp};

#[tokio::test]
async fn a_request_is_a_tree_of_what_it_waited_for() {
    let (collector, op) = Collector::observed().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let log = Log::read();
    let code = alice.logs_in_at(&mut rp, "openid email").await;
    let redemption = rp.redemption(&code);
    let answer = rp
        .posts_with("/token", &redemption, &[("traceparent", &traceparent("01"))])
        .await;
    assert_eq!(answer.status(), 200);

    let spans = collector.spans(&op).await;
    is_whole(&spans);
    for request in collector.requests() {
        for of in &request.resource_spans {
            let resource = attributes(&of.resource.as_ref().expect("a resource").attributes);
            assert_eq!(resource["service.name"], "itu-account");
            assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
            assert_eq!(resource["service.instance.id"].len(), 36);
        }
    }
    let login = one(&spans, "POST /login");
    assert_eq!(login.kind, SpanKind::Server as i32);
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/login"),
        ("http.response.status_code", "303"),
        ("url.scheme", "https"),
    ] {
        assert_eq!(of(login, name).as_deref(), Some(value), "{name}");
    }
    // A form is handled by a task of its own, in the same trace.
    let below = names_below(&spans, login);
    for name in ["password hashing queue", "password hashing", "transaction"] {
        assert!(below.contains(name), "{name} in {below:?}");
    }
    let transaction = spans
        .iter()
        .find(|it| it.name == "transaction" && it.parent_span_id == login.span_id)
        .expect("one");
    let steps = names_below(&spans, transaction);
    for name in ["BEGIN", "COMMIT", "INSERT events", "INSERT sessions"] {
        assert!(steps.contains(name), "{name} in {steps:?}");
    }
    let system = if op.app.db.is_postgres() {
        "postgresql"
    } else {
        "sqlite"
    };
    assert_eq!(of(transaction, "db.system.name").as_deref(), Some(system));

    // The caller's trace goes on.
    let token = one(&spans, "POST /token");
    assert_eq!(
        (hex(&token.trace_id).as_str(), hex(&token.parent_span_id).as_str()),
        (TRACE, CALLER)
    );
    let sign = spans
        .iter()
        .find(|it| it.name == "sign" && it.parent_span_id == token.span_id);
    assert_eq!(
        of(sign.expect("a signature"), "itu_account.signature.alg").as_deref(),
        Some("RS256")
    );
    let read = spans
        .iter()
        .find(|it| it.parent_span_id == token.span_id && it.name.starts_with("SELECT "));
    let read = read.expect("a hot read");
    assert!(
        of(read, "db.collection.name").is_some() && of(read, "db.system.name").as_deref() == Some(system)
    );

    if matches!(op.app.ephemeral, Ephemeral::Redis(_)) {
        assert!(names_below(&spans, token).contains("GETDEL code"));
    }

    // Log and trace name each other.
    let lines = log.take();
    let id = of(token, "itu_account.request_id").expect("a request id");
    assert_eq!(answer.headers()["x-request-id"], id.as_str());
    let line = lines
        .iter()
        .find(|it| it["span"]["id"] == id.as_str())
        .expect("a line");
    assert_eq!(line["span"]["trace_id"], TRACE);
    assert!(
        lines
            .iter()
            .all(|it| it["span"]["id"].is_null() || it["span"]["trace_id"].is_string())
    );
}

#[tokio::test]
async fn a_trace_goes_on_to_whom_is_called() {
    let site = Site::start().await;
    let (collector, endpoint) = Collector::start().await;
    let op = TestOp::with(|config| {
        site.is_allowed(config);
        config.observability.otlp_endpoint = Some(endpoint);
        // What callers record is recorded whatever the share is of what begins here.
        config.observability.trace_sample_ratio = 0.0;
    })
    .await;
    let authenticates = async |op: &TestOp, client: &str, parent: Option<String>| {
        let key = Signer::new("EdDSA");
        let path = format!("/jwks/{client}");
        site.shows(&path, &json!({"keys": [key.public()]}));
        let method = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": site.at(&path)});
        op.insert_client(client, method).await;
        let now = op.now().timestamp();
        let assertion = key.signs(
            &json!({"iss": client, "sub": client, "aud": format!("{ISSUER}/token"),
            "iat": now, "exp": now + 60, "jti": random::id()}),
        );
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ];
        let headers: Vec<(&str, &str)> = parent.iter().map(|it| ("traceparent", it.as_str())).collect();
        sends(op, "/token", &fields, &headers).await;
        let heard = site.headers(&path).pop().expect("the keys were fetched");
        heard
            .get("traceparent")
            .map(|it| it.to_str().expect("ASCII").to_owned())
    };

    let heard = authenticates(&op, "recorded", Some(traceparent("01")))
        .await
        .expect("a trace");
    let spans = collector.spans(&op).await;
    is_whole(&spans);
    let call = one(&spans, "GET");
    assert_eq!(heard, format!("00-{TRACE}-{}-01", hex(&call.span_id)));
    assert_eq!(call.parent_span_id, one(&spans, "POST /token").span_id);
    assert_eq!(call.kind, SpanKind::Client as i32);
    assert_eq!(of(call, "server.address").as_deref(), Some("localhost"));
    assert_eq!(of(call, "http.response.status_code").as_deref(), Some("200"));

    // What the caller does not record has a name all the same.
    let heard = authenticates(&op, "unrecorded", Some(traceparent("00")))
        .await
        .expect("a trace");
    assert!(
        heard.starts_with(&format!("00-{TRACE}-")) && heard.ends_with("-00"),
        "{heard}"
    );
    let heard = authenticates(&op, "unasked", None).await.expect("a trace");
    assert!(!heard.contains(TRACE) && heard.ends_with("-00"), "{heard}");
    assert_eq!(collector.spans(&op).await.len(), spans.len());

    // Without a collector nobody hears of a trace.
    let op = TestOp::with(|config| site.is_allowed(config)).await;
    let log = Log::read();
    assert_eq!(authenticates(&op, "off", Some(traceparent("01"))).await, None);
    let lines = log.take();
    assert!(!lines.is_empty() && lines.iter().all(|it| it["span"]["trace_id"].is_null()));
}

#[tokio::test]
async fn a_job_that_did_something_is_told_and_no_other() {
    const OUT: &str = "/backchannel_logout";
    let site = Site::start().await;
    site.answers(OUT, 503, &[], "");
    let (collector, endpoint) = Collector::start().await;
    let op = TestOp::with(|config| {
        site.is_allowed(config);
        config.observability.otlp_endpoint = Some(endpoint);
    })
    .await;
    let logout = json!({"backchannel_logout_uri": site.at(OUT)});
    let mut rp = op.client_with("events", logout).await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    let bye = format!("{}?id_token_hint={}", rp.end_session_endpoint, tokens.id_token);
    alice.browser.get(&bye).await;

    let running = jobs::start(&op.app);
    let called = async {
        while site.asked(OUT) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(60), called).await.expect("the call");
    running.stop().await;
    let spans = collector.spans(&op).await;
    is_whole(&spans);
    let call = spans.iter().find(|it| it.name == "POST").expect("the call");
    let heard = &site.headers(OUT)[0]["traceparent"];
    assert_eq!(
        heard,
        &format!("00-{}-{}-01", hex(&call.trace_id), hex(&call.span_id))
    );
    assert_eq!(of(call, "error.type").as_deref(), Some("503"));
    assert_eq!(call.status.as_ref().expect("one").code, StatusCode::Error as i32);
    let job = spans
        .iter()
        .find(|it| it.trace_id == call.trace_id && it.parent_span_id.is_empty());
    assert_eq!(job.expect("a run").name, "job logout");
    let mail = spans
        .iter()
        .find(|it| it.name == "send a mail")
        .expect("a mail about the login");
    let job = spans
        .iter()
        .find(|it| it.trace_id == mail.trace_id && it.parent_span_id.is_empty());
    assert_eq!(job.expect("a run").name, "job mail");
    // This one looks whether another node changed something, and none did.
    assert!(!spans.iter().any(|it| it.name == "job refresh"));
}

#[tokio::test]
async fn a_run_that_fails_or_is_long_is_told() {
    let (collector, op) = Collector::observed().await;
    for (job, steps, fails) in [("idle", 1, false), ("long", 600, false), ("failing", 1, true)] {
        let run = op.app.traces.run(job);
        let work = async { (0..steps).for_each(|_| drop(span::Span::inside("step"))) };
        run.around(work).await;
        run.end(fails);
    }
    let spans = collector.spans(&op).await;
    is_whole(&spans);
    assert!(!spans.iter().any(|it| it.name == "job idle"));
    assert_eq!(names_below(&spans, one(&spans, "job long")), ["step"].into());
    assert_eq!(spans.iter().filter(|it| it.name == "step").count(), 601);
    let failing = one(&spans, "job failing").status.as_ref().expect("one");
    assert_eq!(failing.code, StatusCode::Error as i32);
    assert_eq!(op.app.traces.counts(), (603, 0));
}
