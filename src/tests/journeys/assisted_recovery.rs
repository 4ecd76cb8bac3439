//! Tests the recovery through the ServiceDesk of an account whose person has lost every second factor: two administrators,
//! a day in which the person can stop it, a job that does it once (security.md PW-10; product.md, "Second factor").

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};

use super::second_factor::{sets_up, sets_up_in_session};
use crate::support::{Page, Person, TestOp};
use itu_account::accounts::{Error, assisted_recovery};
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::role::Role;
use itu_account::jobs;

const RECOVERIES: &str = "/admin/recoveries";
const STOP: &str = "/recovery/stop";
const ALICE: &str = "alice@example.org";
const ADA: &str = "ada@itu.example";
const BOB: &str = "bob@itu.example";
const DAY: i64 = 86_400;

/// Two administrators, and a person with an authenticator app.
struct Cast {
    op: TestOp,
    ada: Person,
    bob: Person,
    alice: Person,
}

async fn cast() -> Cast {
    let op = TestOp::start().await;
    let mut alice = op.person(ALICE).await;
    sets_up(&op, &mut alice).await;
    let (mut ada, mut bob) = (
        op.person_with(ADA, Role::Administrator).await,
        op.person_with(BOB, Role::Administrator).await,
    );
    ada.logs_in().await;
    bob.logs_in().await;
    Cast { op, ada, bob, alice }
}

async fn searches(admin: &mut Person, email: &str) -> Page {
    admin.browser.get(&format!("{RECOVERIES}?email={email}")).await
}

/// Asks for the recovery of the person. Returns its page.
async fn asks(admin: &mut Person, email: &str) -> Page {
    let page = searches(admin, email).await;
    let form = page.form(&["account_id", "reason"]);
    admin
        .browser
        .send(form.with("reason", "Called back on the number of the registration"))
        .await
}

async fn decides(admin: &mut Person, page: &Page, decision: &str) -> Page {
    let name = format!("decision={decision}");
    let page = admin.browser.get(page.url.path()).await;
    let form = page.form(&[&name]).press("decision", decision);
    admin.browser.send(form).await
}

fn state(page: &Page) -> String {
    page.attribute_of("#state [data-state]", "data-state")
        .unwrap_or_else(|| panic!("no state: {}", page.text()))
}

async fn mails(op: &TestOp, address: &str, kind: &str) -> usize {
    let all = op.outbox().to(address).await;
    all.iter().filter(|it| it.kind == kind).count()
}

async fn context(op: &TestOp, email: &str) -> Context {
    let account = op.find_account(email).await;
    let mut context = Context::of(Actor::Person {
        account: account.id,
        role: account.role,
    });
    context.authenticated_at = Some(op.now());
    context
}

/// Changes the address of the person, who reads the code there.
async fn changes_to(op: &TestOp, person: &mut Person, email: &str) {
    let page = person.browser.get("/account/email").await;
    let form = page.form(&["email"]).press("action", "request");
    let page = person.browser.submit(form, &[("email", email)]).await;
    let form = page.form(&["code"]).press("action", "confirm");
    let code = op.outbox().code(email).await;
    let page = person.browser.submit(form, &[("code", &code)]).await;
    assert!(page.says("flash.email_changed"), "{}", page.text());
}

/// Returns how many factors and codes are left in the database.
async fn factors(op: &TestOp) -> usize {
    let db = op.app.db.read();
    let mut left = 0;
    for table in ["totp_factors", "passkeys", "recovery_codes"] {
        let query = Statement::from_string(db.get_database_backend(), format!("SELECT 1 FROM {table}"));
        left += db.query_all_raw(query).await.unwrap().len();
    }
    left
}

#[tokio::test]
async fn two_administrators_and_a_day_recover_an_account() {
    let Cast {
        op,
        mut ada,
        mut bob,
        mut alice,
    } = cast().await;
    let page = asks(&mut ada, ALICE).await;
    assert!(page.says("flash.recovery_requested"), "{}", page.text());
    assert_eq!(state(&page), "asked");
    assert!(page.has("#needs-another") && !page.has("#confirm"));
    // The person hears of it once two believe it; the other administrator at once.
    assert_eq!(mails(&op, ALICE, "recovery_waiting").await, 0);
    assert_eq!(mails(&op, ADA, "recovery_requested").await, 0);
    let link = op.outbox().link(BOB, RECOVERIES).await;
    let page = bob.browser.get(&link).await;
    assert!(
        page.text().contains("Called back on the number"),
        "{}",
        page.text()
    );
    let page = decides(&mut bob, &page, "confirm").await;
    assert!(page.says("flash.recovery_confirmed"), "{}", page.text());
    assert_eq!(state(&page), "confirmed");
    assert_eq!(mails(&op, ALICE, "recovery_waiting").await, 1);

    // Nothing happens before the time; the job does it once, whichever nodes run it, and however often.
    op.advance(DAY - 1);
    jobs::recover_accounts(&op.app).await.unwrap();
    assert_eq!(factors(&op).await, 11);
    op.advance(1);
    let (one, two) = tokio::join!(jobs::recover_accounts(&op.app), jobs::recover_accounts(&op.app));
    one.and(two).unwrap();
    jobs::recover_accounts(&op.app).await.unwrap();
    assert_eq!(factors(&op).await, 0);
    assert_eq!(mails(&op, ALICE, "recovery_done").await, 1);
    bob.logs_in().await;
    assert_eq!(state(&bob.browser.get(page.url.path()).await), "done");

    // Whoever has only the old password gets nowhere; the mailbox opens the account.
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    let mut thief = alice.elsewhere(&op);
    assert_eq!(thief.logs_in().await.url.path(), "/login");
    let link = op.outbox().link(ALICE, "/reset-password").await;
    let page = alice.browser.get(&link).await;
    let new = "Another-lamp-43";
    let form = page.form(&["password", "password_confirmation"]);
    let form = form.with("password", new).with("password_confirmation", new);
    alice.browser.send(form).await;
    alice.password = new.to_owned();
    assert_eq!(alice.logs_in().await.url.path(), "/account");
    let history = alice.browser.get("/account/history?topic=security").await;
    for line in [
        "requested at the ServiceDesk",
        "confirmed by a second administrator",
        "Account recovered",
    ] {
        assert!(history.text().contains(line), "{line}: {}", history.text());
    }
    assert!(!history.text().contains("Ada"), "the office, and not who held it");
}

#[tokio::test]
async fn nobody_confirms_their_own_request_or_account() {
    let Cast {
        op, mut ada, mut bob, ..
    } = cast().await;
    let page = asks(&mut ada, ALICE).await;
    let id = page.url.path().rsplit('/').next().unwrap().to_owned();
    let confirm = async |email: &str| {
        let context = context(&op, email).await;
        assisted_recovery::confirm(&op.app, &context, &id).await
    };
    assert!(matches!(confirm(ADA).await, Err(Error::Conflict)));
    // An administrator who is a user no more, or a person without any office.
    assert!(matches!(confirm(ALICE).await, Err(Error::Conflict)));
    // SE-4: the login is recent, for asking and for confirming.
    let mut stale = context(&op, BOB).await;
    stale.authenticated_at = Some(op.now() - chrono::Duration::minutes(5));
    let late = assisted_recovery::confirm(&op.app, &stale, &id).await;
    assert!(matches!(late, Err(Error::ReauthenticationNeeded)));
    op.advance(301);
    let page = decides(&mut bob, &page, "confirm").await;
    assert_eq!(page.url.path(), "/reauthenticate", "{}", page.text());
    let page = searches(&mut bob, BOB).await;
    assert!(page.has("#own"), "{}", page.text());
}

#[tokio::test]
async fn an_administrator_is_recovered_by_two_others() {
    let Cast {
        op, mut ada, mut bob, ..
    } = cast().await;
    sets_up_in_session(&op, &mut bob).await;
    let page = asks(&mut ada, BOB).await;
    assert_eq!(state(&page), "asked");
    assert_eq!(mails(&op, BOB, "recovery_requested").await, 0);
    let own = bob.browser.get(page.url.path()).await;
    assert!(
        !own.has("#confirm") && !own.has("#cancel-recovery"),
        "{}",
        own.text()
    );
    let id = page.url.path().rsplit('/').next().unwrap();
    let context = context(&op, BOB).await;
    for refused in [
        assisted_recovery::confirm(&op.app, &context, id).await,
        assisted_recovery::cancel(&op.app, &context, id).await,
    ] {
        assert!(matches!(refused, Err(Error::Conflict)));
    }
    let mut carol = op.person_with("carol@itu.example", Role::Administrator).await;
    carol.logs_in().await;
    assert_eq!(state(&decides(&mut carol, &page, "confirm").await), "confirmed");
}

#[tokio::test]
async fn the_person_stops_it_from_the_old_address_too() {
    let Cast {
        op,
        mut ada,
        mut bob,
        mut alice,
    } = cast().await;
    // The address was changed a day ago, perhaps by somebody else.
    changes_to(&op, &mut alice, "other@example.net").await;
    op.advance(DAY);
    ada.logs_in().await;
    bob.logs_in().await;
    let page = asks(&mut ada, "other@example.net").await;
    decides(&mut bob, &page, "confirm").await;
    assert_eq!(mails(&op, "other@example.net", "recovery_waiting").await, 1);
    let link = op.outbox().link(ALICE, STOP).await;
    assert_eq!(link, op.outbox().link("other@example.net", STOP).await);

    let mut anybody = op.browser();
    let page = anybody.get(&link).await;
    assert!(
        page.has("#stop-open") && page.url.query().is_none(),
        "{}",
        page.text()
    );
    let form = page.form_to(STOP);
    let (first, second) = {
        let mut other = op.browser();
        let again = other.get(&link).await.form_to(STOP);
        tokio::join!(anybody.send(form), async move { other.send(again).await })
    };
    let stopped = [&first, &second].map(|it| it.has("#stop-done"));
    assert!(stopped[0] != stopped[1], "{} {}", first.text(), second.text());
    for address in [ALICE, "other@example.net"] {
        assert_eq!(mails(&op, address, "recovery_stopped").await, 1, "{address}");
    }
    op.advance(2 * DAY);
    jobs::recover_accounts(&op.app).await.unwrap();
    assert_eq!(factors(&op).await, 11);
    let page = anybody.get(&link).await;
    assert!(page.has("#stop-void"), "{}", page.text());
    assert!(anybody.get(&format!("{STOP}?token=<x>")).await.has("#stop-void"));
    assert!(op.browser().get(STOP).await.has("#stop-void"));
}

#[tokio::test]
async fn what_nobody_confirms_expires_and_what_is_cancelled_ends() {
    let Cast {
        op, mut ada, mut bob, ..
    } = cast().await;
    let page = asks(&mut ada, ALICE).await;
    // One is open at a time.
    let again = searches(&mut bob, ALICE).await;
    assert_eq!(again.link_of("#open a"), page.url.path());
    let account = op.find_account(ALICE).await.id;
    let second = assisted_recovery::request(&op.app, &context(&op, BOB).await, &account, "Again").await;
    assert!(matches!(second, Err(Error::Conflict)));
    op.advance(3 * DAY);
    // Before the job comes by, it can no longer be confirmed.
    let id = page.url.path().rsplit('/').next().unwrap();
    let late = assisted_recovery::confirm(&op.app, &context(&op, BOB).await, id).await;
    assert!(matches!(late, Err(Error::Conflict)));
    jobs::recover_accounts(&op.app).await.unwrap();
    ada.logs_in().await;
    assert_eq!(state(&ada.browser.get(page.url.path()).await), "expired");
    assert_eq!(factors(&op).await, 11);

    bob.logs_in().await;
    let page = asks(&mut ada, ALICE).await;
    decides(&mut bob, &page, "confirm").await;
    let page = decides(&mut ada, &page, "cancel").await;
    assert_eq!(state(&page), "cancelled");
    // The person was told, so hears of the end.
    assert_eq!(mails(&op, ALICE, "recovery_stopped").await, 1);
    op.advance(2 * DAY);
    jobs::recover_accounts(&op.app).await.unwrap();
    assert_eq!(factors(&op).await, 11);
    ada.logs_in().await;
    let list = ada.browser.get(RECOVERIES).await;
    assert_eq!(list.count_of("#recoveries li"), 2, "{}", list.text());
    // A year later nothing of it is left but the trail.
    op.advance(366 * DAY);
    jobs::sweep(&op.app).await.unwrap();
    ada.logs_in().await;
    assert!(ada.browser.get(RECOVERIES).await.has("#empty"));
}

#[tokio::test]
async fn a_process_that_dies_leaves_all_or_nothing() {
    let Cast {
        op, mut ada, mut bob, ..
    } = cast().await;
    let page = asks(&mut ada, ALICE).await;
    decides(&mut bob, &page, "confirm").await;
    op.advance(DAY);
    // The mail of the end cannot be written: nothing else is.
    let broken = "ALTER TABLE outbox_mails RENAME TO elsewhere";
    op.app.db.execute_unprepared(broken).await.unwrap();
    assert!(jobs::recover_accounts(&op.app).await.is_err());
    assert_eq!(factors(&op).await, 11);
    let mended = "ALTER TABLE elsewhere RENAME TO outbox_mails";
    op.app.db.execute_unprepared(mended).await.unwrap();
    jobs::recover_accounts(&op.app).await.unwrap();
    assert_eq!(factors(&op).await, 0);
    assert_eq!(mails(&op, ALICE, "recovery_done").await, 1);
}

#[tokio::test]
async fn the_page_says_what_it_does_not_find() {
    let Cast {
        op,
        mut ada,
        mut alice,
        ..
    } = cast().await;
    assert!(ada.browser.get(RECOVERIES).await.has("#empty"));
    assert!(searches(&mut ada, "nobody@example.org").await.has("#nobody"));
    assert_eq!(searches(&mut ada, "alice").await.field_errors(), ["email"]);
    op.person("plain@example.org").await;
    let page = searches(&mut ada, "plain@example.org").await;
    assert!(
        page.has("#nothing") && !page.has("#request-form"),
        "{}",
        page.text()
    );
    // What is typed stays with the person who was found.
    let page = searches(&mut ada, ALICE).await;
    let page = ada.browser.send(page.form(&["account_id", "reason"])).await;
    assert_eq!(page.field_errors(), ["reason"], "{}", page.text());
    assert!(page.has("#request-form") && page.has("#candidate"));
    assert_eq!(
        ada.browser.get(&format!("{RECOVERIES}/none")).await.status,
        StatusCode::NOT_FOUND
    );
    // G-4
    assert_eq!(alice.browser.get(RECOVERIES).await.status, StatusCode::NOT_FOUND);
}
