//! Tests the outgoing mail at the console of administrators: what is found and shown, that no text of a mail is, what goes
//! once more and what cannot, and who may (security.md G-13, AD-1, DS-7, LG-1).

use axum::http::StatusCode;
use chrono::Duration;
use sea_orm::{ConnectionTrait, Statement};
use tokio_util::sync::CancellationToken;

use crate::client_pages::administrator;
use crate::support::{Person, TestOp};
use itu_account::accounts::outgoing_mails::{self, MailSearch};
use itu_account::domain::actor::Context;
use itu_account::domain::event::Action;
use itu_account::domain::role::Role;
use itu_account::mail::{Mailer, Sender, outbox};

pub const ALICE: &str = "alice@example.org";

/// Returns a mailer whose server is away: nothing listens on port 1.
fn away() -> Mailer {
    let sender = Sender {
        from: "ITU <noreply@example.org>".parse().unwrap(),
        domain: "id.example.test".into(),
    };
    Mailer::smtp("smtp://127.0.0.1:1", sender).unwrap()
}

async fn delivers(op: &TestOp, mailer: &Mailer) {
    let now = || op.now();
    let stopping = CancellationToken::new();
    outbox::deliver(&op.app.db, &op.app.keys, mailer, now, &stopping)
        .await
        .unwrap();
}

/// Has a person log in and forget the password, and gives up the mails about it after three days without a mail server.
pub async fn given_up(op: &TestOp) -> Person {
    let mut alice = op.person(ALICE).await;
    alice.logs_in().await;
    let mut browser = op.browser();
    let form = browser.get("/forgot-password").await.form(&["email"]);
    browser.submit(form, &[("email", ALICE)]).await;
    op.advance(Duration::days(3).num_seconds() + 60);
    delivers(op, &away()).await;
    alice
}

pub fn token_of(text: &str) -> &str {
    let link = text.split("token=").nth(1).expect("a link");
    link.split_whitespace().next().unwrap()
}

async fn texts(op: &TestOp, kind: &str) -> Vec<String> {
    let mails = op.outbox().to(ALICE).await;
    let of_kind = mails.into_iter().filter(|it| it.kind == kind);
    of_kind.map(|it| it.text).collect()
}

#[tokio::test]
async fn a_mail_that_was_given_up_goes_once_more() {
    let op = TestOp::start().await;
    let mut alice = given_up(&op).await;
    let secret = texts(&op, "new_sign_in").await.remove(0);
    let token = token_of(&secret);
    let mut admin = administrator(&op, "admin").await;
    let list = admin.browser.get("/admin/mail?state=given_up").await;
    assert_eq!(list.count_of("[data-mail]"), 2, "{}", list.text());
    assert!(list.has("[data-given-up='2']"));
    let found = admin
        .browser
        .get(&format!(
            "/admin/mail?q={}&kind=new_sign_in",
            ALICE.to_uppercase()
        ))
        .await;
    let shown = admin.browser.get(&found.link_of("[data-mail] a")).await;
    assert!(
        shown.has("[data-state='given_up']") && shown.has("#last-error") && shown.has("#account"),
        "{}",
        shown.text()
    );
    assert_eq!(shown.text_of("#attempts"), "1");
    for page in [&list, &found, &shown] {
        assert!(!page.body.contains(token), "{}", page.text()); // G-13
    }

    let form = admin.browser.is_asked(&shown, "#resend").await;
    let done = admin.browser.send(form).await;
    assert!(done.says("flash.mail_resent"), "{}", done.text());
    assert!(done.has("[data-state='queued']") && done.has("#next-attempt") && !done.has("#resend, #discard"));
    delivers(&op, &Mailer::Outbox).await;
    let sent = admin.browser.get(done.url.as_str()).await;
    assert!(
        sent.has("[data-state='sent']") && sent.has("#sent-at"),
        "{}",
        sent.text()
    );

    // LG-1: it is in the trail, and the person reads it.
    alice.logs_in().await;
    let history = alice.browser.get("/account/history").await;
    for event in ["Delivery of an email to you checked", "Email to you resent"] {
        assert!(history.text().contains(event), "{}", history.text());
    }
    let trail = admin
        .browser
        .get(&format!("/admin/audit?kind={}", Action::MailResent.as_str()))
        .await;
    assert_eq!(trail.count_of("[data-entry]"), 1, "{}", trail.text());
}

#[tokio::test]
async fn what_opens_nothing_any_more_is_emptied_and_cannot_go() {
    // DS-7
    let op = TestOp::start().await;
    given_up(&op).await;
    outbox::sweep(&op.app.db, &away(), op.now(), &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(
        texts(&op, "password_reset").await,
        [""],
        "its link was good for half an hour"
    );
    assert!(
        texts(&op, "new_sign_in").await[0].contains("token="),
        "its link is good for a week"
    );
    let mut admin = administrator(&op, "admin").await;
    let found = admin.browser.get("/admin/mail?kind=password_reset").await;
    let page = found.link_of("[data-mail] a");
    let shown = admin.browser.get(&page).await;
    assert!(
        shown.has("#not-resendable") && shown.has("#void-at") && !shown.has("#resend"),
        "{}",
        shown.text()
    );
    let elsewhere = admin.browser.get(&format!("{page}/confirm?action=resend")).await;
    assert!(!elsewhere.has("#confirm-form"), "{}", elsewhere.text());
    let form = admin.browser.is_asked(&shown, "#discard").await;
    let smuggled = form.clone().with("action", "resend");
    let refused = admin.browser.send(smuggled).await;
    assert!(refused.says("flash.mail_changed"), "{}", refused.text());
    let done = admin.browser.send(form).await;
    assert!(done.says("flash.mail_discarded"), "{}", done.text());
    assert!(texts(&op, "password_reset").await.is_empty());
    assert_eq!(admin.browser.get(&page).await.status, StatusCode::NOT_FOUND);
    // A week after it was written nothing is left of what was given up.
    op.advance(Duration::days(5).num_seconds());
    outbox::sweep(&op.app.db, &away(), op.now(), &CancellationToken::new())
        .await
        .unwrap();
    assert!(texts(&op, "new_sign_in").await.is_empty());
}

#[tokio::test]
async fn all_that_match_go_once_more() {
    let op = TestOp::start().await;
    given_up(&op).await;
    let mut admin = administrator(&op, "admin").await;
    let list = admin
        .browser
        .get(&format!("/admin/mail?q={ALICE}&state=given_up"))
        .await;
    let form = admin.browser.is_asked(&list, "#resend-all").await;
    let question = admin.browser.get(&list.link_of("#resend-all")).await;
    assert!(
        question.has("[data-number='1']"),
        "the reset link is void: {}",
        question.text()
    );
    let done = admin.browser.send(form.clone()).await;
    assert!(done.says("flash.mails_resent"), "{}", done.text());
    let queued = admin
        .browser
        .get(&format!("/admin/mail?q={ALICE}&state=queued"))
        .await;
    assert_eq!(queued.count_of("[data-mail]"), 1, "{}", queued.text());
    // A mail that goes once more is tried for three days anew.
    op.advance(60);
    delivers(&op, &away()).await;
    let waits = outgoing_mails::counts(&op.app, &Context::operator())
        .await
        .unwrap();
    assert_eq!(waits.given_up, 1);
    let nothing = admin
        .browser
        .get("/admin/mail/confirm?q=nobody@example.org")
        .await;
    assert!(!nothing.has("#confirm-form"), "{}", nothing.text());
    for (query, field) in [("kind=none", "kind"), ("state=none", "state")] {
        let wrong = admin.browser.get(&format!("/admin/mail?{query}")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(wrong.field_errors(), [field]);
    }
    assert!(
        admin
            .browser
            .get("/admin/mail?q=nobody@example.org")
            .await
            .has("#empty")
    );
}

#[tokio::test]
async fn all_that_match_are_discarded_with_one_reason() {
    let op = TestOp::start().await;
    given_up(&op).await;
    let mut admin = administrator(&op, "admin").await;
    let list = admin.browser.get("/admin/mail?kind=password_reset").await;
    let question = admin.browser.get(&list.link_of("#discard-all")).await;
    assert!(question.has("[data-number='1']"), "{}", question.text());
    let form = question
        .form(&["action=discard", "reason"])
        .press("action", "discard");
    let refused = admin.browser.send(form.clone()).await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.text()
    );
    assert_eq!(refused.field_errors(), ["reason"]);
    assert!(refused.has("[data-number='1']"), "{}", refused.text());
    let form = refused
        .form(&["action=discard", "reason"])
        .press("action", "discard");
    let form = form.with("reason", "A server was away");
    // Another is given up after the page was shown: nobody has seen that one.
    op.advance(1);
    let mut browser = op.browser();
    let reset = browser.get("/forgot-password").await.form(&["email"]);
    browser.submit(reset, &[("email", ALICE)]).await;
    let now = op.now().to_rfc3339();
    let sql = format!(
        "UPDATE outbox_mails SET failed_at = '{now}' WHERE kind = 'password_reset' AND failed_at IS NULL"
    );
    op.app.db.execute_unprepared(&sql).await.expect("given up");
    let done = admin.browser.send(form).await;
    assert!(done.says("flash.mails_discarded"), "{}", done.text());
    let given_up = "/admin/mail?state=given_up";
    let left = admin
        .browser
        .get(&format!("{given_up}&kind=password_reset"))
        .await;
    assert_eq!(left.count_of("[data-mail]"), 1, "{}", left.text());
    let others = admin.browser.get(&format!("{given_up}&kind=new_sign_in")).await;
    assert_eq!(others.count_of("[data-mail]"), 1, "{}", others.text());

    let trail = admin.browser.get("/admin/audit?kind=mail.many_discarded").await;
    assert_eq!(trail.count_of("[data-entry]"), 1, "{}", trail.text()); // LG-1
    let entry = admin.browser.get(&trail.link_of("[data-entry] a")).await;
    assert!(entry.text().contains("A server was away"), "{}", entry.text());
    assert!(!entry.text().contains(ALICE), "{}", entry.text());
    let form = admin.browser.is_asked(&left, "#discard-all").await;
    for wrong in ["yesterday", ""] {
        let form = form.clone().with("until", wrong).with("reason", "none");
        let refused = admin.browser.send(form).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.text()
        );
    }
    let nothing = admin
        .browser
        .get("/admin/mail/confirm?action=discard&q=nobody@example.org")
        .await;
    assert!(!nothing.has("#confirm-form"), "{}", nothing.text());
}

#[tokio::test]
async fn those_to_discard_are_found_by_an_index() {
    // AD-4
    let op = TestOp::start().await;
    given_up(&op).await;
    let kind = "new_sign_in";
    let operator = Context::operator();
    let search = MailSearch {
        kind,
        ..MailSearch::default()
    };
    op.app.db.statements().take();
    assert_eq!(
        outgoing_mails::count_discardable(&op.app, &operator, search)
            .await
            .unwrap(),
        1
    );
    let done = outgoing_mails::discard_all(&op.app, &operator, search, None, "late").await;
    assert_eq!(done.unwrap(), 1);
    for statement in op.app.db.statements().take() {
        if statement.sql.contains("outbox_mails") {
            let plan = plan(&op, &statement).await;
            assert!(
                plan.contains("outbox_mails_") && !plan.contains("Seq Scan"),
                "{plan}"
            );
        }
    }
}

#[tokio::test]
async fn it_is_for_administrators_alone() {
    // AD-1
    let op = TestOp::start().await;
    given_up(&op).await;
    let id = op.outbox().latest(ALICE).await.id;
    for role in [Role::User, Role::Support, Role::Auditor] {
        let mut person = op
            .person_with(&format!("{}@itu.example", role.as_str()), role)
            .await;
        person.logs_in().await;
        for path in [
            "/admin/mail".to_owned(),
            format!("/admin/mail/{id}"),
            "/admin/mail/templates".to_owned(),
        ] {
            let page = person.browser.get(&path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path} {role:?}");
        }
    }
}

#[tokio::test]
async fn each_kind_of_mail_is_previewed_in_each_language() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let list = admin.browser.get("/admin/mail/templates?q=password").await;
    assert!(list.has("[data-kind='password_reset']") && !list.has("[data-kind='new_sign_in']"));
    assert!(
        admin
            .browser
            .get("/admin/mail/templates?q=nothing")
            .await
            .has("#empty")
    );
    let page = admin
        .browser
        .get("/admin/mail/templates/second_factor_changed/ar?number=2")
        .await;
    assert!(
        page.has("#mail-text[lang='ar']") && page.has("#samples"),
        "{}",
        page.text()
    );
    let frame = page.attribute_of("#mail-html", "src").expect("a frame");
    assert!(
        page.attribute_of("#mail-html", "sandbox")
            .is_some_and(|it| !it.contains("scripts"))
    );
    let html = admin.browser.get(&frame).await;
    assert!(
        html.header("content-security-policy").contains("sandbox"),
        "{}",
        html.body
    );
    for path in [
        "none/en",
        "password_reset/xx",
        "password_reset/en?number=9",
        "password_reset/en/0",
    ] {
        let page = admin.browser.get(&format!("/admin/mail/templates/{path}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn each_search_has_an_index() {
    // AD-4
    let op = TestOp::start().await;
    let operator = Context::operator();
    for recipient in ["", ALICE] {
        for kind in ["", "new_sign_in"] {
            for state in ["", "queued", "being_sent", "sent", "given_up"] {
                for after in ["", "1800000000000000000.id"] {
                    let search = MailSearch {
                        recipient,
                        kind,
                        state,
                    };
                    op.app.db.statements().take();
                    outgoing_mails::list(&op.app, &operator, search, after, 25)
                        .await
                        .unwrap();
                    for statement in op.app.db.statements().take() {
                        let plan = plan(&op, &statement).await;
                        assert!(plan.contains("outbox_mails_"), "{search:?}: {plan}");
                        assert!(
                            !plan.contains("TEMP B-TREE") && !plan.contains("Seq Scan"),
                            "{search:?}: {plan}"
                        );
                    }
                }
            }
        }
    }
}

async fn plan(op: &TestOp, statement: &Statement) -> String {
    let is_postgres = op.app.db.is_postgres();
    let explain = &Statement {
        sql: if is_postgres {
            format!("EXPLAIN {}", statement.sql)
        } else {
            format!("EXPLAIN QUERY PLAN {}", statement.sql)
        },
        ..statement.clone()
    };
    let rows = op
        .app
        .db
        .write(async |tx| {
            if is_postgres {
                // The table of a test is so small that the planner would read it whole.
                tx.execute_unprepared("SET LOCAL enable_seqscan = off").await?;
            }
            tx.query_all_raw(explain.clone()).await
        })
        .await
        .unwrap_or_else(|error: sea_orm::DbErr| panic!("{error}: {}", explain.sql));
    let column = if is_postgres { "QUERY PLAN" } else { "detail" };
    let steps: Vec<String> = rows.iter().map(|it| it.try_get("", column).unwrap()).collect();
    steps.join("; ")
}
