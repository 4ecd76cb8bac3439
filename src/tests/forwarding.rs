//! Tests which client a request is counted for behind proxies (RFC 7239; security.md TL-2), and which forms of requests
//! by proxies, libraries and HTTP/2 are accepted.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use tower::ServiceExt;

use crate::support::{ISSUER, TestOp};
use itu_account::config::{Config, ForwardingHeader, Network, Rate};

const PROXY: &str = "10.0.0.1";

fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec![Network::parse("10.0.0.0/8").expect("a network")];
    config.limits.sign_up = vec![Rate {
        count: 1,
        window: std::time::Duration::from_secs(600),
    }];
}

/// Begins a sign-up with these headers, through the proxy.
async fn begins(op: &TestOp, headers: &[(&'static str, &str)]) -> StatusCode {
    let mut browser = op.browser();
    browser.peer = PROXY.parse().expect("an address");
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("a value");
        browser.headers.insert(HeaderName::from_static(name), value);
    }
    browser.get("/").await.status
}

#[tokio::test]
async fn two_headers_of_one_proxy_agree_or_the_request_is_refused() {
    let op = TestOp::with(behind_a_proxy).await;
    let v6 = "for=\"[2001:db8::1]:4711\";proto=https";
    for (headers, status) in [
        (&[("forwarded", v6)][..], 200),
        (&[("x-forwarded-for", "2001:db8::1")], 200),
        (&[("forwarded", v6), ("x-forwarded-for", "2001:db8::1")], 200),
        (&[("forwarded", v6), ("x-forwarded-for", "[2001:db8::1]:99")], 200),
        (&[("forwarded", v6), ("x-forwarded-for", "192.0.2.1")], 400),
        (
            &[("forwarded", "for=unknown"), ("x-forwarded-for", "192.0.2.1")],
            400,
        ),
    ] {
        assert_eq!(begins(&op, headers).await.as_u16(), status, "{headers:?}"); // TL-2
    }
    // A header that is not configured is not read.
    let only = |header| {
        move |config: &mut Config| {
            behind_a_proxy(config);
            config.forwarding_headers = vec![header];
        }
    };
    let op = TestOp::with(only(ForwardingHeader::XForwardedFor)).await;
    let both = [("forwarded", "for=6.6.6.6"), ("x-forwarded-for", "192.0.2.1")];
    assert_eq!(begins(&op, &both).await, 200);
}

#[tokio::test]
async fn the_client_that_forwarded_names_is_the_one_that_is_limited() {
    let op = TestOp::with(|config| {
        behind_a_proxy(config);
        config.limits.directory_search = vec![Rate {
            count: 1,
            window: std::time::Duration::from_secs(600),
        }];
    })
    .await;
    let searches = async |forwarded: &str| {
        let mut browser = op.browser();
        browser.peer = PROXY.parse().expect("an address");
        let value = HeaderValue::from_str(forwarded).expect("a value");
        browser
            .headers
            .insert(HeaderName::from_static("forwarded"), value);
        browser.get("/members?q=a").await.status.as_u16()
    };
    assert_eq!(searches("for=\"192.0.2.1:1\"").await, 200);
    assert_eq!(searches("for=\"192.0.2.1:2\"").await, 429);
    assert_eq!(searches("for=\"[2001:db8::1]:2\"").await, 200); // TL-2
}

async fn answers(op: &TestOp, request: Request<Body>) -> (StatusCode, String) {
    let answer = op.router.clone().oneshot(request).await.expect("infallible");
    let (parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    (parts.status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn the_parameters_of_a_media_type_say_nothing() {
    let op = TestOp::start().await;
    let rp = op.client("shop").await;
    let secret = rp.secret.as_deref().expect("a secret");
    let posts = async |content_type: &str, body: &str| {
        let fields = format!("client_id=shop&client_secret={secret}&{body}");
        let request = Request::post(format!("{ISSUER}/introspect"))
            .header("content-type", content_type)
            .body(Body::from(fields))
            .expect("a request");
        answers(&op, request).await
    };
    let form = "application/x-www-form-urlencoded";
    for parameter in [
        "",
        ";charset=ISO-8859-1",
        "; charset=\"us-ascii\"",
        "; boundary=x; y",
    ] {
        let (status, answer) = posts(&format!("{form}{parameter}"), "token=x").await;
        assert_eq!(status, 200, "{parameter}: {answer}");
    }
    // A parameter that no endpoint reads is not validated; a refusal says what was wrong.
    assert_eq!(posts(form, "token=x&utm=%E9").await.0, 200);
    let (status, answer) = posts(form, "token=%E9").await;
    assert_eq!(status, 400);
    assert!(
        answer.contains("the value of the parameter token is not UTF-8"),
        "{answer}"
    );
    let (_, answer) = posts("text/plain", "token=x").await;
    assert!(answer.contains("it came as text/plain"), "{answer}");
}

#[tokio::test]
async fn an_endpoint_that_needs_no_proof_judges_none() {
    let op = TestOp::start().await;
    let rp = op.client("shop").await;
    let twice = [("dpop", "a"), ("dpop", "b")];
    let answer = rp.posts_with("/introspect", &[("token", "x")], &twice).await;
    assert_eq!(answer.status().as_u16(), 200);
    let grant = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let answer = rp.posts_with("/token", &grant, &twice).await;
    let answer = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(answer.contains("invalid_dpop_proof"), "{answer}"); // RFC 9449 §4.3
}
