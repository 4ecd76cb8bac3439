//! Tests what a page costs whoever opens it: few bytes, few requests, none to anybody else (security.md BR-8). Every page
//! of the route table is opened, by somebody who may.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use scraper::{Html, Selector};
use tower::ServiceExt;

use crate::journeys::joining_an_organization::every_form_twice::cast::{Cast, cast};
use crate::support::TestOp;
use itu_account::http::router;
use itu_account::http::routes::Audience;

/// The most that a page and all that it loads may weigh, as it comes over the line.
const MOST_BYTES: usize = 60 * 1024;
const MOST_REQUESTS: usize = 6;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |it| it.to_str().expect("ASCII"))
    }

    fn is_page(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    fn is_compressed(&self) -> bool {
        self.header("content-encoding") == "gzip"
    }
}

async fn asks(op: &TestOp, path: &str, cookies: &str, encodings: &str) -> Answer {
    let request = Request::get(path)
        .header(header::HOST, "id.example.test")
        .header(header::COOKIE, cookies)
        .header(header::ACCEPT_ENCODING, encodings)
        .body(Body::empty());
    let answer = op.router.clone().oneshot(request.expect("a request")).await;
    let (parts, body) = answer.expect("infallible").into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.expect("a body").to_bytes().to_vec(),
    }
}

/// Asks as browsers do.
async fn opens(op: &TestOp, path: &str, cookies: &str) -> Answer {
    asks(op, path, cookies, "gzip, deflate, br, zstd").await
}

/// Returns the addresses that a browser loads with a page.
fn loaded(html: &str) -> BTreeSet<String> {
    let html = Html::parse_document(html);
    let mut all = BTreeSet::new();
    for (css, attribute) in [
        ("link[href]", "href"),
        ("[src]", "src"),
        ("[srcset]", "srcset"),
        ("[poster]", "poster"),
        ("object[data]", "data"),
        ("[data-worker]", "data-worker"),
        ("use[href]", "href"),
    ] {
        let selector = Selector::parse(css).expect("a selector");
        let found = html.select(&selector).filter_map(|it| it.attr(attribute));
        all.extend(found.map(str::to_owned));
    }
    all.retain(|it| !it.starts_with("data:"));
    all
}

/// Returns every address of the route table, with somebody of its audience.
fn addresses(cast: &Cast) -> Vec<(&'static str, String)> {
    let mut all = cast.pages.clone();
    let routes = router::routes(&cast.op.app);
    for (pattern, audience) in routes.table() {
        let who = match audience {
            Audience::Public | Audience::Client => "visitor",
            Audience::SignedIn | Audience::OwnData => "user",
            Audience::FocalPoint => "focal point",
            Audience::Staff
            | Audience::Support
            | Audience::Auditor
            | Audience::ClientOwner
            | Audience::Administrator => "administrator",
        };
        let path = pattern
            .replace("{organization}", "ofcom")
            .replace("clients/{id}", "clients/shop");
        all.push((who, path.replace(['{', '}'], "")));
    }
    all
}

#[tokio::test]
async fn every_page_is_light_and_compressed_and_stays_at_home() {
    // BR-8
    let mut cast = cast().await;
    let mut assets: BTreeMap<String, usize> = BTreeMap::new();
    let mut pages = BTreeSet::new();
    let mut uncompressed = BTreeSet::new();
    for (who, path) in addresses(&cast) {
        let cookies = cast.person(who).browser.cookie_header();
        let plain = asks(&cast.op, &path, &cookies, "identity").await;
        if !plain.is_page() {
            continue; // for programs, or a redirect
        }
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let page = opens(&cast.op, &path, &cookies).await;
        assert_eq!(page.status, plain.status, "{path}");
        if page.is_compressed() {
            assert!(page.body.starts_with(&[0x1f, 0x8b]), "{path}");
            assert!(page.header("vary").contains("accept-encoding"), "{path}");
        } else if page.body.len() > 512 {
            uncompressed.insert(path.clone());
        }
        if page.status == StatusCode::OK {
            pages.insert(path.clone());
        }
        let html = String::from_utf8(plain.body).expect("UTF-8");
        let loads = loaded(&html);
        let mut weight = page.body.len();
        for address in &loads {
            assert!(
                address.starts_with('/') && !address.starts_with("//"),
                "{path} leaves for {address}"
            );
            if !assets.contains_key(address) {
                let asset = opens(&cast.op, address, "").await;
                assert_eq!(asset.status, StatusCode::OK, "{address} of {path}");
                assert!(asset.is_compressed() || asset.body.len() < 512, "{address}");
                let text = asks(&cast.op, address, "", "identity").await.body;
                let text = String::from_utf8(text).expect("UTF-8");
                for leaving in ["@import", "url(http", "url(//", "fetch(\"http", "importScripts"] {
                    assert!(!text.contains(leaving), "{address}: {leaving}");
                }
                assets.insert(address.clone(), asset.body.len());
            }
            weight += assets[address];
        }
        // Who may frame the page of `check_session_iframe` is another matter (BR-7).
        let mut policy = page.header("content-security-policy").split(';').map(str::trim);
        let leads_away = policy.find(|it| it.contains("http") && !it.starts_with("frame-ancestors"));
        assert_eq!(leads_away, None, "{path}");
        assert!(weight < MOST_BYTES, "{path}: {weight} bytes");
        assert!(loads.len() < MOST_REQUESTS, "{path}: {loads:?}");
    }
    // Only what shows a secret that stays is not compressed.
    let secrets = ["/account/security/recovery-codes", "/account/security/totp"];
    assert_eq!(uncompressed, secrets.map(str::to_owned).into());
    assert!(pages.len() > 60, "{}: {pages:?}", pages.len());
}
