//! Tests `/admin/revocations`: the choice, what is said before, what is shown after, and who may.

use axum::http::StatusCode;

use crate::client_pages::administrator;
use crate::support::{RelyingParty, TestOp};
use itu_account::domain::event::Action;

const OFFLINE: &str = "openid email offline_access";

async fn logs_in(op: &TestOp, name: &str, rp: &mut RelyingParty) -> (crate::support::Person, String) {
    let mut person = op.person(&format!("{name}@example.org")).await;
    let code = person.logs_in_at(rp, OFFLINE).await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    (person, tokens.access_token)
}

#[tokio::test]
async fn a_stolen_laptop_is_answered_from_the_page_of_its_person() {
    // AD-6
    let op = TestOp::start().await;
    let mut shop = op.client("shop").await;
    let (mut alice, token) = logs_in(&op, "alice", &mut shop).await;
    let (_, of_bob) = logs_in(&op, "bob", &mut shop).await;
    let mut admin = administrator(&op, "admin").await;
    let id = op.find_account("alice@example.org").await.id;
    let page = admin.browser.get(&format!("/admin/accounts/{id}")).await;
    let form = admin.browser.is_asked(&page, "#revoke").await;
    let question = admin.browser.get(&page.link_of("#revoke")).await;
    assert!(question.text_of("#consequence").contains("alice@example.org"));
    assert!(
        question.has("[data-grants='1']") && question.has("[data-sessions='1']"),
        "{}",
        question.text()
    );

    // Without a reason nothing ends.
    let refused = admin.browser.send(form.clone()).await;
    assert_eq!(refused.field_errors(), ["reason"], "{}", refused.text());
    assert!(shop.userinfo(&token).await.is_ok());
    assert!(refused.has("#reason") && refused.text_of("#consequence").contains("alice@example.org"));

    let done = admin
        .browser
        .submit(form, &[("reason", "Laptop stolen in Geneva")])
        .await;
    assert!(done.says("flash.tokens_revoked"), "{}", done.text());
    assert!(done.has(".note.good#state") && done.has("[data-grants='1']") && done.has("[data-sessions='1']"));
    assert!(shop.userinfo(&token).await.is_err() && shop.userinfo(&of_bob).await.is_ok());
    let login = alice.browser.get("/account").await;
    assert_eq!(login.url.path(), "/login");

    // It is in the list, in the trail with its reason, and in the person's history.
    let list = admin.browser.get(&format!("/admin/revocations?q={id}")).await;
    assert_eq!(list.count_of("[data-revocation]"), 1);
    assert!(
        admin
            .browser
            .get("/admin/revocations?q=nobody")
            .await
            .has("#empty")
    );
    let trail = admin.browser.get(&done.link_of("#trail")).await;
    assert!(
        trail.text().contains(Action::AccountTokensRevoked.as_str()),
        "{}",
        trail.text()
    );
    assert!(trail.text().contains("Laptop stolen in Geneva"));
    op.advance(2);
    alice.logs_in().await;
    let history = alice.browser.get("/account/history").await;
    for event in [
        "Access of services ended for security reasons",
        "Session ended for security reasons",
    ] {
        assert!(history.text().contains(event), "{}", history.text());
    }
    assert!(!history.text().contains("Geneva")); // the reason is not for everybody
}

#[tokio::test]
async fn whose_tokens_end_is_chosen_and_what_is_wrong_stands_at_its_field() {
    let op = TestOp::start().await;
    let mut shop = op.client("shop").await;
    let (_, token) = logs_in(&op, "alice", &mut shop).await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/revocations").await;
    assert!(
        page.has("#empty") && page.has("#revocation-form"),
        "{}",
        page.text()
    );
    for (query, field) in [
        ("", "kind"),
        ("kind=x", "kind"),
        ("kind=client", "target"),
        ("kind=client&target=none", "target"),
        ("kind=account&target=nobody@example.org", "target"),
        ("kind=client&target=shop&until=yesterday", "until"),
        ("kind=client&target=shop&until=2999-01-01+00:00", "until"),
    ] {
        let page = admin
            .browser
            .get(&format!("/admin/revocations/confirm?{query}"))
            .await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(page.field_errors(), [field], "{query}: {}", page.text());
        assert!(
            page.has("#revocation-form") && !page.has("#confirm-form"),
            "{query}"
        );
    }
    // A client has no sessions, whatever is ticked.
    let path = "/admin/revocations/confirm?kind=client&target=+shop+&sessions=on&until=2001-01-01+00:00";
    let page = admin.browser.get(path).await;
    assert!(
        page.has("[data-grants='0']") && !page.has("[data-sessions]") && page.has("#until"),
        "{}",
        page.text()
    );
    let page = admin
        .browser
        .get("/admin/revocations/confirm?kind=everything&sessions=on")
        .await;
    assert!(
        page.has("[data-grants='1']") && page.has("[data-sessions='2']"),
        "{}",
        page.text()
    );
    let form = page.form(&["action=revoke"]).press("action", "revoke");
    let login = admin
        .browser
        .submit(form, &[("reason", "The key store was read")])
        .await;
    // The own session has ended with all others.
    assert_eq!(login.url.path(), "/login", "{}", login.text());
    assert!(shop.userinfo(&token).await.is_err());
    op.advance(2);
    let done = admin.enters_password(login).await;
    assert!(
        done.has("#state") && done.has("[data-sessions='2']"),
        "{}",
        done.text()
    );
}

#[tokio::test]
async fn it_needs_a_recent_login() {
    // SE-4
    let op = TestOp::start().await;
    let mut shop = op.client("shop").await;
    let (_, token) = logs_in(&op, "alice", &mut shop).await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    let form = admin.browser.is_asked(&page, "#revoke").await;
    op.advance(6 * 60);
    let asked = admin.browser.submit(form, &[("reason", "Incident 7")]).await;
    assert_ne!(asked.url.path(), "/admin/revocations/confirm", "{}", asked.text());
    assert!(shop.userinfo(&token).await.is_ok());
}

#[tokio::test]
async fn what_there_is_not_is_not_found() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/revocations/none").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}
