//! Tests how a view ends: by its time, with the session of whoever looks, with the account, and that nothing of it is left that
//! could act (security.md AD-12).

use axum::http::StatusCode;
use sea_orm::ConnectionTrait;

use super::{alice, begins, ends, in_office, page_of, recorded, rows};
use crate::support::TestOp;
use itu_account::accounts::{roles, sessions, suspension};
use itu_account::domain::actor::Context;
use itu_account::domain::role::Role;
use itu_account::jobs;

#[tokio::test]
async fn a_view_ends_after_fifteen_minutes_and_says_so() {
    // AD-12
    let op = TestOp::start().await;
    let (_, account) = alice(&op).await;
    let mut sue = in_office(&op, "Suzanne", Role::Support).await;
    begins(&mut sue, &account.id).await;
    op.advance(15 * 60 - 1);
    assert!(sue.browser.get("/account").await.has("#viewing"));
    jobs::end_account_views(&op.app).await.unwrap();
    assert!(recorded(&op, &account.id, "view_ended").await.is_empty());
    op.advance(1);
    // Also before the job has written it: whoever looked would take the own page for that of the person.
    for written in [false, true] {
        if written {
            jobs::end_account_views(&op.app).await.unwrap();
            jobs::end_account_views(&op.app).await.unwrap();
            assert_eq!(recorded(&op, &account.id, "view_ended").await, ["time"]);
        }
        for path in ["/account", "/account/profile", "/account/data"] {
            let page = sue.browser.get(path).await;
            assert_eq!(page.url.path(), "/viewing", "{path}: {}", page.text());
            assert!(
                page.has("[data-state='over']") && !page.has("#viewing"),
                "{}",
                page.text()
            );
            assert!(!page.body.contains("Alicia"), "{}", page.text());
        }
        let page = sue.browser.get("/faq").await;
        assert!(
            !page.has("#viewing") && page.text_of("#person").contains("Suzanne"),
            "{}",
            page.text()
        );
    }
    let page = sue.browser.get("/viewing").await;
    let done = sue.browser.send(page.form_to("/viewing")).await;
    // SE-2: after so long without a page of the staff, the password is asked for first.
    assert!(
        [page_of(&account.id).as_str(), "/reauthenticate"].contains(&done.url.path()),
        "{}",
        done.text()
    );
    let page = sue.browser.get("/account/profile").await;
    assert_eq!(
        page.attribute_of("#first_name", "value").as_deref(),
        Some("Suzanne")
    );
    assert_eq!(recorded(&op, &account.id, "view_ended").await, ["time"]);
    assert!(rows(&op, "SELECT 1 AS n FROM account_views").await.is_empty());
}

#[tokio::test]
async fn a_view_ends_with_the_account_and_with_the_role() {
    // AD-12
    for change in ["suspended", "leaving", "promoted"] {
        let op = TestOp::start().await;
        let (_, account) = alice(&op).await;
        let mut sue = in_office(&op, "Suzanne", Role::Support).await;
        begins(&mut sue, &account.id).await;
        let operator = Context::operator();
        match change {
            "suspended" => suspension::suspend(&op.app, &operator, &account.id, "late")
                .await
                .unwrap(),
            "promoted" => roles::give(&op.app, &operator, &account.id, Role::Support)
                .await
                .unwrap(),
            _ => {
                let sql = format!(
                    "UPDATE accounts SET status = 'leaving' WHERE id = '{}'",
                    account.id
                );
                op.app.db.execute_unprepared(&sql).await.unwrap();
            }
        }
        let page = sue.browser.get("/account/profile").await;
        assert_eq!(page.url.path(), "/viewing", "{change}: {}", page.text());
        assert!(
            page.has("[data-state='over']") && !page.body.contains("Alicia"),
            "{change}"
        );
        jobs::end_account_views(&op.app).await.unwrap();
        assert_eq!(
            recorded(&op, &account.id, "view_ended").await,
            ["account"],
            "{change}"
        );
    }
}

#[tokio::test]
async fn a_view_ends_with_the_session_of_whoever_looks() {
    // AD-12
    let op = TestOp::start().await;
    let (_, account) = alice(&op).await;
    let mut sue = in_office(&op, "Suzanne", Role::Support).await;
    begins(&mut sue, &account.id).await;
    let viewer = op.find_account(&sue.email).await.id;
    sessions::end_everywhere(&op.app, &Context::operator(), &viewer)
        .await
        .unwrap();
    let page = sue.browser.get("/account").await;
    assert_eq!(page.url.path(), "/login", "{}", page.text());
    jobs::end_account_views(&op.app).await.unwrap();
    assert_eq!(recorded(&op, &account.id, "view_ended").await, ["session"]);
    sue.logs_in().await;
    let page = sue.browser.get("/account").await;
    assert!(
        !page.has("#viewing") && page.text_of("#person").contains("Suzanne"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn no_form_of_a_viewed_page_is_accepted_afterwards() {
    // AD-12: it has what the person typed, and the session acts for its own person again.
    let op = TestOp::start().await;
    let (_, account) = alice(&op).await;
    let mut sue = in_office(&op, "Suzanne", Role::Support).await;
    begins(&mut sue, &account.id).await;
    let page = sue.browser.get("/account/profile").await;
    let form = page.form(&["first_name"]).with("first_name", "Mallory");
    let during = sue.browser.send(form.clone()).await;
    assert_eq!(
        (during.status, during.url.path()),
        (StatusCode::FORBIDDEN, "/viewing")
    );
    ends(&mut sue).await;
    // Another browser page since: the first answer of this form is not repeated.
    op.advance(61);
    let after = sue.browser.send(form).await;
    assert!(!after.says("flash.saved"), "{}", after.text());
    assert!(!after.body.contains("Mallory"), "{}", after.text());
    for email in [account.email.as_str(), &sue.email] {
        let now = op.find_account(email).await;
        assert_ne!(now.profile.first_name, "Mallory", "{email}");
    }
}
