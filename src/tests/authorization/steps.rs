//! Tests which step comes next (OpenID Connect Core §3.1.2.3; security.md AZ-6, AZ-10).

use sea_orm::{ConnectionTrait, Statement};

use super::*;
use itu_account::domain::actor::Context;
use itu_account::domain::difference::Unnamed;
use itu_account::oidc::access_policy::Lack;
use itu_account::oidc::authorization::kept_request::{self, Reopened};
use itu_account::oidc::{clients, codes, codes::Taken};

#[tokio::test]
async fn single_sign_on_is_silent() {
    let op = TestOp::at("http://localhost:8080").await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    op.advance(60);

    let step = next(&op, &accepts(&op, &web, &[("nonce", "n")]), Some(&alice)).await;

    assert_eq!(answered(&step, "state").as_deref(), Some("s"));
    assert_eq!(answered(&step, "iss").as_deref(), Some("http://localhost:8080")); // AZ-11
    let code = answered(&step, "code").expect("a code");
    let Ok(Taken::Grant(grant)) = codes::take(&op.app, &code, &web.id).await else {
        panic!("a grant")
    };
    assert_eq!(
        (grant.nonce.as_deref(), &grant.sid),
        (Some("n"), &alice.session.sid)
    );
    assert_eq!(grant.authentication.auth_time, alice.session.authenticated_at);
}

#[tokio::test]
async fn a_code_is_its_clients_own() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let other = third_party(&op, serde_json::json!({})).await;
    let step = next(&op, &accepts(&op, &web, &[]), Some(&alice)).await;
    let code = answered(&step, "code").expect("a code");

    // TK-2: a foreign client learns nothing and spends nothing.
    assert!(matches!(
        codes::take(&op.app, &code, &other.id).await,
        Ok(Taken::Unknown)
    ));
    assert!(matches!(
        codes::take(&op.app, &code, &web.id).await,
        Ok(Taken::Grant(_))
    ));
    assert!(matches!(
        codes::take(&op.app, &code, &web.id).await,
        Ok(Taken::Spent(_))
    ));
    op.advance(61); // TK-1: 60 s; the tombstone outlives it
    assert!(matches!(
        codes::take(&op.app, &code, &web.id).await,
        Ok(Taken::Spent(_))
    ));
}

#[tokio::test]
async fn who_is_not_logged_in_logs_in() {
    let op = TestOp::start().await;
    let web = op.insert_web_client().await;

    assert!(matches!(
        next(&op, &accepts(&op, &web, &[]), None).await,
        Step::Login { again: false }
    ));
    assert!(matches!(
        next(&op, &accepts(&op, &web, &[("prompt", "create")]), None).await,
        Step::Create
    ));
    let silent = next(&op, &accepts(&op, &web, &[("prompt", "none")]), None).await;
    assert_eq!(answered(&silent, "error").as_deref(), Some("login_required")); // AZ-10
    assert_eq!(answered(&silent, "state").as_deref(), Some("s"));
}

#[tokio::test]
async fn prompt_and_max_age_ask_for_a_proof_that_is_newer_than_the_request() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    op.advance(2);
    for more in [("prompt", "login"), ("max_age", "1"), ("max_age", "0")] {
        let request = accepts(&op, &web, &[more]);
        let step = next(&op, &request, Some(&alice)).await;
        assert!(matches!(step, Step::Login { again: true }), "{more:?}"); // AZ-10
        op.advance(1);
        let alice = again(&op, &alice);
        op.advance(30);
        // A password that was verified once is not asked for again, however long the rest takes.
        assert!(is_code(&next(&op, &request, Some(&alice)).await), "{more:?}");
    }
    let young = accepts(&op, &web, &[("max_age", "10000")]);
    assert!(is_code(&next(&op, &young, Some(&alice)).await));
    let silent = accepts(&op, &web, &[("max_age", "1"), ("prompt", "none")]);
    let step = next(&op, &silent, Some(&alice)).await;
    assert_eq!(answered(&step, "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn a_hint_names_who_must_answer() {
    let op = TestOp::start().await;
    let (web, alice, bob) = (
        op.insert_web_client().await,
        op.sign_in().await,
        op.sign_in().await,
    );
    let tokens = op.issue_tokens(&web, &alice, "openid").await;
    let hint = tokens.id_token.as_deref().expect("an ID token");
    op.advance(3600); // an expired ID token is still a hint

    let silent = accepts(&op, &web, &[("id_token_hint", hint), ("prompt", "none")]);
    assert!(is_code(&next(&op, &silent, Some(&alice)).await));
    let step = next(&op, &silent, Some(&bob)).await;
    assert_eq!(answered(&step, "error").as_deref(), Some("login_required"));

    let request = accepts(&op, &web, &[("id_token_hint", hint)]);
    assert!(matches!(
        next(&op, &request, Some(&bob)).await,
        Step::Login { again: true }
    ));
    let step = next(&op, &request, Some(&again(&op, &bob))).await;
    assert_eq!(answered(&step, "error").as_deref(), Some("login_required")); // Core §3.1.2.1
}

#[tokio::test]
async fn an_account_is_chosen_once_in_its_own_browser() {
    let op = TestOp::start().await;
    let (web, alice, bob) = (
        op.insert_web_client().await,
        op.sign_in().await,
        op.sign_in().await,
    );
    op.advance(1);
    let request = accepts(&op, &web, &[("prompt", "select_account")]);
    assert!(matches!(
        next(&op, &request, Some(&alice)).await,
        Step::SelectAccount
    ));
    let handle = interaction::open(&op.app, request, BROWSER, "192.0.2.1")
        .await
        .expect("kept");

    // AZ-6: another browser cannot use the handle.
    assert!(
        interaction::find(&op.app, &handle, "another")
            .await
            .expect("answers")
            .is_none()
    );
    let found = interaction::find(&op.app, &handle, BROWSER)
        .await
        .expect("answers")
        .expect("there");
    interaction::choose(&op.app, &handle, &found, &alice.account.id)
        .await
        .expect("chosen");

    let found = interaction::find(&op.app, &handle, BROWSER)
        .await
        .expect("answers")
        .expect("there");
    let as_bob = Some((&bob.session, &bob.account));
    let step = interaction::proceed(&op.app, &handle, &found, as_bob)
        .await
        .expect("a step");
    assert!(matches!(step, Step::SelectAccount)); // what Alice chose is not Bob's choice
    let as_alice = Some((&alice.session, &alice.account));
    assert!(is_code(
        &interaction::proceed(&op.app, &handle, &found, as_alice)
            .await
            .expect("a step")
    ));
    let second = interaction::proceed(&op.app, &handle, &found, as_alice)
        .await
        .expect("a step");
    assert!(matches!(second, Step::Over)); // G-8
    // G-9: a press in a window that was opened before neither opens it again nor consents to anything.
    let chosen = interaction::choose(&op.app, &handle, &found, &alice.account.id).await;
    assert!(!chosen.expect("answers"));
    let context = Context::of(itu_account::domain::actor::Actor::Visitor);
    let agreed = interaction::agree(&op.app, &context, &handle, &found, &alice.account.id).await;
    assert!(!agreed.expect("answers"));
    assert!(!interaction::is_open(&op.app, &handle).await.expect("answers"));
    let consents = itu_account::oidc::consent::list(&op.app, &alice.account.id).await;
    assert!(consents.expect("answers").is_empty());
}

#[tokio::test]
async fn a_request_waits_ten_minutes_and_a_kept_one_longer() {
    let op = TestOp::start().await;
    let web = op.insert_web_client().await;
    let request = accepts(&op, &web, &[]);
    let handle = interaction::open(&op.app, request.clone(), BROWSER, "192.0.2.1")
        .await
        .expect("kept");
    let found = interaction::find(&op.app, &handle, BROWSER)
        .await
        .expect("answers")
        .expect("there");
    let kept = kept_request::to_resume(&found).expect("JSON");
    op.advance(601);
    assert!(
        interaction::find(&op.app, &handle, BROWSER)
            .await
            .expect("answers")
            .is_none()
    ); // AZ-6

    let reopen = async |kept: &str, browser: &str| {
        let answer = kept_request::reopen(&op.app, kept, browser).await;
        answer.expect("answers")
    };
    let Reopened::Here(handle) = reopen(&kept, BROWSER).await else {
        panic!("reopened");
    };
    let found = interaction::find(&op.app, &handle, BROWSER)
        .await
        .expect("answers")
        .expect("there");
    assert_eq!(found.request, request);
    assert_eq!(reopen(&kept, "another").await, Reopened::Elsewhere); // AZ-6, DV-3
    let unbound = serde_json::to_string(&request).expect("JSON");
    assert_eq!(reopen(&unbound, BROWSER).await, Reopened::Elsewhere); // of an earlier release
    assert_eq!(reopen("{}", BROWSER).await, Reopened::Gone);
}

#[tokio::test]
async fn who_cancels_is_answered_for() {
    let op = TestOp::start().await;
    let web = op.insert_web_client().await;
    let request = accepts(&op, &web, &[("response_mode", "form_post")]);
    let handle = interaction::open(&op.app, request, BROWSER, "192.0.2.1")
        .await
        .expect("kept");
    let found = interaction::find(&op.app, &handle, BROWSER)
        .await
        .expect("answers")
        .expect("there");

    let step = interaction::deny(&op.app, &visitor(), &handle, &found)
        .await
        .expect("a step");

    assert_eq!(answered(&step, "error").as_deref(), Some("access_denied"));
    assert_eq!(answered(&step, "state").as_deref(), Some("s"));
    assert!(
        interaction::find(&op.app, &handle, BROWSER)
            .await
            .expect("answers")
            .is_none()
    );
}

#[tokio::test]
async fn a_policy_is_explained_or_answered() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let policy = serde_json::json!({"first_party": true, "access_policy": {"affiliation": "approved"}});
    let client = third_party(&op, policy).await;

    let step = next(&op, &accepts(&op, &client, &[]), Some(&alice)).await;
    let Step::AccessRefused(refused) = step else {
        panic!("{step:?}")
    };
    assert_eq!(refused.lacks, [Lack::Affiliation]);
    let step = next(&op, &accepts(&op, &client, &[("prompt", "none")]), Some(&alice)).await;
    assert_eq!(answered(&step, "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn new_terms_come_before_the_answer() {
    let op = TestOp::start().await;
    let web = op.insert_web_client().await;
    let mut alice = op.sign_in().await;
    alice.account.privacy_version = Some("2020-01".into());
    assert!(matches!(
        next(&op, &accepts(&op, &web, &[]), Some(&alice)).await,
        Step::Terms
    ));
    let step = next(&op, &accepts(&op, &web, &[("prompt", "none")]), Some(&alice)).await;
    assert_eq!(answered(&step, "error").as_deref(), Some("interaction_required"));
}

#[tokio::test]
async fn a_client_that_is_disabled_meanwhile_is_answered_nothing() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let request = accepts(&op, &web, &[]);
    let operator = Context::operator();
    clients::set_enabled(&op.app, &operator, &web.id, false)
        .await
        .expect("disabled");
    assert!(matches!(
        next(&op, &request, Some(&alice)).await,
        Step::Unanswerable(_)
    )); // DR-6, G-10
}

#[tokio::test]
async fn an_address_that_is_registered_no_longer_is_answered_nothing() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let request = accepts(&op, &web, &[]);
    let before = clients::find(&op.app, &web.id).await.expect("a client");
    let mut update = clients::Update::of(&before);
    update.definition.metadata.redirect_uris = vec!["https://rp.example/another".into()];
    let changed = clients::update(&op.app, &Context::operator(), update).await;
    changed.expect("changed");
    assert!(matches!(
        next(&op, &request, Some(&alice)).await,
        Step::Unanswerable(_)
    )); // G-10, AZ-2
}

#[tokio::test]
async fn refused_requests_cannot_fill_the_audit_trail() {
    let op = TestOp::start().await;
    let web = op.insert_web_client().await;
    let raw = |uri: &str| {
        let pairs = [("client_id", web.id.as_str()), ("redirect_uri", uri)];
        let pairs = pairs.map(|(k, v)| (k.to_owned(), v.to_owned()));
        RawRequest::new(RequestPairs::of_query(pairs.to_vec()))
    };
    for uri in [
        "https://evil.example/",
        "https://evil.example/2",
        CALLBACK,
        CALLBACK,
    ] {
        assert!(request::accept(&op.app, &visitor(), &raw(uri)).await.is_err());
    }
    let db = op.app.db.read();
    let query = "SELECT action FROM events WHERE success = FALSE ORDER BY id";
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), query))
        .await;
    let recorded: Vec<String> = rows
        .expect("rows")
        .iter()
        .map(|row| row.try_get("", "action").expect("text"))
        .collect();
    assert_eq!(
        recorded,
        ["authorization.redirect_uri_refused", "authorization.refused"]
    ); // LG-1
}

#[tokio::test]
async fn a_client_changes_for_every_process_and_its_secret_overlaps() {
    let op = TestOp::start().await;
    let operator = Context::operator();
    let metadata = serde_json::json!({"client_name": "Events", "redirect_uris": [CALLBACK]});
    let definition = serde_json::from_value(metadata).expect("a definition");
    let new = clients::NewClient {
        id: None,
        registration: clients::Registration::ByAdministrator(definition),
        secret: None,
    };
    let issued = clients::add(&op.app, &operator, new).await.expect("added");
    let (id, first) = (issued.client.id, issued.secret.expect("shown once"));
    let elsewhere = itu_account::storage::clients::ClientRegistry::load(op.app.db.read())
        .await
        .expect("loaded");

    let second = clients::rotate_secret(&op.app, &operator, &id, None)
        .await
        .expect("rotated");
    let second = second.secret.expect("shown once");

    let accepts = |secret: &itu_account::domain::secret::Secret| {
        let client = elsewhere.find(id.as_str()).expect("known");
        client.has_secret(secret.expose(), op.now())
    };
    assert!(accepts(&first) && !accepts(&second));
    assert!(elsewhere.refresh(op.app.db.read()).await.expect("asked"));
    assert!(!elsewhere.refresh(op.app.db.read()).await.expect("asked"));
    assert!(accepts(&first) && accepts(&second)); // AD-2
    op.advance(7 * 86_400);
    assert!(!accepts(&first) && accepts(&second));
}

#[tokio::test]
async fn a_file_of_clients_is_applied_as_a_whole_and_twice_is_as_once() {
    let op = TestOp::start().await;
    let operator = Context::operator();
    let read = |text: &str| {
        let secret = itu_account::domain::secret::Secret::new("0123456789abcdef0123456789abcdef");
        let all = clients::documents(text).expect("a file");
        all.into_iter()
            .map(|it| (it, Some(secret.clone())))
            .collect::<Vec<_>>()
    };
    let good = read(
        r#"{"clients": [{"client_id": "a", "client_name": "A", "redirect_uris": ["https://a.example/"]}]}"#,
    );
    let half = read(
        r#"{"clients": [{"client_id": "b", "client_name": "B", "redirect_uris": ["https://b.example/"]},
            {"client_id": "c", "client_name": "C", "redirect_uris": ["http://c.example/"]}]}"#,
    );

    let first = clients::apply(&op.app, &operator, &good, Unnamed::Kept)
        .await
        .expect("applied");
    let second = clients::apply(&op.app, &operator, &good, Unnamed::Kept)
        .await
        .expect("applied");
    let refused = clients::apply(&op.app, &operator, &half, Unnamed::Kept)
        .await
        .expect_err("refused");

    assert_eq!(
        (first[0].change, second[0].change),
        (clients::Change::Added, clients::Change::Unchanged)
    );
    assert!(
        refused.to_string().starts_with("line 2: c.redirect_uris: "),
        "{refused}"
    );
    assert!(op.app.registry.find("a").is_some() && op.app.registry.find("b").is_none());
    // The printed form can be parsed again, and changes nothing.
    let printed =
        clients::ClientDocument::write(&clients::find(&op.app, &good[0].0.id).await.expect("there"));
    let again = clients::ClientDocument::read(&printed).expect("a document");
    let third = clients::apply(&op.app, &operator, &[(again, None)], Unnamed::Kept)
        .await
        .expect("applied");
    assert_eq!(third[0].change, clients::Change::Unchanged);
}
