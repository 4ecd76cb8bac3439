//! Tests what a session opens while its person looks at somebody's account, over every route of the table and every method: the
//! account pages that only show, marked, and nothing else (security.md AD-12, G-5). A new route is refused until it is named.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};

use super::{ALICE, alice, begins, ends, in_office, rows};
use crate::support::{ISSUER, Page, Person, TestOp};
use itu_account::domain::role::Role;
use itu_account::domain::{AccountId, actor::Context};
use itu_account::http::router;
use itu_account::http::routes::Audience;
use itu_account::oidc::shared_signals::{self, NewWebhook};
use url::Url;

/// The pages that a view shows, written out: whoever adds one to the product decides here, too.
const SHOWN: [&str; 16] = [
    "/",
    "/accessibility",
    "/account",
    "/account/email",
    "/account/history",
    "/account/history/organization",
    "/account/organization",
    "/account/profile",
    "/account/requests",
    "/account/security",
    "/account/security/password",
    "/account/services",
    "/account/sessions",
    "/faq",
    "/privacy",
    "/terms",
];

/// Returns what the database has of an account and of everything that happened.
async fn state(op: &TestOp, id: &AccountId) -> Vec<String> {
    let mut all = Vec::new();
    for sql in [
        format!(
            "SELECT email || first_name || last_name || language || status || role AS t FROM accounts WHERE id = '{id}'"
        ),
        format!("SELECT id AS t FROM sessions WHERE account_id = '{id}' AND ended_at IS NULL"),
        "SELECT id AS t FROM account_views WHERE ended_at IS NULL".to_owned(),
        "SELECT action || object AS t FROM events ORDER BY id".to_owned(),
        "SELECT id AS t FROM outbox_mails ORDER BY id".to_owned(),
    ] {
        let found = rows(op, &sql).await;
        all.extend(found.iter().map(|it| it.try_get::<String>("", "t").unwrap()));
    }
    all
}

async fn sends(person: &mut Person, method: &Method, path: &str, csrf: &str) -> Page {
    let url = Url::parse(ISSUER).unwrap().join(path).unwrap();
    let body = (*method != Method::GET).then(|| format!("csrf={csrf}&action=request&decision=allow"));
    person.browser.once(method.clone(), &url, body).await
}

#[tokio::test]
async fn every_route_shows_a_page_of_the_account_or_refuses() {
    let op = TestOp::start().await;
    let (mut person, account) = alice(&op).await;
    person.logs_in().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.client("shop").await;
    let webhook = NewWebhook {
        client: itu_account::domain::ClientId::new("shop"),
        endpoint: "https://shop.example.test/hear".into(),
        kinds: vec![],
        description: String::new(),
    };
    let webhook = shared_signals::add_webhook(&op.app, &Context::operator(), webhook).await;
    let receiver = webhook.expect("a webhook").receiver.id;
    // An administrator, whom every audience but the client admits.
    let mut ada = in_office(&op, "Ada", Role::Administrator).await;
    ada.browser.get("/account").await;
    begins(&mut ada, &account.id).await;
    // The token of the form that ends the view is good for forms of whoever looks.
    let marked = ada.browser.get("/viewing").await;
    let csrf = marked.form_to("/viewing").fields.remove(0).1;
    let before = state(&op, &account.id).await;

    let routes = router::routes(&op.app);
    let mut shown = BTreeSet::new();
    for (pattern, audience) in routes.table() {
        let path = pattern
            .replace("{organization}", "ofcom")
            .replace("clients/{id}", "clients/shop")
            .replace("accounts/{id}", &format!("accounts/{}", account.id))
            .replace("{receiver}", receiver.as_str())
            .replace(['{', '}'], "");
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            if *pattern == "/viewing" && method == Method::POST {
                continue; // it ends the view
            }
            let context = format!("{method} {path}");
            let page = sends(&mut ada, &method, &path, &csrf).await;
            if method == Method::GET && SHOWN.contains(pattern) {
                assert_eq!(page.status, StatusCode::OK, "{context}: {}", page.text());
                assert!(
                    page.has("#viewing") && page.text_of("#person").contains("Alicia"),
                    "{context}"
                );
                shown.insert(*pattern);
                continue;
            }
            if method == Method::GET && *pattern == "/viewing" {
                assert!(
                    page.has("#viewing") && page.has("[data-state='running']"),
                    "{context}"
                );
                continue;
            }
            let is_open = matches!(audience, Audience::Public | Audience::Client);
            let is_refused = page.status == StatusCode::FORBIDDEN
                // The router, or the reader of the request, refused it before.
                || page.status == StatusCode::METHOD_NOT_ALLOWED
                || (is_open && page.status.is_client_error());
            let leads_to_refusal = page.status == StatusCode::SEE_OTHER
                && page.header("location").starts_with("/viewing?outcome=");
            if (is_refused && page.has("#viewing")) || leads_to_refusal {
                continue;
            }
            // What knows no session answers as it answers a stranger.
            let mut stranger = op.visitor("nobody@example.org");
            let other = sends(&mut stranger, &method, &path, &csrf).await;
            let is_same =
                page.status == other.status && page.headers.get("location") == other.headers.get("location");
            assert!(is_open && is_same, "{context}: {} {}", page.status, page.text());
            let knows = ["Alicia", ALICE, "Ada Tester"]
                .into_iter()
                .find(|it| page.body.contains(it));
            assert_eq!(knows, None, "{context}: {}", page.text());
        }
    }
    assert_eq!(shown.into_iter().collect::<Vec<_>>(), SHOWN);
    let nowhere = ada.browser.get("/nowhere").await;
    assert!(
        nowhere.has("#viewing") && nowhere.status == StatusCode::NOT_FOUND,
        "{}",
        nowhere.text()
    );
    // Nothing was written, nor told to anybody.
    assert_eq!(state(&op, &account.id).await, before);
}

#[tokio::test]
async fn no_service_meets_the_person_who_is_viewed() {
    // AD-12
    let op = TestOp::start().await;
    let (_, account) = alice(&op).await;
    let mut shop = op.client("shop").await;
    let mut ada = in_office(&op, "Ada", Role::Administrator).await;
    // Whoever looks has been at the service before.
    let code = ada.logs_in_at(&mut shop, "openid email").await;
    let tokens = shop.redeems(&code).await.expect("tokens");
    let own = shop.claims(&tokens.access_token).await;
    begins(&mut ada, &account.id).await;

    for more in [
        &[][..],
        &[("prompt", "none")],
        &[("prompt", "login")],
        &[("prompt", "select_account")],
    ] {
        let page = ada
            .browser
            .get(&shop.authorization_url("openid email", more))
            .await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{more:?}: {}", page.text());
        assert!(
            page.has("#viewing") && page.url.path() == "/authorize",
            "{more:?} {}",
            page.url
        );
    }
    let bye = format!("{}?id_token_hint={}", shop.end_session_endpoint, tokens.id_token);
    for path in [
        bye.as_str(),
        "/logout",
        "/device",
        "/authorize/continue",
        "/consent",
    ] {
        let page = ada.browser.get(path).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}: {}", page.text());
    }
    // Her token is still hers.
    let claims = shop.claims(&tokens.access_token).await;
    assert_eq!(claims["sub"], own["sub"]);
    let sql = format!(
        "SELECT 1 AS n FROM service_uses WHERE account_id = '{}'",
        account.id
    );
    assert!(rows(&op, &sql).await.is_empty());

    ends(&mut ada).await;
    let code = ada.logs_in_at(&mut shop, "openid email").await;
    let tokens = shop.redeems(&code).await.expect("tokens");
    assert_eq!(
        shop.claims(&tokens.access_token).await["email"],
        ada.email.as_str()
    );
}

#[tokio::test]
async fn a_room_writes_nothing_for_a_page_of_a_view() {
    // AD-12: what the doors forget, the unit of work refuses.
    let op = TestOp::start().await;
    let (_, account) = alice(&op).await;
    let context = Context {
        is_view: true,
        ..Context::operator()
    };
    let ended = itu_account::accounts::sessions::end_everywhere(&op.app, &context, &account.id).await;
    assert!(ended.is_err());
    let ended =
        itu_account::accounts::sessions::end_everywhere(&op.app, &Context::operator(), &account.id).await;
    assert!(ended.is_ok());
}
