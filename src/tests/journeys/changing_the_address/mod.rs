//! Tests the change of an account's address (security.md SU-7): the code to the new address, what services hear, and who
//! may not. `undo` has the link that takes it back.

mod undo;

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::second_factor::sets_up;
use crate::support::{Browser, Page, Person, TestOp};
use itu_account::accounts::verification::email_change;
use itu_account::accounts::{Error, email_undo, sessions};
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::event::Action;

const OLD: &str = "alice@example.org";
const NEW: &str = "alice@new.example";
const PAGE: &str = "/account/email";

impl Person {
    async fn asks_for(&mut self, email: &str) -> Page {
        let page = self.browser.get(PAGE).await;
        let form = page.form(&["email"]).press("action", "request");
        self.browser.submit(form, &[("email", email)]).await
    }

    async fn confirms_by(&mut self, code: &str) -> Page {
        let page = self.browser.get(PAGE).await;
        let form = page.form(&["code"]).press("action", "confirm");
        self.browser.submit(form, &[("code", code)]).await
    }

    async fn presses(&mut self, action: &str) -> Page {
        let page = self.browser.get(PAGE).await;
        let form = page.form(&[&format!("action={action}")]);
        self.browser.send(form.press("action", action)).await
    }

    /// Changes the address by the code that is mailed to the new one.
    async fn changes_to(&mut self, op: &TestOp, email: &str) {
        let page = self.asks_for(email).await;
        assert_eq!(page.text_of("#pending-email strong"), email, "{}", page.text());
        let code = op.outbox().code(email).await;
        let page = self.confirms_by(&code).await;
        assert!(page.says("flash.email_changed"), "{}", page.text());
        assert_eq!(page.text_of("#current-email"), email);
        email.clone_into(&mut self.email);
    }

    /// Returns `true` if address and password log in.
    async fn may_log_in(&self, op: &TestOp) -> bool {
        let mut elsewhere = self.elsewhere(op);
        elsewhere.logs_in().await;
        elsewhere.browser.get("/account").await.url.path() == "/account"
    }
}

async fn alice(op: &TestOp) -> Person {
    let mut alice = op.person(OLD).await;
    alice.logs_in().await;
    alice
}

async fn rows(op: &TestOp, query: &str) -> Vec<String> {
    let db = op.app.db.read();
    let query = Statement::from_string(db.get_database_backend(), query);
    let rows = db.query_all_raw(query).await.expect("rows");
    rows.iter().map(|it| format!("{it:?}")).collect()
}

/// Returns how many mails there are, but for those about new browsers.
async fn mails(op: &TestOp) -> usize {
    let query = "SELECT id FROM outbox_mails WHERE kind <> 'new_sign_in'";
    rows(op, query).await.len()
}

async fn count(op: &TestOp, action: Action) -> usize {
    let query = format!("SELECT id FROM events WHERE action = '{}'", action.as_str());
    rows(op, &query).await.len()
}

#[tokio::test]
async fn the_new_address_is_in_force_once_its_code_is_entered() {
    // SU-7
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    let mut rp = op.client("events").await;
    let code = alice
        .logs_in_at(&mut rp, "openid email profile offline_access")
        .await;
    let tokens = rp.redeems(&code).await.expect("tokens");

    let link = alice.browser.get("/account/profile").await.link(PAGE);
    let page = alice.browser.get(&link).await;
    assert_eq!(page.text_of("#current-email"), OLD);
    let page = alice.asks_for(NEW).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, PAGE));
    // SU-5: fixed text and the code, which is not in the subject.
    let mail = op.outbox().latest(NEW).await;
    let code = op.outbox().code(NEW).await;
    assert_eq!(mail.kind, "email_change_code");
    assert!(
        !mail.subject.contains(&code) && !mail.text.contains("Alice"),
        "{}",
        mail.text
    );
    // The old address is in force, and the change waits on its page, also in another browser.
    assert_eq!(op.find_account(OLD).await.email.as_str(), OLD);
    assert_eq!(rp.claims(&tokens.access_token).await["email"], OLD);
    let mut elsewhere = alice.elsewhere(&op);
    elsewhere.logs_in().await;
    let page = elsewhere.browser.get(PAGE).await;
    assert_eq!(page.text_of("#pending-email strong"), NEW);

    // SU-3, SU-4
    let page = alice.confirms_by("12-34").await;
    assert!(page.text().contains("did not count"), "{}", page.text());
    let wrong = if code == "00000000" {
        "00000001"
    } else {
        "00000000"
    };
    let page = alice.confirms_by(wrong).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text().contains("4 attempts left"), "{}", page.text());
    op.advance(2);
    let page = alice.confirms_by(&code).await;
    assert!(page.says("flash.email_changed"), "{}", page.text());
    assert_eq!(page.text_of("#current-email"), NEW);

    // Both addresses hear of it, the old one with the link that undoes it.
    let [old, new] = [op.outbox().latest(OLD).await, op.outbox().latest(NEW).await];
    assert_eq!(
        (old.kind.as_str(), new.kind.as_str()),
        ("email_changed", "email_changed")
    );
    assert!(old.text.contains("/account/email/undo?token=eu_"), "{}", old.text);
    assert!(!new.text.contains("/account/email/undo"), "{}", new.text);
    // Services hear of it at userinfo and at the next refresh.
    let claims = rp.claims(&tokens.access_token).await;
    assert_eq!(
        [
            &claims["email"],
            &claims["preferred_username"],
            &claims["email_verified"]
        ],
        [&json!(NEW), &json!(NEW), &json!(true)]
    );
    assert_eq!(claims["updated_at"], json!(op.now().timestamp()));
    let refreshed = rp.refreshes(&tokens.refresh_token.expect("offline access")).await;
    let refreshed = refreshed.expect("tokens");
    assert_eq!(rp.claims(&refreshed.access_token).await["email"], NEW);
    assert_eq!(claims["sub"], Value::from(tokens.claims.subject().as_str()));
    // The login is that of the new address alone, and this browser is no new one for it.
    assert!(!alice.may_log_in(&op).await);
    let before = op.outbox().count().await;
    NEW.clone_into(&mut alice.email);
    let page = alice.browser.get("/login?account=other").await;
    let page = alice.enters_password(page).await;
    assert_eq!(page.url.path(), "/account", "{}", page.text());
    assert_eq!(op.outbox().count().await, before);
    assert!(alice.may_log_in(&op).await);
    // LG-1: the trail has the change, and no address.
    for action in [Action::EmailChangeRequested, Action::EmailChanged] {
        assert_eq!(count(&op, action).await, 1, "{action:?}");
    }
    let trail = rows(&op, "SELECT * FROM events").await.join("\n");
    assert!(!trail.contains(OLD) && !trail.contains(NEW));
}

#[tokio::test]
async fn an_address_that_has_an_account_is_answered_alike() {
    // SU-1, SU-2
    let op = TestOp::start().await;
    op.person("bob+itu@example.org").await;
    let mut pages = Vec::new();
    for (name, wanted) in [("alice", "free@example.org"), ("carol", "BOB@example.org")] {
        let mut person = op.person(&format!("{name}@example.org")).await;
        person.logs_in().await;
        let mut shown = Vec::new();
        let page = person.asks_for(wanted).await;
        shown.push((page.status, page.text()));
        let page = person.presses("resend").await;
        shown.push((page.status, page.text()));
        op.advance(61);
        let page = person.presses("resend").await;
        shown.push((page.status, page.text()));
        let page = person.confirms_by("00000000").await;
        shown.push((page.status, page.text()));
        let alike = shown
            .into_iter()
            .map(|(status, text)| (status, text.replace(wanted, "WANTED").replace(name, "NAME")));
        pages.push(alike.collect::<Vec<_>>());
    }
    assert_eq!(pages[0], pages[1]);
    // The mail goes to the stored address, and no code to anybody.
    let mails = op.outbox().to("bob+itu@example.org").await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|it| it.kind == "email_change_taken"));
    assert!(op.outbox().to("BOB@example.org").await.is_empty());
}

#[tokio::test]
async fn of_two_accounts_that_want_one_address_one_gets_it() {
    // SU-7, G-9
    let op = TestOp::start().await;
    let mut people = Vec::new();
    for name in ["alice", "carol"] {
        let mut person = op.person(&format!("{name}@example.org")).await;
        person.logs_in().await;
        person.asks_for("wanted@example.org").await;
        let code = op.outbox().code("wanted@example.org").await;
        people.push((person, code));
        op.advance(61); // SU-3
    }
    let [(alice, first), (carol, second)] = people.as_mut_slice() else {
        panic!("two people")
    };
    let pages: [Page; 2] = tokio::join!(alice.confirms_by(first), carol.confirms_by(second)).into();
    let changed = |it: &&Page| it.says("flash.email_changed");
    let taken = |it: &&Page| it.says("flash.email_taken") && it.find_form(&["code"]).is_none();
    assert_eq!(pages.iter().filter(changed).count(), 1);
    assert_eq!(pages.iter().filter(taken).count(), 1, "{}", pages[1].text());
    assert_eq!(count(&op, Action::EmailChanged).await, 1);
}

#[tokio::test]
async fn a_sign_up_that_was_faster_keeps_the_address() {
    // SU-7
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.asks_for(NEW).await;
    let code = op.outbox().code(NEW).await;
    op.person(NEW).await;
    let page = alice.confirms_by(&code).await;
    assert!(page.says("flash.email_taken"), "{}", page.text());
    assert_eq!(page.text_of("#current-email"), OLD);
    assert!(page.find_form(&["email"]).is_some());
    assert_eq!(count(&op, Action::EmailChangeCancelled).await, 1); // ST-2
}

#[tokio::test]
async fn whoever_finds_the_address_taken_cancels_the_change() {
    // ST-2: the room does it, whichever door the code came through.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.asks_for(NEW).await;
    let code = op.outbox().code(NEW).await;
    op.person(NEW).await;
    let account = op.find_account(OLD).await;
    let session = sessions::list(&op.app, &account.id).await.unwrap().remove(0);
    let context = Context::of(Actor::Visitor);
    let refused = email_change::confirm(&op.app, &context, &session, &code).await;
    assert!(matches!(refused, Err(Error::AddressTaken)), "{refused:?}");
    let pending = email_change::pending(&op.app, &account).await.unwrap();
    assert!(pending.is_none());
    assert_eq!(count(&op, Action::EmailChangeCancelled).await, 1);
}

#[tokio::test]
async fn a_change_needs_a_recent_login_and_keeps_what_was_typed() {
    // SE-4
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    op.advance(6 * 60);
    let page = alice.asks_for(NEW).await;
    assert_eq!(page.url.path(), "/reauthenticate", "{}", page.text());
    assert_eq!(mails(&op).await, 0);
    let form = page.form(&["password"]);
    let page = alice
        .browser
        .submit(form, &[("password", crate::support::PASSWORD)])
        .await;
    assert_eq!(page.url.path(), PAGE, "{}", page.text());
    assert_eq!(page.attribute_of("#email", "value").as_deref(), Some(NEW));
    let form = page.form(&["email"]).press("action", "request");
    let page = alice.browser.send(form).await;
    assert_eq!(page.text_of("#pending-email strong"), NEW);
    // The code needs no other login, whenever it arrives.
    op.advance(9 * 60);
    let code = op.outbox().code(NEW).await;
    assert!(alice.confirms_by(&code).await.says("flash.email_changed"));
    // Without a session there is no page.
    let page = op.browser().get(PAGE).await;
    assert_eq!(page.url.path(), "/login");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_with_what_was_typed() {
    // SU-2
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    for (typed, text) in [
        ("alice", "complete email address"),
        ("", "fill in this field"),
        ("ALICE@example.org", "already the address of your account"),
    ] {
        let page = alice.asks_for(typed).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(page.field_errors(), ["email"]);
        assert!(page.text().contains(text), "{}", page.text());
        assert_eq!(page.attribute_of("#email", "value").as_deref(), Some(typed));
    }
    assert_eq!(mails(&op).await, 0);
    // A tag of the own address is no other account's.
    alice.changes_to(&op, "alice+itu@example.org").await;
}

#[tokio::test]
async fn a_pending_change_is_cancelled_replaced_and_ends_by_itself() {
    // SU-7
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.asks_for(NEW).await;
    let code = op.outbox().code(NEW).await;
    let page = alice.browser.get(PAGE).await;
    let late = page.form(&["code"]).press("action", "confirm");
    let page = alice.presses("cancel").await;
    assert!(page.says("flash.email_change_cancelled") && page.find_form(&["code"]).is_none());
    assert_eq!(count(&op, Action::EmailChangeCancelled).await, 1);
    let page = alice.browser.submit(late, &[("code", &code)]).await;
    assert!(page.says("flash.email_change_gone"), "{}", page.text());
    assert_eq!(page.text_of("#current-email"), OLD);

    // A code is void after ten minutes, and its successor good.
    let mut other = alice.elsewhere(&op);
    other.logs_in().await;
    other.asks_for("alice@other.example").await;
    let code = op.outbox().code("alice@other.example").await;
    op.advance(10 * 60);
    let page = other.browser.get(PAGE).await;
    assert!(page.find_form(&["code"]).is_none(), "{}", page.text());
    let page = other.presses("resend").await;
    assert!(
        page.text_of("#code-state").contains("A new code"),
        "{}",
        page.text()
    );
    let newer = op.outbox().code("alice@other.example").await;
    if newer != code {
        assert!(!other.confirms_by(&code).await.says("flash.email_changed"));
    }
    // A day later nothing waits any more.
    op.advance(24 * 3600);
    other.logs_in().await;
    let page = other.browser.get(PAGE).await;
    assert!(page.find_form(&["code"]).is_none() && page.find_form(&["email"]).is_some());
    itu_account::accounts::retention::sweep(&op.app)
        .await
        .expect("swept");
    assert!(rows(&op, "SELECT id FROM email_changes").await.is_empty());
}

#[tokio::test]
async fn a_new_password_ends_a_change_that_somebody_began() {
    // PW-6
    let op = TestOp::start().await;
    let mut thief = alice(&op).await;
    thief.asks_for("thief@example.org").await;
    let mut owner = thief.elsewhere(&op);
    owner.logs_in().await;
    let page = owner.browser.get("/account/security/password").await;
    let form = page.form(&["current_password", "password_confirmation"]);
    let fields = [
        ("current_password", crate::support::PASSWORD),
        ("password", "Harbour-9-violin"),
        ("password_confirmation", "Harbour-9-violin"),
    ];
    owner.browser.submit(form, &fields).await;
    let page = owner.browser.get(PAGE).await;
    assert!(page.find_form(&["code"]).is_none(), "{}", page.text());
    let page = thief.browser.get(PAGE).await;
    assert_eq!(page.url.path(), "/login");
    assert_eq!(op.find_account(OLD).await.email.as_str(), OLD);
}

#[tokio::test]
async fn a_link_that_the_old_address_got_before_sets_no_password() {
    // PW-5: whoever reads the old mailbox has the link that takes the change back, and no other.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    let mut browser = op.browser();
    let form = browser.get("/forgot-password").await.form(&["email"]);
    browser.submit(form, &[("email", OLD)]).await;
    let link = op.outbox().link(OLD, "/reset-password").await;
    assert!(browser.get(&link).await.find_form(&["password"]).is_some());
    alice.changes_to(&op, NEW).await;
    assert!(browser.get(&link).await.find_form(&["password"]).is_none());
}

#[tokio::test]
async fn codes_and_requests_are_counted() {
    // SU-3, SU-7, DS-2
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.asks_for(NEW).await;
    let page = alice.presses("resend").await;
    assert!(
        page.text_of("#code-state").contains("short while ago"),
        "{}",
        page.text()
    );
    assert_eq!(mails(&op).await, 1);
    // An account wants five addresses an hour.
    for number in 1..5 {
        alice.presses("cancel").await;
        alice.asks_for(&format!("alice@new{number}.example")).await;
    }
    assert_eq!(mails(&op).await, 5);
    alice.presses("cancel").await;
    let page = alice.asks_for("alice@new5.example").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.has("#throttled") && page.find_form(&["email"]).is_some());
    assert_eq!(
        page.attribute_of("#email", "value").as_deref(),
        Some("alice@new5.example")
    );
    assert_eq!(mails(&op).await, 5);
}

#[tokio::test]
async fn no_code_completes_a_change_to_an_address_that_had_an_account() {
    // SU-1: not even the right one, which nobody was mailed.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.asks_for(NEW).await;
    let code = op.outbox().code(NEW).await;
    let taken = "UPDATE email_changes SET taken = TRUE";
    op.app.db.execute_unprepared(taken).await.expect("written");
    let page = alice.confirms_by(&code).await;
    assert!(page.text().contains("4 attempts left"), "{}", page.text());
    assert_eq!(op.find_account(OLD).await.email.as_str(), OLD);
}

#[tokio::test]
async fn a_session_without_the_second_factor_of_the_account_changes_nothing() {
    // SE-4
    let op = TestOp::start().await;
    let mut weak = alice(&op).await;
    weak.asks_for(NEW).await;
    let code = op.outbox().code(NEW).await;
    let page = weak.browser.get(PAGE).await;
    let form = page.form(&["code"]).press("action", "confirm");
    let mut strong = weak.elsewhere(&op);
    sets_up(&op, &mut strong).await;
    let page = weak.browser.submit(form, &[("code", &code)]).await;
    assert_eq!(page.url.path(), "/reauthenticate", "{}", page.text());
    assert_eq!(op.find_account(OLD).await.email.as_str(), OLD);
    // In the session that has presented it, the code is good.
    assert!(strong.confirms_by(&code).await.says("flash.email_changed"));
}

#[tokio::test]
async fn a_change_and_its_undo_are_written_whole_or_not_at_all() {
    // ST-2: without the trail, nothing of it happens.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    alice.asks_for(NEW).await;
    let code = op.outbox().code(NEW).await;
    let account = op.find_account(OLD).await;
    let session = sessions::list(&op.app, &account.id)
        .await
        .expect("sessions")
        .remove(0);
    let rename = async |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        op.app.db.execute_unprepared(&sql).await.expect("renamed");
    };
    let state = async || {
        let mut all = rows(&op, "SELECT * FROM email_changes").await;
        all.extend(rows(&op, "SELECT * FROM accounts").await);
        all.extend(rows(&op, "SELECT id, recipient, kind FROM outbox_mails ORDER BY id").await);
        all
    };
    let context = Context::of(Actor::Visitor);
    let before = state().await;
    rename("events", "away").await;
    let refused = email_change::confirm(&op.app, &context, &session, &code).await;
    rename("away", "events").await;
    assert!(matches!(refused, Err(Error::Storage(_))), "{refused:?}");
    assert_eq!(before, state().await);
    // The code is as good as before.
    assert!(alice.confirms_by(&code).await.says("flash.email_changed"));

    let link = op.outbox().link(OLD, "/account/email/undo").await;
    let token = link.rsplit('=').next().expect("a token");
    let before = state().await;
    rename("events", "away").await;
    let refused = email_undo::undo(&op.app, &context, token).await;
    rename("away", "events").await;
    assert!(matches!(refused, Err(Error::Storage(_))), "{refused:?}");
    assert_eq!(before, state().await);
    assert!(email_undo::undo(&op.app, &context, token).await.is_ok());
}
