//! Tests that an act which cannot be undone is confirmed on a page that says what will happen: no page offers such an
//! act by a button of its own.

use axum::http::StatusCode;
use serde_json::json;

use super::joining_an_organization::by_hand;
use crate::support::{Page, TestOp};
use itu_account::domain::role::Role;

/// Requires that the page leads to the question, and cannot act itself.
fn only_asks(page: &Page, css: &str, acts: &[&str]) {
    assert!(page.link_of(css).contains("/confirm"), "{css}");
    for act in acts {
        let button = format!("action={act}");
        assert!(page.find_form(&[&button]).is_none(), "{}: {act}", page.url);
    }
}

#[tokio::test]
async fn a_session_ends_after_a_question() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let mut other = alice.elsewhere(&op);
    other.logs_in().await;
    alice.logs_in().await;
    let page = alice.browser.get("/account/sessions").await;
    only_asks(&page, "#end-everywhere", &["end", "end_others", "end_everywhere"]);
    only_asks(&page, "#end-others", &[]);

    let end = page.link("/account/sessions/confirm?action=end&session_id=");
    let question = alice.browser.get(&end).await;
    assert!(question.text_of("#consequence").contains("this session ends"));
    assert_eq!(question.link_of("#back"), "/account/sessions");
    assert_eq!(other.browser.get("/account").await.url.path(), "/account"); // nothing has happened
    let form = question.form(&["session_id"]).press("action", "end");
    let done = alice.browser.send(form.clone()).await;
    assert!(done.url.path() == "/account/sessions" && done.has("#flash"));
    assert_eq!(other.browser.get("/account").await.url.path(), "/login");
    // The session is over: there is nothing to confirm any more.
    assert_eq!(alice.browser.get(&end).await.status, StatusCode::NOT_FOUND);

    let question = alice
        .browser
        .get("/account/sessions/confirm?action=end_everywhere")
        .await;
    assert!(question.text_of("#consequence").contains("in this browser too"));
    let page = alice.browser.get("/account/sessions").await;
    alice.browser.confirms(&page, "#end-everywhere").await;
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
}

#[tokio::test]
async fn a_question_about_nothing_leads_back() {
    let op = TestOp::start().await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    for path in [
        "/account/sessions",
        "/account/services",
        "/account/organization",
        "/account/security/totp",
        "/account/security/passkeys",
    ] {
        let page = admin.browser.get(&format!("{path}/confirm")).await;
        assert_eq!((page.status, page.url.path()), (StatusCode::OK, path));
    }
    for url in [
        "/account/services/confirm?client_id=none",
        "/account/organization/confirm?affiliation_id=none",
        "/account/security/passkeys/confirm?passkey_id=none",
        "/account/sessions/confirm?action=end&session_id=none",
        "/admin/organizations/none/confirm?action=designate",
        "/admin/proposals/none/confirm?decision=reject",
        "/focal-point/none/people/none/confirm?action=remove",
    ] {
        assert_eq!(
            admin.browser.get(url).await.status,
            StatusCode::NOT_FOUND,
            "{url}"
        );
    }
}

#[tokio::test]
async fn access_is_withdrawn_after_a_question() {
    let op = TestOp::start().await;
    let mut shop = op.client_with("shop", json!({ "first_party": false })).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in_at(&mut shop, "openid email").await;
    let page = alice.browser.get("/account/services").await;
    only_asks(&page, "#withdraw-shop", &["withdraw"]);
    let form = alice.browser.is_asked(&page, "#withdraw-shop").await;
    assert!(alice.browser.get("/account/services").await.has("#withdraw-shop"));
    let done = alice.browser.send(form).await;
    assert!(
        done.has("#flash") && !done.has("#withdraw-shop"),
        "{}",
        done.text()
    );
}

#[tokio::test]
async fn every_service_that_was_used_is_listed() {
    let op = TestOp::start().await;
    let mut house = op.client_with("house", json!({ "first_party": true })).await;
    let mut shop = op.client_with("shop", json!({ "first_party": false })).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let empty = alice.browser.get("/account/services").await;
    assert!(empty.has("#empty"));
    for rp in [&mut house, &mut shop] {
        let code = alice.logs_in_at(rp, "openid email").await;
        rp.redeems(&code).await.expect("tokens");
    }
    let page = alice.browser.get("/account/services").await;
    let text = page.text_of("main");
    assert!(
        text.contains("house") && text.contains("shop") && text.contains("ITU service"),
        "{text}"
    );
    assert!(
        text.contains("Your email address") && text.contains("last used 15 January 2027"),
        "{text}"
    );
    assert!(page.has("#withdraw-shop") && !page.has("#withdraw-house"));
    // A service whose access was withdrawn stays in the list: it was used.
    let page = alice.browser.confirms(&page, "#withdraw-shop").await;
    assert!(page.text_of("main").contains("no access any more") && !page.has("#withdraw-shop"));

    op.advance(3 * 24 * 60 * 60);
    let code = alice.logs_in_at(&mut house, "openid").await;
    house.redeems(&code).await.expect("tokens");
    let text = alice.browser.get("/account/services").await.text_of("main");
    assert!(text.contains("last used 18 January 2027"), "{text}");
}

#[tokio::test]
async fn a_proposal_is_rejected_or_merged_after_a_question() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    for name in ["Telco Laboratory", "Telco Academy"] {
        let mut person = op
            .person(&format!("{}@example.org", name.to_lowercase().replace(' ', ".")))
            .await;
        person.logs_in().await;
        let form = [
            ("member_state", "CH"),
            ("organization_name", name),
            ("action", "create"),
        ];
        by_hand(&mut person, "/account/organization/change", &form).await;
        let list = admin.browser.get("/admin/proposals").await;
        let page = admin.browser.get(&list.link("/admin/proposals/")).await;
        only_decides(&page, &["reject", "merge"]);
        let css = match name {
            "Telco Laboratory" => "#reject",
            _ => "#merge-telco",
        };
        let link = page.link_of(css);
        let question = admin.browser.get(&link).await;
        let text = question.text_of("#consequence");
        assert!(text.contains(name), "{text}");
        assert_eq!(
            text.contains("becomes part of Telco,"),
            css == "#merge-telco",
            "{text}"
        );
        assert!(question.link_of("#back").starts_with("/admin/proposals/"));
        assert!(admin.browser.get("/admin/proposals").await.text().contains(name)); // nothing has happened

        // The page shows the error, with the text that was typed.
        let button = question.attribute_of("#confirm", "value").expect("a button");
        let form = question.form(&["reason"]).press("decision", &button);
        let long = "x".repeat(5_000);
        let wrong = admin.browser.submit(form.clone(), &[("reason", &long)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("#consequence") && wrong.field_errors() == ["reason"]);
        let done = admin.browser.submit(form, &[("reason", "Known already")]).await;
        assert!(
            done.url.path() == "/admin/proposals" && done.has("#flash") && done.has("#empty"),
            "{}",
            done.text()
        );
        // The act is done: there is nothing to confirm any more.
        assert_eq!(admin.browser.get(&link).await.status, StatusCode::NOT_FOUND);
    }
}

fn only_decides(page: &Page, decisions: &[&str]) {
    for decision in decisions {
        let button = format!("decision={decision}");
        assert!(page.find_form(&[&button]).is_none(), "{}: {decision}", page.url);
    }
}
