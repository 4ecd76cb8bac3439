//! Tests what is true of every answer, whatever handler gave it (security.md sections 9 and 11).

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use tower::ServiceExt;
use url::Url;

use crate::support::{ISSUER, Page, TestOp};
use itu_account::config::Rate;
use itu_account::demo::{components, outbox};
use itu_account::domain::role::Role;
use itu_account::http::router;
use itu_account::oidc::endpoints;

/// Requires the headers of BR-3, and of TL-1 as the issuer is https.
fn has_the_headers_of_every_answer(page: &Page) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ] {
        assert_eq!(page.header(name), value, "{} {name}", page.url);
    }
    for name in ["permissions-policy", "x-request-id"] {
        assert!(!page.header(name).is_empty(), "{} {name}", page.url);
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{} {policy}", page.url);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let op = TestOp::start().await;
    let page = op.browser().get("/no-such-page").await;

    assert_eq!(page.status, StatusCode::NOT_FOUND);
    has_the_headers_of_every_answer(&page);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self'"),
        "{policy}"
    ); // BR-2
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .and_then(|it| it.split('\'').next())
        .expect("a nonce");
    assert!(
        page.body.contains(&format!("nonce=\"{nonce}\"")),
        "the page uses its nonce"
    );
    let again = op.browser().get("/no-such-page").await;
    assert!(!again.body.contains(nonce), "a nonce is for one answer");
}

#[tokio::test]
async fn another_host_is_not_answered() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    for host in [
        "evil.example",
        "id.example.test:444",
        "id.example.test.evil.example",
    ] {
        browser
            .headers
            .insert(header::HOST, HeaderValue::from_static(host));
        assert_eq!(
            browser.get("/").await.status,
            StatusCode::MISDIRECTED_REQUEST,
            "{host}"
        ); // TL-2
    }
}

#[tokio::test]
async fn a_target_in_absolute_form_names_our_host_too() {
    let op = TestOp::start().await;
    for (target, host, status) in [
        ("https://id.example.test/faq", "id.example.test", StatusCode::OK),
        (
            "https://id.example.test:443/faq",
            "id.example.test",
            StatusCode::OK,
        ),
        (
            "https://evil.example/faq",
            "id.example.test",
            StatusCode::MISDIRECTED_REQUEST,
        ),
        (
            "https://id.example.test/faq",
            "evil.example",
            StatusCode::MISDIRECTED_REQUEST,
        ),
        (
            "https://a@id.example.test/faq",
            "id.example.test",
            StatusCode::MISDIRECTED_REQUEST,
        ),
    ] {
        let request = Request::get(target)
            .header(header::HOST, host)
            .body(Body::empty());
        let answer = op.router.clone().oneshot(request.expect("a request")).await;
        assert_eq!(answer.expect("infallible").status(), status, "{target} {host}"); // TL-2
    }
}

#[tokio::test]
async fn who_searches_the_directory_too_often_waits() {
    let op = TestOp::with(|it| it.limits.directory_search = vec![Rate::new(3, 60)]).await;
    let mut browser = op.browser();
    for _ in 0..2 {
        assert_eq!(browser.get("/members?q=telco").await.status, StatusCode::OK);
    }
    let search = "/organizations/search?q=telco&membership_type=sector_member&member_state=CH";
    assert_eq!(browser.get(search).await.status, StatusCode::OK);
    for url in ["/members?q=telco", "/members?q=none", search] {
        let page = browser.get(url).await;
        assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "{url}"); // DS-2
        assert!(!page.header("retry-after").is_empty(), "{url}");
    }
    // The page without a query is not counted as a search.
    assert_eq!(browser.get("/members").await.status, StatusCode::OK);
    browser.peer = [192, 0, 2, 99].into();
    assert_eq!(browser.get(search).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_too_large_or_compressed_is_refused() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    let long = format!("/?{}", "a".repeat(9000));
    assert_eq!(browser.get(&long).await.status, StatusCode::URI_TOO_LONG); // DS-1
    browser
        .headers
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert_eq!(
        browser.post("/login", &[]).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    ); // DS-1
}

#[tokio::test]
async fn undeclared_methods_are_refused() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    let url = Url::parse(ISSUER)
        .expect("a URL")
        .join("/assets/x")
        .expect("a URL");
    for method in [Method::TRACE, Method::DELETE, Method::PATCH] {
        let page = browser.once(method, &url, None).await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED); // TL-3
    }
}

/// Returns every row of the database, but for rows that time alone changes.
async fn everything(op: &TestOp) -> Vec<String> {
    let db = op.app.db.read();
    let mut rows = Vec::new();
    for table in [
        "sessions",
        "refresh_tokens",
        "consents",
        "events",
        "outbox_mails",
        "accounts",
        "password_resets",
        "email_changes",
        "not_me_links",
        "newsletter_subscriptions",
    ] {
        let statement = format!("SELECT * FROM {table}");
        let found = db
            .query_all_raw(Statement::from_string(db.get_database_backend(), statement))
            .await;
        rows.extend(found.expect("rows").iter().map(|it| format!("{table} {it:?}")));
    }
    rows
}

#[tokio::test]
async fn a_head_does_nothing_anywhere() {
    let op = TestOp::start().await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    let mut rp = op.client_with("web", json!({"first_party": true})).await;
    let code = admin.logs_in_at(&mut rp, "openid").await;
    let hint = rp.redeems(&code).await.expect("tokens").id_token;
    // SE-2: so long after the login, a use of the session is written.
    op.advance(6 * 60);
    let before = everything(&op).await;
    let head = |url: String| {
        let (op, browser) = (&op, admin.browser.clone());
        async move {
            let (mut browser, url) = (
                browser,
                Url::parse(ISSUER).expect("a URL").join(&url).expect("a URL"),
            );
            let page = browser.once(Method::HEAD, &url, None).await;
            tokio::task::yield_now().await;
            let set = page.headers.contains_key(header::SET_COOKIE);
            assert!(!set && page.body.is_empty(), "{url}");
            assert!(!page.header("allow").contains("HEAD"), "{url}");
            let _ = op;
            page
        }
    };
    let routes = router::routes(&op.app);
    for (pattern, _) in routes.table() {
        let page = head(pattern.replace(['{', '}'], "")).await;
        let is_refused = page.status == StatusCode::METHOD_NOT_ALLOWED;
        assert!(
            is_refused || page.status == StatusCode::OK || *pattern == "/assets/{file}",
            "{pattern}"
        );
    }
    // G-5: these are the endpoints whose GET acts.
    let authorization = rp.authorization_url("openid", &[]);
    for url in [
        authorization.clone(),
        format!("{}?id_token_hint={hint}", endpoints::END_SESSION),
    ] {
        let page = head(url).await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!((page.header("location"), page.header("allow")), ("", "GET"));
    }
    assert_eq!(everything(&op).await, before);
    let page = head("/faq".to_owned()).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
    let stays = admin.browser.get(&authorization).await;
    assert!(
        stays.url.query().is_some_and(|it| it.contains("code=")),
        "{}",
        stays.url
    );
}

#[tokio::test]
async fn a_cookie_that_comes_twice_is_nobodys() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    let cookies = "__Host-itu_language=fr; __Host-itu_language=es";
    browser
        .headers
        .insert(header::COOKIE, HeaderValue::from_static(cookies));
    let page = browser.get("/no-such-page").await;
    assert!(page.body.contains("<html lang=\"en\""), "SE-1: {}", page.body);
}

#[tokio::test]
async fn the_pages_of_the_demo_stand_behind_the_same_door() {
    let mut op = TestOp::start().await;
    op.router = router::router_with(&op.app, |routes| components::routes(outbox::routes(routes)));
    op.person("alice@example.org").await;
    let mut alice = op.browser();
    let form = alice.get("/forgot-password").await.form(&["email"]);
    alice.submit(form, &[("email", "alice@example.org")]).await;
    let mail = op.outbox().latest("alice@example.org").await.id;
    let mut browser = op.browser();
    for (path, status) in [
        ("/demo/outbox".to_owned(), StatusCode::OK),
        ("/demo/outbox.json?to=alice@example.org".into(), StatusCode::OK),
        (format!("/demo/outbox/{mail}"), StatusCode::OK),
        ("/demo/components".into(), StatusCode::OK),
        ("/demo/components?group=admin&state=2".into(), StatusCode::OK),
        ("/demo/outbox/none".into(), StatusCode::NOT_FOUND),
        ("/demo/mails".into(), StatusCode::OK),
        ("/demo/mails?q=passkey".into(), StatusCode::OK),
        ("/demo/mails/new_sign_in/ar?number=3".into(), StatusCode::OK),
        (
            "/demo/mails/new_sign_in/ar?number=0".into(),
            StatusCode::NOT_FOUND,
        ),
        (
            "/demo/mails/new_sign_in/ar?number=99".into(),
            StatusCode::NOT_FOUND,
        ),
        ("/demo/mails/new_sign_in/xx".into(), StatusCode::NOT_FOUND),
        ("/demo/mails/none/en".into(), StatusCode::NOT_FOUND),
        ("/demo/outbox?to=%ff".into(), StatusCode::BAD_REQUEST), // G-1
        ("/demo/outbox?to=a&to=b".into(), StatusCode::BAD_REQUEST), // G-2
    ] {
        let page = browser.get(&path).await;
        assert_eq!(page.status, status, "{path}");
        has_the_headers_of_every_answer(&page);
        assert!(
            status == StatusCode::OK || page.has("#problem"),
            "{path}: a page of ours"
        );
    }
    assert_eq!(
        browser.post("/demo/outbox", &[]).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    // TL-2: a foreign name that leads to this machine cannot read anybody's mail.
    browser
        .headers
        .insert(header::HOST, HeaderValue::from_static("evil.example"));
    let page = browser.get("/demo/outbox.json").await;
    assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST);
    // A service in production has no such pages.
    let page = TestOp::start().await.browser().get("/demo/outbox").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn scripts_of_other_origins_read_what_is_theirs_to_read() {
    let op = TestOp::start().await;
    let public = json!({"token_endpoint_auth_method": "none"});
    op.client_with("spa", public).await;
    op.client("web").await;
    let asks = async |method: Method, path: &str, origin: &'static str| {
        let mut browser = op.browser();
        let headers = &mut browser.headers;
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        headers.insert(
            header::ACCESS_CONTROL_REQUEST_METHOD,
            HeaderValue::from_static("POST"),
        );
        let url = Url::parse(ISSUER).expect("a URL").join(path).expect("a URL");
        let page = browser.once(method, &url, None).await;
        let allowed = page.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        // BR-4, IO-6: the answer never allows cookies.
        assert!(
            !page
                .headers
                .contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS)
        );
        (
            page.status,
            allowed.map(|it| it.to_str().expect("ASCII").to_owned()),
        )
    };
    const SPA: &str = "https://spa.example.test";
    for path in ["/.well-known/openid-configuration", endpoints::JWKS] {
        let (status, allowed) = asks(Method::GET, path, "https://anybody.example").await;
        assert_eq!(
            (status, allowed.as_deref()),
            (StatusCode::OK, Some("*")),
            "{path}"
        ); // BR-4
    }
    for path in [
        endpoints::TOKEN,
        endpoints::USERINFO,
        endpoints::REVOCATION,
        endpoints::PUSHED_AUTHORIZATION_REQUEST,
    ] {
        let (status, allowed) = asks(Method::OPTIONS, path, SPA).await;
        assert_eq!(
            (status, allowed.as_deref()),
            (StatusCode::NO_CONTENT, Some(SPA)),
            "{path}"
        ); // BR-4
        // A client that keeps a secret has no script, so its origin is not allowed.
        for stranger in ["https://web.example.test", "https://anybody.example", "null"] {
            let (status, allowed) = asks(Method::OPTIONS, path, stranger).await;
            assert_eq!(
                (status, allowed),
                (StatusCode::FORBIDDEN, None),
                "{path} {stranger}"
            );
        }
    }
    for path in [
        "/login",
        "/account",
        endpoints::AUTHORIZATION,
        endpoints::INTROSPECTION,
    ] {
        let (_, allowed) = asks(Method::GET, path, SPA).await;
        assert_eq!(allowed, None, "{path}"); // BR-4: nothing elsewhere
    }
}

/// Returns our addresses in a template, without query; a value that the template fills in is `{}`.
fn addresses(template: &str) -> Vec<String> {
    let starts = ["href=\"", "action=\"", "{{ site.issuer }}"];
    let parts = starts.iter().flat_map(|start| template.split(start).skip(1));
    let of_ours = parts.filter(|part| part.starts_with('/'));
    let address = |mut rest: &str| {
        let mut address = String::new();
        while let Some(next) = rest.chars().next() {
            if let Some(hole) = rest.strip_prefix("{{") {
                address.push_str("{}");
                rest = hole.split_once("}}").map_or("", |(_, rest)| rest);
            } else if "\"?# \n<".contains(next) {
                break;
            } else {
                address.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        address
    };
    of_ours.map(address).collect()
}

#[tokio::test]
async fn links_and_forms_of_templates_lead_to_urls_of_the_router() {
    let op = TestOp::start().await;
    let routes = components::routes(outbox::routes(router::routes(&op.app)));
    let fits = |pattern: &str, address: &str| {
        let (pattern, address) = (pattern.split('/'), address.split('/'));
        pattern.clone().count() == address.clone().count()
            && pattern
                .zip(address)
                .all(|(one, other)| one == other || other == "{}" || one.starts_with('{'))
    };
    let mut folders = ["pages", "components", "emails"]
        .map(|name| {
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("templates")
                .join(name)
        })
        .to_vec();
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of templates") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let template = std::fs::read_to_string(&path).expect("a template");
            for address in addresses(&template) {
                let is_known = routes.table().iter().any(|(pattern, _)| fits(pattern, &address));
                assert!(is_known, "{address} in {}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "the templates have links: {seen}");
}

#[tokio::test]
async fn a_client_that_is_not_authenticated_is_challenged() {
    let op = TestOp::start().await;
    op.client("web").await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "unknown"),
        ("client_id", "web"),
        ("client_secret", "wrong"),
    ];
    let answer = op.browser().post(endpoints::TOKEN, &fields).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.body.contains("\"invalid_client\""), "{}", answer.body); // RFC 6749 §5.2
    assert!(answer.header("www-authenticate").starts_with("Basic ")); // IO-10
}
