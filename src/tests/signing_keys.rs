//! Tests the signing keys at the console of administrators and at the command line: what is shown of them, what is said
//! before an act, what it does, and who may (security.md JW-6, JW-7, SE-4, AD-7).

use std::process::Output;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client_pages::administrator;
use crate::support::product::CommandLine;
use crate::support::{Person, TestOp};
use itu_account::domain::role::Role;
use itu_account::domain::signing_key::Family;
use itu_account::testing;

fn kid_of(op: &TestOp, family: Family) -> String {
    let rows = op.app.keys.rows();
    let newest = rows
        .iter()
        .rev()
        .find(|it| it.family == family && it.revoked_at.is_none());
    newest.expect("a key").kid.clone()
}

#[tokio::test]
async fn a_rotation_is_announced_from_the_page() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let list = admin.browser.get("/admin/keys").await;
    assert_eq!(list.count_of("#keys [data-state='active']"), 3, "{}", list.text());
    assert_eq!(list.count_of("#outlooks [data-alg]"), 3);
    let old = kid_of(&op, Family::Rsa);

    let form = admin.browser.is_asked(&list, "#rotate-RS256").await;
    let done = admin.browser.submit(form, &[("reason", "")]).await;
    assert!(done.says("flash.key_announced"), "{}", done.text());
    // JW-6: it is published, and signs a day later.
    assert!(done.has("#keys [data-state='announced']") && !done.has("#rotate-RS256, #rotate-all"));
    assert!(done.has("#rotate-ES256"));
    let new = kid_of(&op, Family::Rsa);
    let shown = admin.browser.get(&format!("/admin/keys/{new}")).await;
    assert!(shown.text_of("#jwk").contains(&new), "{}", shown.text());
    for member in ["\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"dq\"", "\"qi\""] {
        assert!(!shown.text_of("#jwk").contains(member), "{member}"); // JW-7
    }
    let refused = admin.browser.get("/admin/keys/confirm?alg=PS256").await;
    assert!(refused.says("flash.key_already_announced"), "{}", refused.text());

    op.advance(24 * 3600);
    admin.logs_in().await;
    let shown = admin.browser.get(&format!("/admin/keys/{old}")).await;
    assert!(shown.has("#key [data-state='retired']") && shown.has("#published-until") && shown.has("#jwk"));
    assert!(!shown.has("#rotate"));
    // Searched by its name, its algorithm and its state.
    for (query, number) in [
        ("q=RSA-", 2),
        ("alg=RS256&state=retired", 1),
        ("alg=PS256", 2),
        ("state=active", 3),
        ("q=none", 0),
    ] {
        let found = admin.browser.get(&format!("/admin/keys?{query}")).await;
        assert_eq!(found.count_of("[data-key]"), number, "{query}: {}", found.text());
        assert_eq!(found.has("#empty"), number == 0, "{query}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_replaced_and_what_it_signed_is_refused() {
    let op = TestOp::start().await;
    let metadata = json!({"access_token_format": "jwt"});
    let mut shop = op.client_with("shop", metadata.clone()).await;
    op.client_with("other", json!({"id_token_signed_response_alg": "ES256"}))
        .await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut shop, "openid").await;
    let token = shop.redeems(&code).await.expect("tokens").access_token;
    assert!(shop.userinfo(&token).await.is_ok());

    let mut admin = administrator(&op, "admin").await;
    let kid = kid_of(&op, Family::Rsa);
    let page = admin.browser.get(&format!("/admin/keys/{kid}")).await;
    assert!(
        page.has("[data-client='shop']") && !page.has("[data-client='other']"),
        "{}",
        page.text()
    );
    let found = admin.browser.get(&format!("/admin/keys/{kid}?q=nobody")).await;
    assert!(found.has("#empty") && !found.has("[data-client]"));
    let question = admin.browser.get(&page.link_of("#revoke")).await;
    assert!(question.text_of("#consequence").contains(&kid));
    assert!(
        question.text_of("#replaced").contains("A new key signs at once"),
        "{}",
        question.text()
    );
    assert!(question.has("#clients[data-clients='1']"));
    let form = admin.browser.is_asked(&page, "#revoke").await;
    let refused = admin.browser.send(form.clone()).await;
    assert_eq!(refused.field_errors(), ["reason"], "{}", refused.text());
    assert!(shop.userinfo(&token).await.is_ok());

    let done = admin
        .browser
        .submit(form, &[("reason", "The disk was copied")])
        .await;
    assert!(done.says("flash.key_revoked"), "{}", done.text());
    assert!(done.has("#key [data-state='revoked']") && done.has("#not-published") && done.has("#revoked-at"));
    assert!(!done.has("#revoke, #rotate, #jwk"));
    assert!(shop.userinfo(&token).await.is_err());
    assert_ne!(kid_of(&op, Family::Rsa), kid);
    // A service that reads the key set now verifies what the new key signs.
    let mut late = op.client_with("late", metadata).await;
    let code = alice.logs_in_at(&mut late, "openid").await;
    let token = late.redeems(&code).await.expect("tokens").access_token;
    assert!(late.userinfo(&token).await.is_ok());
    let trail = admin.browser.get(&done.link_of("#trail")).await;
    assert!(trail.text().contains("The disk was copied"), "{}", trail.text()); // LG-1
    // Once more is not possible.
    let again = admin.browser.get(&format!("/admin/keys/{kid}/confirm")).await;
    assert!(again.has("#not-published"), "{}", again.text());
}

#[tokio::test]
async fn who_was_slower_is_told_so() {
    // G-9
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let list = admin.browser.get("/admin/keys").await;
    let rotation = admin.browser.is_asked(&list, "#rotate-RS256").await;
    let kid = kid_of(&op, Family::P256);
    let page = admin.browser.get(&format!("/admin/keys/{kid}")).await;
    let revocation = admin.browser.is_asked(&page, "#revoke").await;
    let mut other = administrator(&op, "other").await;
    let form = other.browser.is_asked(&list, "#rotate-EdDSA").await;
    other.browser.send(form).await;
    let before = op.app.keys.rows().len();
    let late = admin.browser.send(rotation).await;
    assert!(late.says("flash.keys_changed"), "{}", late.text());
    let late = admin.browser.submit(revocation, &[("reason", "x")]).await;
    assert!(
        late.says("flash.keys_changed") && late.has("#jwk"),
        "{}",
        late.text()
    );
    assert_eq!(op.app.keys.rows().len(), before);
}

#[tokio::test]
async fn it_needs_an_administrator_and_a_recent_login() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let kid = kid_of(&op, Family::Rsa);
    let page = admin.browser.get(&format!("/admin/keys/{kid}")).await;
    let form = admin.browser.is_asked(&page, "#revoke").await;
    op.advance(6 * 60);
    let asked = admin.browser.submit(form, &[("reason", "x")]).await;
    assert_ne!(asked.url.path(), format!("/admin/keys/{kid}"), "{}", asked.text()); // SE-4
    assert_eq!(kid_of(&op, Family::Rsa), kid);
    let missing = admin.browser.get("/admin/keys/none").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    for role in [Role::User, Role::Support, Role::Auditor] {
        let email = format!("{}@example.org", role.as_str());
        let mut person: Person = op.person_with(&email, role).await;
        person.logs_in().await;
        for path in [
            "/admin/keys".to_owned(),
            format!("/admin/keys/{kid}"),
            format!("/admin/keys/{kid}/confirm"),
        ] {
            let page = person.browser.get(&path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path} {role:?}"); // AD-1
        }
    }
}

struct Installation {
    command_line: CommandLine,
}

impl Installation {
    fn types(&self, words: &[&str]) -> Output {
        self.command_line.types(&[&["--format", "json"], words].concat())
    }

    fn lines(&self, words: &[&str]) -> Vec<Value> {
        let output = self.types(words);
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines();
        lines.map(|it| serde_json::from_str(it).unwrap()).collect()
    }
}

#[tokio::test]
async fn the_command_does_what_the_page_does() {
    let config = testing::empty_config().await;
    let place = Installation {
        command_line: CommandLine::of(&config, ""),
    };
    let all = place.lines(&["key", "list"]);
    assert_eq!(all.len(), 3, "{all:?}");
    let rsa = all.iter().find(|it| it["algs"][0] == "RS256").expect("a key");
    let kid = rsa["kid"].as_str().expect("a kid");
    let shown = place.lines(&["key", "show", kid]);
    assert_eq!(shown[0]["jwk"]["kid"], kid);
    assert!(shown[0]["jwk"].get("d").is_none(), "{shown:?}"); // JW-7
    assert!(place.lines(&["key", "clients", kid]).is_empty());
    let made = place.lines(&["key", "rotate", "--alg", "ES256", "--reason", "yearly"]);
    assert_eq!((made.len(), &made[0]["state"]), (1, &json!("announced")));
    let again = place.types(&["key", "rotate"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(
        again.status.code() == Some(1) && said.contains("announced already"),
        "{said}"
    );
    let done = place.lines(&["key", "revoke", kid]);
    assert_eq!((done.len(), &done[1]["state"]), (2, &json!("active")));
    assert_eq!(place.lines(&["key", "list"]).len(), 4);
    assert_eq!(place.lines(&["key", "list", "--all"]).len(), 5);
    for words in [["key", "revoke", kid], ["key", "show", "none"]] {
        assert_eq!(place.types(&words).status.code(), Some(1), "{words:?}");
    }
}
