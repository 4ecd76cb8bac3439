//! Tests the view of a person's account by the staff (security.md AD-12): what is shown and to whom it is told, who may look at
//! whom, and how a view ends. What a session with a view cannot open is in `isolation`.

mod ending;
mod isolation;

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, QueryResult, Statement};

use crate::support::{Form, Page, Person, TestOp};
use itu_account::domain::AccountId;
use itu_account::domain::account::Account;
use itu_account::domain::role::Role;
use itu_account::http::viewing::{HELP, SHOWN};

const ALICE: &str = "alice@example.org";
const REASON: &str = "She asked why a <request> is missing";

async fn rows(op: &TestOp, sql: &str) -> Vec<QueryResult> {
    let db = op.app.db.read();
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    db.query_all_raw(statement).await.expect("rows")
}

/// Returns the reasons of the records of a kind about an account, the oldest first.
async fn recorded(op: &TestOp, id: &AccountId, kind: &str) -> Vec<String> {
    let sql = format!(
        "SELECT reason AS r FROM events WHERE action = 'account.{kind}' AND account_id = '{id}' ORDER BY id"
    );
    let found = rows(op, &sql).await;
    found.iter().map(|it| it.try_get("", "r").unwrap()).collect()
}

/// Returns somebody in office, logged in, whose name no other has.
async fn in_office(op: &TestOp, name: &str, role: Role) -> Person {
    let mut person = op.person_with(&format!("{name}@itu.example"), role).await;
    rename(op, &person.email, name).await;
    person.logs_in().await;
    person
}

async fn rename(op: &TestOp, email: &str, name: &str) {
    let id = op.find_account(email).await.id;
    let sql = format!("UPDATE accounts SET first_name = '{name}', last_name = 'Tester' WHERE id = '{id}'");
    op.app.db.execute_unprepared(&sql).await.expect("renamed");
}

/// Makes Alice, who is not logged in.
async fn alice(op: &TestOp) -> (Person, Account) {
    let person = op.person(ALICE).await;
    rename(op, ALICE, "Alicia").await;
    (person, op.find_account(ALICE).await)
}

fn page_of(id: &AccountId) -> String {
    format!("/admin/accounts/{id}")
}

/// Returns the form that begins a view, filled in.
async fn wish(staff: &mut Person, id: &AccountId) -> Form {
    let page = staff.browser.get(&format!("{}/view", page_of(id))).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let form = page.form_to(&format!("{}/view", page_of(id)));
    form.with("reason", REASON).with("ticket", "INC-0042")
}

async fn begins(staff: &mut Person, id: &AccountId) -> Page {
    let form = wish(staff, id).await;
    let page = staff.browser.send(form).await;
    assert_eq!(page.url.path(), "/account", "{}", page.text());
    assert!(page.has("#viewing"), "{}", page.text());
    page
}

async fn ends(staff: &mut Person) -> Page {
    let page = staff.browser.get("/viewing").await;
    let form = page.form_to("/viewing");
    staff.browser.send(form).await
}

#[tokio::test]
async fn the_staff_sees_the_pages_as_the_person_does_and_the_person_is_told() {
    // AD-12
    let op = TestOp::start().await;
    let (mut person, account) = alice(&op).await;
    let sql = format!("UPDATE accounts SET language = 'fr' WHERE id = '{}'", account.id);
    op.app
        .db
        .execute_unprepared(&sql)
        .await
        .expect("she reads French");
    person.logs_in().await;
    let own = person.browser.get("/account/profile").await;
    let mut sue = in_office(&op, "Suzanne", Role::Support).await;
    let page = sue.browser.get(&page_of(&account.id)).await;
    assert!(page.has("#view"), "{}", page.text());

    let page = begins(&mut sue, &account.id).await;
    // In the language of the person, which can be switched.
    assert!(page.body.contains("<html lang=\"fr\""), "{}", page.text());
    let banner = page.text_of("#viewing");
    for words in ["Alicia Tester", "Suzanne Tester", "15 minutes"] {
        assert!(banner.contains(words), "{banner}");
    }
    assert!(!page.has("#logout"), "it would not work");
    let shown = sue.browser.get("/account/profile").await;
    for name in ["first_name", "last_name"] {
        let value = |page: &Page| page.attribute_of(&format!("#{name}"), "value");
        assert_eq!(value(&shown), value(&own));
    }
    for path in SHOWN.iter().chain(&HELP) {
        let page = sue.browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
        assert!(page.has("#viewing"), "{path}");
        assert!(page.text_of("#person").contains("Alicia Tester"), "{path}");
    }
    let sessions = sue.browser.get("/account/sessions").await;
    assert_eq!(
        sessions.count_of("main .rows > li"),
        1,
        "hers alone: {}",
        sessions.text()
    );
    let english = sue.browser.get("/account/profile?ui_locales=en").await;
    assert!(english.body.contains("<html lang=\"en\""));
    op.advance(14 * 60 + 30);
    let page = sue.browser.get("/account").await;
    assert!(
        page.text_of("#viewing").contains("1 minute is left"),
        "{}",
        page.text()
    );

    let done = ends(&mut sue).await;
    assert_eq!(done.url.path(), page_of(&account.id));
    assert!(
        done.says("flash.view_ended") && !done.has("#viewing"),
        "{}",
        done.text()
    );
    assert!(done.body.contains("<html lang=\"en\""), "the language of before");
    let page = sue.browser.get("/account/profile").await;
    assert_eq!(
        page.attribute_of("#first_name", "value").as_deref(),
        Some("Suzanne")
    );

    // She is told at once, and finds it later.
    let mails = op.outbox().to(ALICE).await;
    let mail = mails
        .iter()
        .find(|it| it.kind == "account_administered")
        .expect("a mail");
    for words in [REASON, "Assistance", "INC-0042"] {
        assert!(mail.text.contains(words), "{}", mail.text);
    }
    assert!(!mail.text.contains("Suzanne"), "the role, and no name");
    let page = person.browser.get("/account/security?ui_locales=en").await;
    assert!(page.text_of("#views").contains(REASON), "{}", page.text());
    let page = person.browser.get("/account/history").await;
    for words in [
        "Viewing of your account pages by ITU staff begun",
        "Viewing of your account pages by ITU staff ended",
    ] {
        assert!(page.text().contains(words), "{}", page.text());
    }
    assert!(!page.text().contains("Suzanne"), "{}", page.text());
    // LG-1
    assert_eq!(recorded(&op, &account.id, "view_begun").await, [REASON]);
    assert_eq!(recorded(&op, &account.id, "view_ended").await, ["viewer"]);
    let mut admin = in_office(&op, "Ada", Role::Administrator).await;
    let trail = admin.browser.get("/admin/audit?kind=account.view_begun").await;
    assert_eq!(trail.count_of("[data-entry]"), 1, "{}", trail.text());
}

#[tokio::test]
async fn who_may_look_at_whom_is_decided_by_powers() {
    // AD-12
    let op = TestOp::start().await;
    let mut ids = Vec::new();
    for role in Role::ALL {
        let email = format!("other-{}@example.org", role.as_str());
        op.person_with(&email, role).await;
        ids.push((role, op.find_account(&email).await.id));
    }
    let may = |viewer, role| match viewer {
        Role::Support => role == Role::User,
        Role::Administrator => role != Role::Administrator,
        Role::User | Role::Auditor => false,
    };
    for viewer in Role::ALL {
        let mut person = in_office(&op, viewer.as_str(), viewer).await;
        let own = op.find_account(&person.email).await.id;
        let targets = ids.iter().cloned().chain([(viewer, own.clone())]);
        // A form of a page that is open to the viewer, sent about each.
        let form = match viewer {
            Role::Support | Role::Administrator => Some(wish(&mut person, &ids[0].1).await),
            Role::User | Role::Auditor => None,
        };
        for (role, id) in targets {
            let context = format!("{viewer:?} at {role:?}");
            let path = format!("{}/view", page_of(&id));
            let allowed = may(viewer, role) && id != own;
            let page = person.browser.get(&path).await;
            let refused = match form {
                Some(_) => StatusCode::FORBIDDEN,
                None => StatusCode::NOT_FOUND,
            };
            assert_eq!(
                page.status,
                if allowed { StatusCode::OK } else { refused },
                "{context}"
            );
            if form.is_some() {
                let page = person.browser.get(&page_of(&id)).await;
                assert_eq!(page.has("#view"), allowed, "{context}: {}", page.text());
            }
            let answer = match &form {
                Some(form) => {
                    let mut form = form.clone();
                    form.action.set_path(&path);
                    person.browser.send(form).await
                }
                None => person.browser.post(&path, &[("reason", REASON)]).await,
            };
            if allowed {
                assert!(answer.has("#viewing"), "{context}: {}", answer.text());
                ends(&mut person).await;
            } else {
                assert_eq!(answer.status, refused, "{context}: {}", answer.text());
            }
        }
    }
    for (role, id) in ids {
        let begun = recorded(&op, &id, "view_begun").await.len();
        let expected = match role {
            Role::User => 2,
            Role::Support | Role::Auditor => 1,
            Role::Administrator => 0,
        };
        assert_eq!(begun, expected, "{role:?}");
    }
}

#[tokio::test]
async fn a_view_needs_a_recent_login_a_reason_and_an_active_account() {
    // AD-12, SE-4
    let op = TestOp::start().await;
    let (_, account) = alice(&op).await;
    let mut sue = in_office(&op, "Suzanne", Role::Support).await;
    let form = wish(&mut sue, &account.id).await;
    for (reason, ticket, wrong) in [(" ", "", vec!["reason"]), (REASON, "John Doe", vec!["ticket"])] {
        let form = wish(&mut sue, &account.id).await;
        let page = sue
            .browser
            .send(form.with("reason", reason).with("ticket", ticket))
            .await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.text());
        assert_eq!(page.field_errors(), wrong);
    }
    op.advance(301);
    let page = sue.browser.send(form).await;
    assert_eq!(page.url.path(), "/reauthenticate", "{}", page.text());
    let password = sue.password.clone();
    let page = sue
        .browser
        .submit(page.form(&["password"]), &[("password", &password)])
        .await;
    // What was typed is there again.
    assert!(page.body.contains("INC-0042"), "{}", page.text());
    assert!(recorded(&op, &account.id, "view_begun").await.is_empty());
    assert!(op.outbox().to(ALICE).await.is_empty());

    let form = wish(&mut sue, &account.id).await;
    let sql = format!(
        "UPDATE accounts SET status = 'suspended' WHERE id = '{}'",
        account.id
    );
    op.app.db.execute_unprepared(&sql).await.unwrap();
    let page = sue.browser.send(form).await;
    assert_eq!(page.url.path(), page_of(&account.id), "{}", page.text());
    assert!(!page.has("#view") && !page.has("#viewing"), "{}", page.text());
    assert!(recorded(&op, &account.id, "view_begun").await.is_empty());
}

#[tokio::test]
async fn a_session_has_one_view_at_a_time() {
    // AD-12
    let op = TestOp::start().await;
    let (_, account) = alice(&op).await;
    op.person("bob@example.org").await;
    let bob = op.find_account("bob@example.org").await;
    let mut sue = in_office(&op, "Suzanne", Role::Support).await;
    let other = wish(&mut sue, &bob.id).await;
    let form = wish(&mut sue, &account.id).await;
    // The button was pressed twice.
    for _ in 0..2 {
        let page = sue.browser.send(form.clone()).await;
        assert!(
            page.has("#viewing") && page.url.path() == "/account",
            "{}",
            page.text()
        );
    }
    assert_eq!(recorded(&op, &account.id, "view_begun").await.len(), 1);
    assert_eq!(op.outbox().to(ALICE).await.len(), 1);
    let page = sue.browser.send(other).await;
    assert_eq!(
        (page.status, page.url.path()),
        (StatusCode::FORBIDDEN, "/viewing")
    );
    assert!(page.says("flash.refused_in_view"), "{}", page.text());
    assert!(recorded(&op, &bob.id, "view_begun").await.is_empty());
    // Another session of hers has none.
    let mut elsewhere = sue.elsewhere(&op);
    elsewhere.logs_in().await;
    let page = elsewhere.browser.get("/account").await;
    assert!(
        !page.has("#viewing") && page.text_of("#person").contains("Suzanne"),
        "{}",
        page.text()
    );

    let page = sue.browser.get("/viewing").await;
    assert!(page.has("[data-state='running']"), "{}", page.text());
    let form = page.form_to("/viewing");
    for _ in 0..2 {
        let page = sue.browser.send(form.clone()).await;
        assert_eq!(page.url.path(), page_of(&account.id), "{}", page.text());
    }
    assert_eq!(recorded(&op, &account.id, "view_ended").await, ["viewer"]);
    // There is nothing to end any more.
    assert_eq!(sue.browser.get("/viewing").await.url.path(), "/admin/accounts");
    let mut person = op.visitor(ALICE);
    person.logs_in().await;
    assert_eq!(person.browser.get("/viewing").await.url.path(), "/account");
}
