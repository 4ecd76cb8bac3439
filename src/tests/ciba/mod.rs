//! Tests a service that asks for a person who is elsewhere, and the person who gets a mail and decides in the account
//! (OpenID Connect CIBA Core 1.0), through the front door.

mod abuse_ciba;
mod decisions;
mod fapi_ciba;
mod limits;
mod ping;
mod signed_requests;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::{ISSUER, Page, Person, RelyingParty, TestOp};
use itu_account::oidc::endpoints::{BACKCHANNEL_AUTHENTICATION, OPENID_CONFIGURATION, TOKEN, USERINFO};

const GRANT: &str = "urn:openid:params:grant-type:ciba";
const PAGE: &str = "/account/requests";
const ALICE: &str = "alice@example.org";

/// Registers a bank's telephone desk: a third party's client, so that people are asked.
pub(super) async fn bank(op: &TestOp) -> RelyingParty {
    bank_with(op, "bank", json!({})).await
}

async fn bank_with(op: &TestOp, name: &str, other: Value) -> RelyingParty {
    let mut metadata = json!({"client_name": "The Bank", "grant_types": [GRANT, "refresh_token"],
        "redirect_uris": [], "post_logout_redirect_uris": [], "backchannel_token_delivery_mode": "poll",
        "scope": "openid email offline_access", "first_party": false});
    if let (Some(metadata), Some(other)) = (metadata.as_object_mut(), other.as_object()) {
        metadata.extend(other.clone());
    }
    op.client_with(name, metadata).await
}

/// The answer to a request that the provider accepted.
pub(super) struct Given(Value);

impl Given {
    fn id(&self) -> &str {
        self.0["auth_req_id"]
            .as_str()
            .unwrap_or_else(|| panic!("an auth_req_id: {}", self.0))
    }
}

impl RelyingParty {
    async fn asks_for(&self, person: &str, more: &[(&str, &str)]) -> (u16, Value) {
        let mut fields = vec![("scope", "openid email"), ("login_hint", person)];
        fields.retain(|it| more.iter().all(|other| other.0 != it.0));
        fields.extend(more.iter().filter(|it| !it.1.is_empty()));
        self.posts(BACKCHANNEL_AUTHENTICATION, &fields).await
    }

    pub(super) async fn is_given(&self, person: &str, more: &[(&str, &str)]) -> Given {
        let (status, answer) = self.asks_for(person, more).await;
        assert_eq!(status, 200, "{answer}");
        Given(answer)
    }

    async fn is_refused(&self, person: &str, more: &[(&str, &str)]) -> String {
        let (status, answer) = self.asks_for(person, more).await;
        assert_eq!(status, 400, "{answer}");
        answer["error"].as_str().unwrap_or_default().to_owned()
    }

    async fn comes_with(&self, given: &Given) -> (u16, Value) {
        let fields = [("grant_type", GRANT), ("auth_req_id", given.id())];
        self.posts(TOKEN, &fields).await
    }

    async fn gets_error(&self, given: &Given) -> String {
        let (status, answer) = self.comes_with(given).await;
        assert_eq!(status, 400, "{answer}");
        answer["error"].as_str().unwrap_or_default().to_owned()
    }
}

impl Person {
    /// Decides about the newest request.
    async fn answers(&mut self, decision: &str) -> Page {
        let page = self.browser.get(PAGE).await;
        let form = page.form_to(PAGE).press("decision", decision);
        self.browser.send(form).await
    }
}

async fn somebody(op: &TestOp) -> Person {
    let mut alice = op.person(ALICE).await;
    alice.logs_in().await;
    alice
}

async fn recorded(op: &TestOp, action: &str) -> i64 {
    let db = op.app.db.read();
    let query =
        format!("SELECT COUNT(*) AS n FROM events WHERE action = '{action}' AND object LIKE 'client:%'");
    let query = Statement::from_string(db.get_database_backend(), query);
    let row = db.query_one_raw(query).await.expect("the trail").expect("a row");
    row.try_get("", "n").expect("a number")
}

#[tokio::test]
async fn a_person_is_asked_by_mail_and_answers_in_the_account() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = op.person(ALICE).await;
    let more = [
        ("binding_message", "Order 1234"),
        ("scope", "openid email offline_access admin"),
    ];
    let given = bank.is_given("Alice@example.org", &more).await;
    assert_eq!(
        (&given.0["expires_in"], &given.0["interval"]),
        (&json!(600), &json!(5))
    );
    assert_eq!(given.id().len(), 43); // CIBA §7.3: 256 bits
    assert_eq!(bank.gets_error(&given).await, "authorization_pending"); // CIBA §11

    // The mail says who asks and about what, and its link leads through the login to the page.
    let mail = op.outbox().latest(ALICE).await;
    assert!(mail.text.contains("The Bank"));
    // DV-3: the client's text is on the page, after the login.
    assert!(!mail.text.contains("Order 1234") && !mail.html.contains("Order 1234"));
    assert!(!mail.text.contains(given.id()) && !mail.html.contains(given.id()));
    let link = op.outbox().link(ALICE, PAGE).await;
    let login = alice.browser.get(&link).await;
    let page = alice.enters_password(login).await;
    let text = page.text();
    for words in ["The Bank", "Order 1234", "Your email address", ALICE] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("admin"));
    op.advance(5);
    assert_eq!(bank.gets_error(&given).await, "authorization_pending"); // only a POST decides

    let done = alice
        .browser
        .send(page.form_to(PAGE).press("decision", "allow"))
        .await;
    assert!(done.has("#empty") && done.has("#past"), "{}", done.text());
    let (status, tokens) = bank.comes_with(&given).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["scope"], "openid email offline_access");
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_string());
    let access = tokens["access_token"].as_str().expect("a token");
    assert_eq!(bank.claims(access).await["email"], ALICE);
    for action in [
        "authentication.requested",
        "authentication.allowed",
        "consent.given",
    ] {
        assert_eq!(recorded(&op, action).await, 1, "{action}"); // LG-1
    }

    // TK-2: the id is good once, and a second use ends the tokens that it bought.
    assert_eq!(bank.gets_error(&given).await, "invalid_grant");
    assert_eq!(bank.get(USERINFO, access).await.status(), 401);
}

#[tokio::test]
async fn a_person_says_no_and_the_service_hears_it() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let given = bank.is_given(ALICE, &[]).await;
    let done = alice.answers("deny").await;
    assert!(done.has("#empty"), "{}", done.text());
    assert_eq!(bank.gets_error(&given).await, "access_denied"); // CIBA §11
    assert_eq!(bank.gets_error(&given).await, "access_denied");
    assert_eq!(recorded(&op, "authentication.denied").await, 1);
    assert_eq!(recorded(&op, "consent.given").await, 0);
}

#[tokio::test]
async fn who_comes_too_often_waits_longer() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let given = bank.is_given(ALICE, &[]).await;
    let mut heard = Vec::new();
    for wait in [0, 4, 9, 15, 15, 14, 20] {
        op.advance(wait);
        heard.push(bank.gets_error(&given).await);
    }
    // CIBA §11: the interval grows by 5 s each time, from the request that came too early.
    let (fine, early) = ("authorization_pending", "slow_down");
    assert_eq!(heard, [fine, early, early, fine, fine, early, fine]);
    // A decision is returned at once.
    alice.answers("allow").await;
    assert_eq!(bank.comes_with(&given).await.0, 200);
}

#[tokio::test]
async fn a_request_ends_when_the_service_wanted_it_to() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let short = bank.is_given(ALICE, &[("requested_expiry", "10")]).await;
    let allowed = bank.is_given(ALICE, &[("requested_expiry", "20")]).await;
    assert_eq!(
        (&short.0["expires_in"], &allowed.0["expires_in"]),
        (&json!(10), &json!(20))
    );
    let page = alice.browser.get(PAGE).await;
    let late = page.form_to(PAGE).press("decision", "allow");
    op.advance(10);
    assert_eq!(bank.gets_error(&short).await, "expired_token"); // CIBA §11
    alice.answers("allow").await;
    op.advance(10);
    assert_eq!(bank.gets_error(&allowed).await, "expired_token");
    // The page that was open decides nothing now, and says so.
    let answer = alice.browser.send(late).await;
    assert!(
        answer.has("#form-notice") && answer.has("#empty"),
        "{}",
        answer.text()
    );
    op.advance(3600);
    itu_account::jobs::sweep(&op.app).await.expect("swept");
    assert_eq!(bank.gets_error(&short).await, "invalid_grant");
    let longest = bank.is_given(ALICE, &[("requested_expiry", "86400")]).await;
    assert_eq!(longest.0["expires_in"], 1800);
}

#[tokio::test]
async fn an_auth_req_id_is_its_clients_alone() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let other = bank_with(&op, "shop", json!({})).await;
    let web = op.client("web").await;
    let mut alice = somebody(&op).await;
    let given = bank.is_given(ALICE, &[]).await;
    alice.answers("allow").await;
    assert_eq!(other.gets_error(&given).await, "invalid_grant"); // CIBA §11
    assert_eq!(web.gets_error(&given).await, "unauthorized_client"); // TK-9
    assert_eq!(web.is_refused(ALICE, &[]).await, "unauthorized_client");
    assert_eq!(bank.comes_with(&given).await.0, 200);
    let unproved = RelyingParty::discover(op.router.clone(), "bank", None, String::from(ISSUER)).await;
    let (status, answer) = unproved.asks_for(ALICE, &[]).await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_client"))); // CIBA §13
}

#[tokio::test]
async fn of_many_who_come_at_once_one_gets_the_tokens() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let given = bank.is_given(ALICE, &[]).await;
    alice.answers("allow").await;
    let calls = (0..8).map(|_| bank.comes_with(&given));
    let answers = futures_util::future::join_all(calls).await;
    let won = answers.iter().filter(|it| it.0 == 200).count();
    assert_eq!(won, 1, "{answers:?}"); // G-8
    let lost = answers.iter().filter(|it| it.1["error"] == "invalid_grant");
    assert_eq!(lost.count(), 7);
}

#[tokio::test]
async fn each_fault_of_a_request_has_its_code() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    somebody(&op).await;
    let long = "a".repeat(101);
    for (expected, more) in [
        ("invalid_request", &[("scope", "")][..]),
        ("invalid_scope", &[("scope", "email")]),
        ("invalid_scope", &[("scope", "op\\en")]),
        ("invalid_request", &[("login_hint", "")]),
        ("invalid_request", &[("id_token_hint", "x")]),
        ("invalid_request", &[("login_hint", ""), ("id_token_hint", "x")]),
        (
            "invalid_request",
            &[("login_hint", ""), ("login_hint_token", "x")],
        ),
        ("invalid_request", &[("login_hint_token", "x")]),
        ("unknown_user_id", &[("login_hint", "nobody@example.org")]),
        ("unknown_user_id", &[("login_hint", "alice")]),
        (
            "invalid_binding_message",
            &[("binding_message", "1234 \u{1f44d}")],
        ),
        ("invalid_binding_message", &[("binding_message", &long)]),
        ("invalid_request", &[("requested_expiry", "0")]),
        ("invalid_request", &[("requested_expiry", "-1")]),
        ("invalid_request", &[("requested_expiry", "soon")]),
        ("invalid_request", &[("requested_expiry", "1.5")]),
        ("invalid_request", &[("request_uri", "https://bank.example/r")]),
        ("invalid_request", &[("request", "x")]),
    ] {
        assert_eq!(bank.is_refused(ALICE, more).await, expected, "{more:?}"); // CIBA §13
    }
    assert_eq!(recorded(&op, "authentication.requested").await, 0);
    let mails = op.outbox().to(ALICE).await;
    assert!(mails.iter().all(|it| it.kind != "authentication_requested"));
}

#[tokio::test]
async fn discovery_states_what_there_is() {
    let op = TestOp::start().await;
    let bank = bank(&op).await;
    let metadata = bank.gets(OPENID_CONFIGURATION, &[]).await;
    let metadata: Value = serde_json::from_slice(metadata.body()).expect("JSON");
    // CIBA §4
    assert_eq!(
        metadata["backchannel_authentication_endpoint"],
        format!("{ISSUER}{BACKCHANNEL_AUTHENTICATION}")
    );
    assert_eq!(
        metadata["backchannel_token_delivery_modes_supported"],
        json!(["poll", "ping"])
    );
    assert_eq!(metadata["backchannel_user_code_parameter_supported"], false);
    let has = |name: &str, value: &str| metadata[name].as_array().expect(name).contains(&json!(value));
    assert!(has("grant_types_supported", GRANT));
    let algs = "backchannel_authentication_request_signing_alg_values_supported";
    assert!(has(algs, "PS256") && has(algs, "ES256") && !has(algs, "none"));
    let fields = [("scope", "openid"), ("login_hint", "nobody@example.org")];
    let answer = bank.posts_with(BACKCHANNEL_AUTHENTICATION, &fields, &[]).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
}
