//! Tests that services are notified of a logout: by a call (OpenID Connect Back-Channel Logout 1.0), in frames
//! (Front-Channel Logout 1.0), or by asking in the browser (Session Management 1.0).

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{ISSUER, Page, RelyingParty, Site, TestOp};
use itu_account::jobs;

const OUT: &str = "/backchannel_logout";

/// Starts a provider that may call the services' site, which accepts what it is sent.
async fn provider() -> (TestOp, Site) {
    let site = Site::start().await;
    site.answers(OUT, 200, &[], "");
    let op = TestOp::with(|config| site.is_allowed(config)).await;
    (op, site)
}

async fn notified_service(op: &TestOp, name: &str, site: &Site) -> RelyingParty {
    let uri = site.at(OUT);
    op.client_with(
        name,
        json!({"backchannel_logout_uri": uri, "backchannel_logout_session_required": true}),
    )
    .await
}

/// Returns the logout tokens that came, header and claims.
fn tokens(site: &Site) -> Vec<(Value, Value)> {
    let part = |part: &str| {
        let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice::<Value>(&json).expect("JSON")
    };
    let bodies = site.received(OUT);
    let tokens = bodies.iter().map(|body| {
        let token = body.strip_prefix("logout_token=").expect("only logout_token");
        let mut parts = token.split('.');
        (
            part(parts.next().expect("a header")),
            part(parts.next().expect("claims")),
        )
    });
    tokens.collect()
}

fn logout_url(rp: &RelyingParty, id_token: &str, name: &str) -> String {
    format!(
        "{}?id_token_hint={id_token}&post_logout_redirect_uri=https://{name}.example.test/bye&state=s",
        rp.end_session_endpoint
    )
}

#[tokio::test]
async fn every_service_of_the_session_is_sent_a_logout_token_once() {
    let (op, site) = provider().await;
    let mut events = notified_service(&op, "events", &site).await;
    let mut shop = op
        .client_with(
            "shop",
            json!({"backchannel_logout_uri": site.at(OUT), "subject_type": "pairwise",
                "id_token_signed_response_alg": "ES256"}),
        )
        .await;
    let _never_visited = notified_service(&op, "lists", &site).await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut events, "openid").await;
    let at_events = events.redeems(&code).await.expect("tokens");
    let code = alice.logs_in_at(&mut events, "openid").await;
    events.redeems(&code).await.expect("tokens of a second login");
    let code = alice.logs_in_at(&mut shop, "openid").await;
    let at_shop = shop.redeems(&code).await.expect("tokens");

    jobs::deliver_logouts(&op.app).await.expect("nothing to do");
    assert!(tokens(&site).is_empty());
    let bye = alice
        .browser
        .get(&logout_url(&events, &at_events.id_token, "events"))
        .await;
    assert_eq!(bye.url.as_str(), "https://events.example.test/bye?state=s");
    jobs::deliver_logouts(&op.app).await.expect("notified");
    jobs::deliver_logouts(&op.app).await.expect("nothing more");
    op.advance(300);
    jobs::deliver_logouts(&op.app).await.expect("nothing more");

    let mut sent = tokens(&site);
    sent.sort_by_key(|(_, claims)| claims["aud"].as_str().map(str::to_owned));
    assert_eq!(sent.len(), 2, "{sent:?}");
    for ((header, claims), (rp, alg, its)) in sent
        .iter()
        .zip([("events", "RS256", &at_events), ("shop", "ES256", &at_shop)])
    {
        // Back-Channel Logout §2.4
        assert_eq!(
            (&header["typ"], &header["alg"]),
            (&json!("logout+jwt"), &json!(alg))
        );
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!(rp)));
        assert_eq!(claims["sub"], its.claims.subject().as_str());
        let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
        assert_eq!(claims["events"], events);
        let (exp, iat) = (claims["exp"].as_i64(), claims["iat"].as_i64());
        assert_eq!(exp.zip(iat).map(|(exp, iat)| exp - iat), Some(120)); // LO-3
        assert!(claims["jti"].is_string() && claims.get("nonce").is_none());
        let id_token = its.id_token.split('.').nth(1).expect("claims");
        let id_token: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(id_token).expect("base64url")).expect("JSON");
        assert_eq!(claims["sid"], id_token["sid"]);
    }
    assert_ne!(sent[0].1["sub"], sent[1].1["sub"]); // Core §8
    assert_ne!(sent[0].1["jti"], sent[1].1["jti"]);
}

#[tokio::test]
async fn whatever_ends_the_session_is_notified() {
    for way in ["logout", "end_everywhere", "end_others"] {
        let (op, site) = provider().await;
        let mut events = notified_service(&op, "events", &site).await;
        let mut alice = op.person("alice@example.org").await;
        let code = alice.logs_in_at(&mut events, "openid").await;
        events.redeems(&code).await.expect("tokens");
        match way {
            "logout" => {
                let page = alice.browser.get("/logout").await;
                let form = page.form(&["decision=logout"]).press("decision", "logout");
                alice.browser.send(form).await;
            }
            "end_everywhere" => {
                let page = alice.browser.get("/account/sessions").await;
                alice.browser.confirms(&page, "#end-everywhere").await;
            }
            // The last of the ways is an act in another browser.
            _ => {
                alice.browser = op.browser();
                alice.logs_in().await;
                let page = alice.browser.get("/account/sessions").await;
                alice.browser.confirms(&page, "#end-others").await;
            }
        }
        jobs::deliver_logouts(&op.app).await.expect("notified");
        assert_eq!(tokens(&site).len(), 1, "{way}"); // LO-3
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_tried_three_times() {
    let (op, site) = provider().await;
    site.answers(OUT, 503, &[], "");
    let mut events = notified_service(&op, "events", &site).await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut events, "openid").await;
    let its = events.redeems(&code).await.expect("tokens");
    let url = logout_url(&events, &its.id_token, "events");
    alice.browser.get(&url).await;
    jobs::deliver_logouts(&op.app).await.expect("tried");
    jobs::deliver_logouts(&op.app).await.expect("not yet again");
    assert_eq!(site.asked(OUT), 1);
    for expected in [2, 3, 3, 3] {
        op.advance(100);
        jobs::deliver_logouts(&op.app).await.expect("tried");
        assert_eq!(site.asked(OUT), expected); // LO-3
    }
    let mut ids: Vec<_> = tokens(&site)
        .iter()
        .map(|it| it.1["jti"].as_str().map(str::to_owned))
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn the_browser_visits_the_services_and_goes_on() {
    let op = TestOp::start().await;
    let mut events = op
        .client_with(
            "events",
            json!({"frontchannel_logout_uri": "https://events.example.test/out?a=1",
                "frontchannel_logout_session_required": true}),
        )
        .await;
    let mut shop = op
        .client_with(
            "shop",
            json!({"frontchannel_logout_uri": "https://shop.example.test/out;x"}),
        )
        .await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut events, "openid").await;
    let its = events.redeems(&code).await.expect("tokens");
    let code = alice.logs_in_at(&mut shop, "openid").await;
    shop.redeems(&code).await.expect("tokens");

    let url = logout_url(&events, &its.id_token, "events");
    let page = alice.browser.get(&url).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.url.path() == "/logging-out", "{}", page.url);
    let id_token = its.id_token.split('.').nth(1).expect("claims");
    let id_token: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(id_token).expect("base64url")).expect("JSON");
    let sid = id_token["sid"].as_str().expect("a sid");
    let iss = "https%3A%2F%2Fid.example.test";
    // Front-Channel Logout §2, §3
    assert_eq!(
        frames(&page),
        [
            format!("https://events.example.test/out?a=1&iss={iss}&sid={sid}"),
            format!("https://shop.example.test/out;x?iss={iss}&sid={sid}"),
        ]
    );
    let policy = page.header("content-security-policy");
    let listed = "; frame-src https://events.example.test/out https://shop.example.test/out%3Bx";
    assert!(
        policy.ends_with(listed) && !policy.contains("form-action"),
        "{policy}"
    ); // BR-7, BR-2
    assert_eq!(
        page.link_of("#logging-out-continue"),
        "https://events.example.test/bye?state=s"
    );
    assert!(alice.browser.get("/account").await.url.path() == "/login");

    // A query in the address cannot make such a page.
    let away = alice
        .browser
        .get("/logging-out?logout=https://evil.example/")
        .await;
    assert_eq!(away.url.path(), "/logged-out");
}

fn frames(page: &Page) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let frames = scraper::Selector::parse("iframe[src]").expect("a selector");
    html.select(&frames)
        .filter_map(|it| it.attr("src").map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_login_is_watched_by_what_the_browser_holds() {
    let op = TestOp::start().await;
    let mut events = op
        .client_with("events", json!({"authorization_signed_response_alg": "RS256"}))
        .await;
    let mut alice = op.person("alice@example.org").await;
    let url = events.authorization_url("openid", &[]);
    let back = alice.goes_through(&url).await;
    let session_state = back.query("session_state").expect("a session_state");
    let code = events.takes(&back);
    let its = events.redeems(&code).await.expect("tokens");
    let browser = alice
        .browser
        .cookie("__Host-itu_state")
        .expect("a cookie")
        .to_owned();
    // Session Management §3.2
    let (hash, salt) = session_state.split_once('.').expect("hash and salt");
    let made = format!("events https://events.example.test {browser} {salt}");
    assert_eq!(hash, URL_SAFE_NO_PAD.encode(Sha256::digest(made)));

    // Signed answers hold it, too; those without openid have no session to watch.
    let url = events.authorization_url("openid", &[("response_mode", "jwt")]);
    let jwt = alice.browser.get(&url).await.query("response").expect("JARM");
    let claims = URL_SAFE_NO_PAD
        .decode(jwt.split('.').nth(1).expect("claims"))
        .expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert!(claims["session_state"].is_string());

    // Another login has another state; after the logout there is none.
    op.clock.advance(chrono::Duration::seconds(2));
    let login = alice
        .browser
        .get(&events.authorization_url("openid", &[("prompt", "login")]))
        .await;
    alice.enters_password(login).await;
    let renewed = alice.browser.cookie("__Host-itu_state").map(str::to_owned);
    assert_ne!(renewed, Some(browser));
    alice
        .browser
        .get(&logout_url(&events, &its.id_token, "events"))
        .await;
    assert_eq!(alice.browser.cookie("__Host-itu_state"), None);
}

#[tokio::test]
async fn the_page_of_the_session_may_be_framed_and_its_cookie_be_read() {
    let op = TestOp::start().await;
    let mut browser = op.browser();
    let discovery: Value =
        serde_json::from_str(&browser.get("/.well-known/openid-configuration").await.body).expect("JSON");
    let page = browser
        .get(discovery["check_session_iframe"].as_str().expect("a URL"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.headers.contains_key("x-frame-options")); // BR-7
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("; frame-ancestors https:"), "{policy}");
    assert!(page.body.contains("data-cookie=\"__Host-itu_state\""));

    let mut alice = op.person("alice@example.org").await;
    let page = alice.browser.get("/login").await;
    assert_eq!(page.header("x-frame-options"), "DENY");
    for name in [
        "frontchannel_logout_supported",
        "frontchannel_logout_session_supported",
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
    ] {
        assert_eq!(discovery[name], true, "{name}");
    }
}
