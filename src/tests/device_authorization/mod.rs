//! Tests a device without a browser, and the person who lets it in (RFC 8628; security.md DV-1, DV-2), through the
//! front door.

mod abuse_device_authorization;
mod limits;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::{ISSUER, Page, Person, RelyingParty, TestOp};
use itu_account::oidc::endpoints::{DEVICE_AUTHORIZATION, OPENID_CONFIGURATION, TOKEN, USERINFO};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Registers a television: a third party's public client, so that people are asked.
async fn television(op: &TestOp) -> RelyingParty {
    television_with(op, json!({})).await
}

async fn television_with(op: &TestOp, other: Value) -> RelyingParty {
    let mut metadata = json!({"client_name": "Television", "token_endpoint_auth_method": "none",
        "grant_types": [GRANT, "refresh_token"], "redirect_uris": [], "post_logout_redirect_uris": [],
        "scope": "openid email offline_access", "first_party": false});
    if let (Some(metadata), Some(other)) = (metadata.as_object_mut(), other.as_object()) {
        metadata.extend(other.clone());
    }
    op.client_with("tv", metadata).await
}

/// The answer of the device authorization endpoint.
struct Codes(Value);

impl Codes {
    fn text(&self, name: &str) -> &str {
        self.0[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {}", self.0))
    }

    fn user_code(&self) -> &str {
        self.text("user_code")
    }
}

impl RelyingParty {
    async fn asks_for_codes(&self, scope: &str) -> Codes {
        let (status, answer) = self.posts(DEVICE_AUTHORIZATION, &[("scope", scope)]).await;
        assert_eq!(status, 200, "{answer}");
        Codes(answer)
    }

    async fn polls(&self, codes: &Codes) -> (u16, Value) {
        let fields = [("grant_type", GRANT), ("device_code", codes.text("device_code"))];
        self.posts(TOKEN, &fields).await
    }

    async fn hears(&self, codes: &Codes) -> String {
        let (status, answer) = self.polls(codes).await;
        assert_eq!(status, 400, "{answer}");
        answer["error"].as_str().unwrap_or_default().to_owned()
    }
}

impl Person {
    async fn connects(&mut self, code: &str) -> Page {
        let form = self.browser.get("/device").await.form_to("/device");
        self.browser.submit(form, &[("user_code", code)]).await
    }

    async fn decides(&mut self, code: &str, decision: &str) -> Page {
        let confirm = self.connects(code).await;
        let form = confirm.form_to("/device").press("decision", decision);
        self.browser.send(form).await
    }
}

async fn somebody(op: &TestOp) -> Person {
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    alice
}

async fn recorded(op: &TestOp, action: &str) -> i64 {
    let db = op.app.db.read();
    let query =
        format!("SELECT COUNT(*) AS n FROM events WHERE action = '{action}' AND object = 'client:tv'");
    let query = Statement::from_string(db.get_database_backend(), query);
    let row = db.query_one_raw(query).await.expect("the trail").expect("a row");
    row.try_get("", "n").expect("a number")
}

#[tokio::test]
async fn a_person_lets_a_device_in_with_a_code() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let mut alice = op.person("alice@example.org").await;

    let codes = tv.asks_for_codes("openid email offline_access admin").await;
    assert_eq!(
        (&codes.0["expires_in"], &codes.0["interval"]),
        (&json!(600), &json!(5))
    ); // DV-1
    assert!(codes.text("device_code").len() >= 43); // DV-1: 256 bits
    assert_eq!(codes.text("verification_uri"), format!("{ISSUER}/device"));
    assert_eq!(tv.hears(&codes).await, "authorization_pending"); // RFC 8628 §3.5

    // The link leads through the login: the code is still there, and the link decides nothing.
    let login = alice.browser.get(codes.text("verification_uri_complete")).await;
    let filled = alice.enters_password(login).await;
    let form = filled.form_to("/device");
    assert!(
        form.fields
            .contains(&("user_code".into(), codes.user_code().into()))
    );
    let confirm = alice.browser.send(form).await;
    assert_eq!(confirm.text_of("#user-code"), codes.user_code()); // RFC 8628 §3.3.1
    assert!(confirm.text().contains("Television") && confirm.text().contains("Your email address"));
    assert!(!confirm.text().contains("admin"));
    op.advance(5);
    assert_eq!(tv.hears(&codes).await, "authorization_pending"); // DV-2: a POST decides
    let done = alice
        .browser
        .send(confirm.form_to("/device").press("decision", "allow"))
        .await;
    assert_eq!(done.url.path(), "/device/allowed");

    let (status, tokens) = tv.polls(&codes).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["scope"], "openid email offline_access");
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_string());
    let access = tokens["access_token"].as_str().expect("a token");
    assert_eq!(tv.claims(access).await["email"], "alice@example.org");
    assert_eq!(recorded(&op, "device.allowed").await, 1);
    assert_eq!(recorded(&op, "consent.given").await, 1); // AZ-13

    // TK-2: the code is good once, and a second use ends the tokens that it bought.
    assert_eq!(tv.hears(&codes).await, "invalid_grant");
    assert_eq!(tv.get(USERINFO, access).await.status(), 401);
}

#[tokio::test]
async fn a_device_that_is_denied_hears_it() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let mut alice = somebody(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    let done = alice.decides(codes.user_code(), "deny").await;
    assert_eq!(done.url.path(), "/device/denied");
    assert_eq!(tv.hears(&codes).await, "access_denied"); // RFC 8628 §3.5
    assert_eq!(tv.hears(&codes).await, "access_denied");
    assert_eq!(recorded(&op, "device.denied").await, 1);
    // A code that was decided about does not exist any more.
    let again = alice.connects(codes.user_code()).await;
    assert_eq!(again.field_errors(), ["user_code"]);
}

#[tokio::test]
async fn of_two_decisions_the_first_counts() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let (mut alice, mut bob) = (somebody(&op).await, op.person("bob@example.org").await);
    bob.logs_in().await;
    let codes = tv.asks_for_codes("openid").await;
    let by_alice = alice.connects(codes.user_code()).await.form_to("/device");
    let by_bob = bob.connects(codes.user_code()).await.form_to("/device");
    alice.browser.send(by_alice.press("decision", "deny")).await;
    let late = bob.browser.send(by_bob.press("decision", "allow")).await;
    assert_eq!(late.field_errors(), ["user_code"]); // G-8
    assert_eq!(tv.hears(&codes).await, "access_denied");
    assert_eq!(recorded(&op, "device.allowed").await, 0);
}

#[tokio::test]
async fn who_polls_too_often_waits_longer() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    let mut heard = Vec::new();
    for wait in [0, 4, 9, 15, 15, 14, 20] {
        op.advance(wait);
        heard.push(tv.hears(&codes).await);
    }
    // RFC 8628 §3.5: the interval grows by 5 s each time, from the poll that was too early.
    let (fine, early) = ("authorization_pending", "slow_down");
    assert_eq!(heard, [fine, early, early, fine, fine, early, fine]);
}

#[tokio::test]
async fn codes_end_after_ten_minutes() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let mut alice = somebody(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    let allowed = tv.asks_for_codes("openid").await;
    alice.decides(allowed.user_code(), "allow").await;
    op.advance(600);
    assert_eq!(tv.hears(&codes).await, "expired_token"); // RFC 8628 §3.5
    assert_eq!(tv.hears(&allowed).await, "expired_token");
    let late = alice.connects(codes.user_code()).await;
    assert!(
        late.text_of("#user_code-error").contains("expired"),
        "{}",
        late.text()
    );
    op.advance(600);
    assert_eq!(tv.hears(&codes).await, "invalid_grant");
}

#[tokio::test]
async fn a_device_code_is_its_clients_alone() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let metadata = json!({"grant_types": [GRANT], "redirect_uris": [], "scope": "openid"});
    let other = op.client_with("printer", metadata).await;
    let web = op.client("web").await;
    let mut alice = somebody(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    alice.decides(codes.user_code(), "allow").await;
    assert_eq!(other.hears(&codes).await, "invalid_grant");
    assert_eq!(web.hears(&codes).await, "unauthorized_client"); // TK-9
    let (_, answer) = web.posts(DEVICE_AUTHORIZATION, &[("scope", "openid")]).await;
    assert_eq!(answer["error"], "unauthorized_client");
    assert_eq!(tv.polls(&codes).await.0, 200);
    // A confidential client authenticates (RFC 8628 §3.1).
    let unproved = RelyingParty::discover(op.router.clone(), "printer", None, String::from(ISSUER)).await;
    let (status, answer) = unproved.posts(DEVICE_AUTHORIZATION, &[("scope", "openid")]).await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")));
    assert_eq!(other.posts(DEVICE_AUTHORIZATION, &[]).await.0, 200);
}

#[tokio::test]
async fn what_a_device_gets_is_what_is_so_then() {
    // G-10
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let mut alice = somebody(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    alice.decides(codes.user_code(), "allow").await;
    let services = alice.browser.get("/account/services").await;
    alice.browser.confirms(&services, "#withdraw-tv").await;
    assert_eq!(tv.hears(&codes).await, "invalid_grant");

    let codes = tv.asks_for_codes("openid").await;
    alice.decides(codes.user_code(), "allow").await;
    let account = alice.browser.get("/account").await;
    let logout = account.form_to("/logout").press("decision", "logout");
    alice.browser.send(logout).await;
    assert_eq!(tv.hears(&codes).await, "invalid_grant");
}

#[tokio::test]
async fn whom_the_access_policy_refuses_cannot_let_a_device_in() {
    let op = TestOp::start().await;
    let tv = television_with(&op, json!({"access_policy": {"affiliation": "approved"}})).await;
    let mut alice = somebody(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    let confirm = alice.connects(codes.user_code()).await;
    assert!(
        confirm.has("#access-refused") && !confirm.has("#allow"),
        "{}",
        confirm.text()
    );
    let forced = confirm.form_to("/device").smuggle("decision", "allow");
    let still = alice.browser.send(forced).await;
    assert!(still.has("#access-refused"));
    assert_eq!(tv.hears(&codes).await, "authorization_pending");
    let denied = still.form_to("/device").press("decision", "deny");
    alice.browser.send(denied).await;
    assert_eq!(tv.hears(&codes).await, "access_denied");
}

#[tokio::test]
async fn a_code_of_anothers_page_decides_nothing() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let mut alice = somebody(&op).await;
    let codes = tv.asks_for_codes("openid").await;
    let forged = [("user_code", codes.user_code()), ("decision", "allow")];
    let answer = alice.browser.post("/device", &forged).await;
    assert_eq!(answer.status.as_u16(), 403); // BR-1
    let link = format!("{}?decision=allow", codes.text("verification_uri_complete"));
    alice.browser.get(&link).await;
    assert_eq!(tv.hears(&codes).await, "authorization_pending"); // G-5
}

#[tokio::test]
async fn discovery_and_scripts_find_the_endpoint() {
    let op = TestOp::start().await;
    let redirect = json!({"redirect_uris": ["https://tv.example.test/callback"],
        "grant_types": [GRANT, "authorization_code", "refresh_token"]});
    let tv = television_with(&op, redirect).await;
    let metadata = tv.gets(OPENID_CONFIGURATION, &[]).await;
    let metadata: Value = serde_json::from_slice(metadata.body()).expect("JSON");
    let endpoint = format!("{ISSUER}{DEVICE_AUTHORIZATION}");
    assert_eq!(metadata["device_authorization_endpoint"], endpoint); // RFC 8628 §4
    let grants = metadata["grant_types_supported"].as_array().expect("a list");
    assert!(grants.contains(&json!(GRANT)));
    for (origin, may_read) in [
        ("https://tv.example.test", true),
        ("https://evil.example.test", false),
    ] {
        let answer = tv
            .posts_with(
                DEVICE_AUTHORIZATION,
                &[("scope", "openid")],
                &[("origin", origin)],
            )
            .await;
        let allowed = answer.headers().contains_key("access-control-allow-origin");
        assert_eq!(allowed, may_read, "{origin}"); // BR-4
        assert_eq!(answer.headers()["cache-control"], "no-store"); // RFC 8628 §3.2
    }
}

#[tokio::test]
async fn a_scope_is_limited_or_refused() {
    let op = TestOp::start().await;
    let tv = television(&op).await;
    let mut alice = somebody(&op).await;
    let (_, answer) = tv.posts(DEVICE_AUTHORIZATION, &[("scope", "admin")]).await;
    assert_eq!(answer["error"], "invalid_scope");
    // A request without scopes gets all that the client has, but for those that must be asked for.
    let (_, codes) = tv.posts(DEVICE_AUTHORIZATION, &[]).await;
    let codes = Codes(codes);
    alice.decides(codes.user_code(), "allow").await;
    let (_, tokens) = tv.polls(&codes).await;
    assert_eq!(
        (&tokens["scope"], &tokens["refresh_token"]),
        (&json!("openid email"), &Value::Null)
    );
}
