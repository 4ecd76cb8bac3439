//! Tests the documents that everybody may keep: whoever has one asks by its entity tag whether it is still the same
//! (RFC 9110 §13.1.2; security.md BR-3).

use axum::http::{HeaderValue, StatusCode, header};

use crate::client_pages::administrator;
use crate::support::{Browser, Page, TestOp};

const DOCUMENTS: [&str; 5] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/ssf-configuration",
    "/jwks.json",
    "/api/openapi.json",
];

async fn asks(browser: &mut Browser, path: &str, known: Option<&str>) -> Page {
    browser.headers.remove(header::IF_NONE_MATCH);
    if let Some(known) = known {
        let known = HeaderValue::from_str(known).expect("ASCII");
        browser.headers.insert(header::IF_NONE_MATCH, known);
    }
    let page = browser.get(path).await;
    assert_eq!(
        page.headers[header::CACHE_CONTROL],
        "public, max-age=900",
        "{path}"
    ); // BR-3
    page
}

fn tag_of(page: &Page) -> String {
    page.headers[header::ETAG].to_str().expect("ASCII").to_owned()
}

#[tokio::test]
async fn a_document_that_is_known_is_not_sent_again() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    for path in DOCUMENTS {
        let first = asks(&mut browser, path, None).await;
        assert_eq!(first.status, StatusCode::OK, "{path}");
        assert_eq!(first.headers[header::CONTENT_TYPE], "application/json", "{path}");
        serde_json::from_str::<serde_json::Value>(&first.body).expect("JSON");
        let tag = tag_of(&first);
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".into(),
        ] {
            let again = asks(&mut browser, path, Some(&known)).await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path} {known}");
            assert_eq!(tag_of(&again), tag, "{path}");
            assert!(again.body.is_empty(), "{path}");
        }
        for other in ["\"x\"", "nonsense"] {
            let again = asks(&mut browser, path, Some(other)).await;
            assert_eq!(
                (again.status, again.body),
                (StatusCode::OK, first.body.clone()),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn another_set_of_keys_has_another_tag() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    let mut admin = administrator(&op, "admin").await;
    let before = asks(&mut browser, "/jwks.json", None).await;
    let list = admin.browser.get("/admin/keys").await;
    let form = admin.browser.is_asked(&list, "#rotate-RS256").await;
    let done = admin.browser.submit(form, &[("reason", "")]).await;
    assert!(done.says("flash.key_announced"), "{}", done.text());
    let with_both = asks(&mut browser, "/jwks.json", Some(&tag_of(&before))).await;
    assert_eq!(with_both.status, StatusCode::OK);
    assert_ne!(tag_of(&with_both), tag_of(&before));
    // JW-6: nothing but the time takes the former key out.
    op.advance(365 * 24 * 3600);
    let without = asks(&mut browser, "/jwks.json", Some(&tag_of(&with_both))).await;
    assert_eq!(without.status, StatusCode::OK);
    assert!(without.body.len() < with_both.body.len());
}
