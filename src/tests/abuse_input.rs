//! Tests bad input at the front door: over-long, empty, doubled, unknown, in wrong encodings. It is answered with a
//! clear page or the standard's error, never with a failure of ours (security.md G-1, G-2, G-11).

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::support::{Form, TestOp};

const BODIES: [&[u8]; 12] = [
    b"",
    b"&&&&===&",
    b"a",
    b"email=%",
    b"email=%zz",
    b"email=%00",
    b"email=\xff\xfe",
    b"email=%C3%28",
    b"email=a&email=b",
    b"email[]=a&password[x]=b",
    b"{\"email\":\"a\"}",
    b"email=%F0%9F%98%80%E2%80%AE%E2%80%8B&password=%E2%80%AE",
];

const FORMS: [&str; 15] = [
    "/login",
    "/signup",
    "/signup/organization",
    "/signup/verify",
    "/signup/verify/resend",
    "/forgot-password",
    "/reset-password",
    "/consent",
    "/select-account",
    "/device",
    "/access-refused",
    "/terms/accept",
    "/logout",
    "/end-session",
    "/authorize",
];

const ENDPOINTS: [&str; 5] = [
    "/token",
    "/device-authorization",
    "/introspect",
    "/revoke",
    "/userinfo",
];

#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let op = TestOp::start().await;
    let long = [b"email=".to_vec(), vec![b'a'; 200_000]].concat();
    let many = b"a=1&".repeat(5000);
    let bodies = BODIES.iter().map(|it| it.to_vec()).chain([long, many]);
    for body in bodies {
        for path in FORMS.iter().chain(&ENDPOINTS) {
            for content_type in [
                "application/x-www-form-urlencoded",
                "application/json",
                "text/plain",
                "",
            ] {
                let mut request = Request::post(*path).header(header::HOST, "id.example.test");
                if !content_type.is_empty() {
                    request = request.header(header::CONTENT_TYPE, content_type);
                }
                let request = request.body(Body::from(body.clone())).expect("a request");
                let answer = op.router.clone().oneshot(request).await.expect("infallible");
                let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
                assert!(
                    !answer.status().is_server_error(),
                    "{path} {shown}: {}",
                    answer.status()
                ); // G-11
                if ENDPOINTS.contains(path) && answer.status().is_client_error() {
                    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
                    let text = answer.into_body().collect().await.expect("a body").to_bytes();
                    if !text.is_empty() {
                        assert_eq!(kind.expect("a type"), "application/json", "{path}");
                        let error: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
                        assert!(error["error"].is_string(), "{path} {error}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn no_query_makes_the_server_fail() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    let queries = [
        "?",
        "?a",
        "?=",
        "?%",
        "?%zz=%00",
        "?a=%ff",
        "?client_id=%00",
        "?request=x&request=y",
        "?next=%00",
        "?ui_locales=%ff",
        "?ui_locales=xx",
        "?token=%00",
        "?token=a%0d%0aSet-Cookie:x=y",
        "?q=%00",
        "?q=%25",
        "?done=%3Cscript%3E",
        "?id_token_hint=%00&id_token_hint=x",
        "?page=-1",
        "?page=99999999999999999999",
    ];
    for path in FORMS.iter().chain(&[
        "/",
        "/members",
        "/organizations/search",
        "/logged-out",
        "/authorize/continue",
    ]) {
        for query in queries {
            let page = browser.get(&format!("{path}{query}")).await;
            assert!(!page.status.is_server_error(), "{path}{query}: {}", page.status); // G-11
            assert!(
                page.headers
                    .get("set-cookie")
                    .is_none_or(|it| !it.as_bytes().starts_with(b"x=y"))
            );
        }
    }
}

/// Tries each field of a form in turn.
async fn each_field(op: &TestOp, path: &str, names: &[&str]) {
    let values = [
        "",
        "\u{0}",
        "a\u{0}b",
        "\r\n",
        "\u{202e}\u{200b}",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "%s%n",
    ];
    let long = "a".repeat(50_000);
    for name in names {
        for value in values.iter().copied().chain([long.as_str()]) {
            let mut browser = op.browser();
            let page = browser.get(path).await;
            let mut form: Form = page.form(&[names[0]]);
            form.fields.retain(|(field, _)| field != name);
            form.fields.push(((*name).to_owned(), value.to_owned()));
            let page = browser.send(form).await;
            let status = page.status;
            assert!(
                status == StatusCode::UNPROCESSABLE_ENTITY || status == StatusCode::BAD_REQUEST,
                "{path} {name}: {status}"
            );
            assert!(!page.body.contains("<script>alert(1)"), "{name}"); // BR-5
        }
    }
}

#[tokio::test]
async fn every_field_may_hold_anything() {
    let op = TestOp::start().await;
    each_field(&op, "/login", &["email", "password"]).await;
    let names = [
        "email",
        "first_name",
        "last_name",
        "password",
        "title",
        "gender",
        "job_title",
        "professional_role",
    ];
    each_field(&op, "/signup", &names).await;
}

#[tokio::test]
async fn a_doubled_field_is_refused() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    let form = browser.get("/login").await.form(&["email"]);
    let page = browser.send(form.smuggle("email", "b@example.org")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST); // G-2
}
