//! Tests that a service's request that is over stops nobody (product.md; security.md AZ-6): the person does what needs
//! no service, and then a page leads back to the service.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{PASSWORD, Page, Person, RelyingParty, TestOp};

const BEGINS_AT: &str = "https://service.example.org/login";

async fn service(op: &TestOp) -> RelyingParty {
    let other = json!({ "client_name": "Events", "initiate_login_uri": BEGINS_AT });
    op.client_with("events", other).await
}

/// Requires that the page leads back, and says who is logged in.
fn leads_back(page: &Page, email: Option<&str>) {
    assert_eq!(page.status, StatusCode::GONE, "{}", page.text());
    assert!(page.has("#request-over"), "{}", page.text());
    let way = page.link_of("#to-service");
    // IO-12
    assert!(
        way.starts_with(&format!("{BEGINS_AT}?iss=https%3A%2F%2Fid.example.test")),
        "{way}"
    );
    assert!(page.text().contains("Events"), "{}", page.text());
    match email {
        Some(email) => assert!(page.text().contains(email), "{}", page.text()),
        None => assert!(page.has("#to-login")),
    }
}

/// Forgets everything that waits, as a restart does.
async fn ends(op: &TestOp) {
    op.advance(601);
    op.app.ephemeral.sweep();
}

async fn comes(op: &TestOp, person: &mut Person) -> (RelyingParty, Page) {
    let mut rp = service(op).await;
    let url = rp.authorization_url("openid", &[("ui_locales", "fr")]);
    let page = person.browser.get(&url).await;
    assert!(page.has("html[lang=fr]"));
    (rp, page)
}

#[tokio::test]
async fn a_login_goes_on_and_leads_back() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (mut rp, login) = comes(&op, &mut alice).await;
    ends(&op).await;

    // A wrong password comes first: the page says that the request is over, in the language of the request.
    alice.password = "Wrong-lamp-42".into();
    let again = alice.enters_password(login).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        again.has("#over") && again.has("html[lang=fr]"),
        "{}",
        again.text()
    );
    alice.password = PASSWORD.into();
    let over = alice.enters_password(again).await;
    leads_back(&over, Some("alice@example.org"));
    assert!(over.has("html[lang=fr]"));

    // The right password counted: the service's next request needs none.
    let url = rp.authorization_url("openid", &[]);
    let back = alice.browser.get(&url).await;
    assert!(back.url.as_str().starts_with(&rp.redirect_uri), "{}", back.url);
}

#[tokio::test]
async fn every_page_of_a_request_survives_it() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let (_, login) = comes(&op, &mut alice).await;
    let handle = login.query("request").expect("a handle");
    ends(&op).await;
    let within = |path: &str| format!("{path}?request={handle}");
    for path in ["/login", "/signup", "/forgot-password"] {
        let page = alice.browser.get(&within(path)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(
            page.has("#over") && page.has("main form"),
            "{path}: {}",
            page.text()
        );
    }
    // A page that needs the service says that the request is over.
    for path in [
        "/consent",
        "/select-account",
        "/access-refused",
        "/second-factor-needed",
        "/authorize/continue",
    ] {
        leads_back(&alice.browser.get(&within(path)).await, None);
    }
    // A bookmark, with no request at all, leads to the login.
    for path in [
        "/consent",
        "/select-account",
        "/access-refused",
        "/second-factor-needed",
        "/authorize/continue",
    ] {
        let page = alice.browser.get(path).await;
        assert_eq!(
            (page.status, page.url.path()),
            (StatusCode::OK, "/login"),
            "{path}"
        );
    }
    alice.logs_in().await;
    leads_back(
        &alice.browser.get(&within("/consent")).await,
        Some("alice@example.org"),
    );
    // The login offers nothing to a person who is logged in, but shows the way back at once.
    leads_back(
        &alice.browser.get(&within("/login")).await,
        Some("alice@example.org"),
    );
    leads_back(
        &alice.browser.get(&within("/signup")).await,
        Some("alice@example.org"),
    );
    assert_eq!(alice.browser.get("/consent").await.url.path(), "/account");
    assert_eq!(alice.browser.get("/signup").await.url.path(), "/account");
    assert_eq!(alice.browser.get("/login").await.url.path(), "/account");
}

#[tokio::test]
async fn a_consent_that_comes_too_late_leads_back() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let other = json!({ "client_name": "Events", "initiate_login_uri": BEGINS_AT, "first_party": false });
    let mut rp = op.client_with("events", other).await;
    let url = rp.authorization_url("openid email", &[]);
    let login = alice.browser.get(&url).await;
    let consent = alice.enters_password(login).await;
    let form = consent.form(&["decision=allow"]).press("decision", "allow");
    ends(&op).await;
    leads_back(&alice.browser.send(form).await, Some("alice@example.org"));
}

#[tokio::test]
async fn a_sign_up_that_takes_an_hour_returns_to_the_service() {
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let (rp, login) = comes(&op, &mut zoe).await;
    let signup = zoe.browser.get(&login.link("/signup")).await;
    op.advance(3600);
    op.app.ephemeral.sweep();
    let values = [
        ("email", "zoe@example.org"),
        ("first_name", "Zoë"),
        ("last_name", "Muster"),
        ("password", PASSWORD),
        ("password_confirmation", PASSWORD),
        ("gender", "female"),
        ("job_title", "Engineer"),
        ("professional_role", "technical"),
    ];
    let organization = zoe.browser.submit(signup.form(&["first_name"]), &values).await;
    assert_eq!(
        organization.url.path(),
        "/signup/organization",
        "{}",
        organization.text()
    );
    assert!(organization.text().contains("Events") || organization.has("html[lang=fr]"));
    let form = organization.form(&["organization_query"]).press("action", "new");
    let typed = [("member_state", "CH")];
    let new = zoe.browser.submit(form, &typed).await;
    let form = new.form(&["organization_name"]).press("action", "create");
    let values = [
        ("organization_name", "Example Laboratory"),
        ("accept_terms", "on"),
    ];
    let verify = zoe.browser.submit(form, &values).await;
    assert_eq!(verify.url.path(), "/signup/verify", "{}", verify.text());
    assert!(verify.has("html[lang=fr]") && !verify.has("#over"));
    op.advance(300);
    let code = op.outbox().code("zoe@example.org").await;
    let done = zoe
        .browser
        .submit(verify.form(&["code"]), &[("code", &code)])
        .await;
    assert_eq!(done.url.path(), "/signup/done", "{}", done.text());
    assert!(done.has("html[lang=fr]"));
    // The page is still there after a reload, and in another language.
    let reloaded = zoe.browser.get(done.url.as_str()).await;
    assert_eq!(reloaded.link_of("#ok"), done.link_of("#ok"));
    let spanish = zoe.browser.get(&done.link("/signup/done?ui_locales=es")).await;
    assert!(spanish.has("html[lang=es]") && spanish.link_of("#ok") == done.link_of("#ok"));
    let back = zoe.browser.get(&done.link_of("#ok")).await;
    assert!(back.url.as_str().starts_with(&rp.redirect_uri), "{}", back.url);
}

#[tokio::test]
async fn an_answer_is_returned_again_until_its_code_is_redeemed() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let mut rp = service(&op).await;
    let url = rp.authorization_url("openid", &[]);
    let login = alice.browser.get(&url).await;
    let handle = login.query("request").expect("a handle");
    let back = alice.enters_password(login).await;
    let code = rp.takes(&back);
    // G-8: after a second press, or if the answer got lost, the service gets the same code, and not a second one.
    let again = alice
        .browser
        .get(&format!("/authorize/continue?request={handle}"))
        .await;
    assert_eq!(again.url, back.url);
    // Another browser cannot see it.
    let mut mallory = op.browser();
    let other = mallory
        .get(&format!("/authorize/continue?request={handle}"))
        .await;
    assert!(other.has("#request-over"), "{}", other.text());
    rp.redeems(&code).await.expect("tokens");
    leads_back(
        &alice
            .browser
            .get(&format!("/authorize/continue?request={handle}"))
            .await,
        Some("alice@example.org"),
    );
}

#[tokio::test]
async fn a_service_that_names_no_address_is_named() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let mut rp = op
        .client_with("plain", json!({ "client_name": "Bookshop" }))
        .await;
    let login = alice.browser.get(&rp.authorization_url("openid", &[])).await;
    ends(&op).await;
    let over = alice.enters_password(login).await;
    assert!(
        over.text().contains("Bookshop") && !over.has("#to-service"),
        "{}",
        over.text()
    );
    assert!(over.has("#to-account"));
}
