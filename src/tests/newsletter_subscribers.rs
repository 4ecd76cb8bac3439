//! Tests `/admin/newsletter`, its API and its command: who has subscribed, the file of them, and the end of a subscription on
//! the wish of its person (product.md, `/admin/newsletter`; security.md AD-4, LG-1).

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::client_pages::administrator;
use crate::jobs::scans;
use crate::support::product::CommandLine;
use crate::support::{TestOp, rows};
use itu_account::accounts::newsletter_subscribers::{self as subscribers, Reader, Search};
use itu_account::domain::AccountId;
use itu_account::domain::account::Status;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::newsletter::{Consent, ConsentPage};
use itu_account::domain::powers::Powers;
use itu_account::domain::profile::Language;
use itu_account::domain::role::Role;
use itu_account::domain::scope::Scope;
use itu_account::domain::{ClientId, Time};
use itu_account::storage::{accounts, newsletter_subscriptions};

async fn subscribes(op: &TestOp, email: &str, name: &str, language: Language) -> AccountId {
    let mut account = rows::account(email, op.now());
    account.profile.first_name = name.into();
    account.newsletter = true;
    let id = account.id.clone();
    op.insert_account(account, None).await;
    consents(op, &id, language, op.now()).await;
    id
}

async fn consents(op: &TestOp, id: &AccountId, language: Language, given_at: Time) {
    let consent = Consent {
        given_at,
        page: ConsentPage::Profile,
        language,
        words: "Newsletter".into(),
        network: "192.0.2.7".into(),
    };
    newsletter_subscriptions::insert(&op.app.db, id, &consent)
        .await
        .unwrap();
}

async fn count(op: &TestOp, table: &str, condition: &str) -> usize {
    let db = op.app.db.read();
    let sql = format!("SELECT 1 AS n FROM {table} WHERE {condition}");
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql));
    rows.await.expect("rows").len()
}

#[tokio::test]
async fn subscribers_are_found_by_name_language_and_day() {
    let op = TestOp::start().await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/newsletter").await;
    assert!(page.has("#empty") && !page.has("#export"), "{}", page.text());
    subscribes(&op, "ana@example.org", "Ana", Language::Es).await;
    op.advance(3 * 24 * 3600);
    let since = op.now().format("%Y-%m-%d").to_string();
    for number in 0..51 {
        subscribes(&op, &format!("n{number}@example.org"), "Zoë", Language::Fr).await;
    }
    // Whoever is suspended, leaves or has stopped it is not written to.
    let suspended = subscribes(&op, "late@example.org", "Late", Language::Fr).await;
    accounts::update_status(&op.app.db, &suspended, Status::Active, Status::Suspended)
        .await
        .unwrap();
    let mut admin = administrator(&op, "other").await;
    let page = admin.browser.get("/admin/newsletter").await;
    let older = admin.browser.get(&page.link_of("#older")).await;
    let shown = page.count_of("[data-subscriber]") + older.count_of("[data-subscriber]");
    assert_eq!(shown, 52, "{}", older.text());
    assert!(older.text().contains("ana@example.org") && !page.text().contains("ana@example.org"));
    assert!(older.has("#newest") && !older.has("#older"));
    assert!(!page.text().contains("late@example.org"));
    for (query, number) in [
        ("q=ana", 1),
        ("q=ana&language=fr", 0),
        ("language=es", 1),
        (&*format!("q=zoe&since={since}"), 50),
        ("since=2999-01-01", 0),
        ("q=nobody", 0),
    ] {
        let page = admin.browser.get(&format!("/admin/newsletter?{query}")).await;
        assert_eq!(
            page.count_of("[data-subscriber]"),
            number,
            "{query}: {}",
            page.text()
        );
        assert_eq!(page.has("#empty"), number == 0, "{query}");
    }
    let wrong = admin.browser.get("/admin/newsletter?since=soon").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.field_errors(), ["since"]);
    let wrong = admin.browser.get("/admin/newsletter?after=x").await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_file_is_announced_recorded_and_has_no_formula() {
    let op = TestOp::start().await;
    subscribes(
        &op,
        "ana@example.org",
        "=HYPERLINK(\"https://evil.example\")",
        Language::Es,
    )
    .await;
    for number in 0..501 {
        subscribes(&op, &format!("n{number}@example.org"), "Zoë", Language::Fr).await;
    }
    let mut admin = administrator(&op, "admin").await;
    let list = admin.browser.get("/admin/newsletter?language=es").await;
    let question = admin.browser.get(&list.link_of("#export")).await;
    assert!(question.has("[data-total='1']"), "{}", question.text());
    assert_eq!(count(&op, "events", "action = 'newsletter.exported'").await, 0);
    let file = admin.browser.submit(question.form(&["language"]), &[]).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").starts_with("attachment"));
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 2, "{}", file.body);
    assert_eq!(lines[0], "account_id,email,name,language,subscribed_at");
    assert!(
        lines[1].contains("ana@example.org,\"'=HYPERLINK("),
        "{}",
        lines[1]
    );
    // LG-1
    assert_eq!(count(&op, "events", "action = 'newsletter.exported'").await, 1);
    let whole = admin.browser.get("/admin/newsletter/subscribers.csv").await;
    assert_eq!(whole.body.lines().count(), 503);
    // SE-4: an old login takes nothing along.
    op.advance(6 * 60);
    let asked = admin.browser.get("/admin/newsletter/subscribers.csv").await;
    assert!(!asked.body.contains("ana@example.org"), "{}", asked.text());
    assert_eq!(count(&op, "events", "action = 'newsletter.exported'").await, 2);
}

#[tokio::test]
async fn a_subscription_ends_on_the_wish_of_its_person_who_is_told() {
    let op = TestOp::start().await;
    let mut ana = op.person("ana@example.org").await;
    ana.logs_in().await;
    let form = ana.browser.get("/account/profile").await.form(&["newsletter"]);
    ana.browser.submit(form, &[("newsletter", "on")]).await;
    let id = op.find_account("ana@example.org").await.id;
    let mut admin = administrator(&op, "admin").await;
    let list = admin.browser.get("/admin/newsletter").await;
    let question = admin.browser.get(&list.link("/admin/newsletter/confirm")).await;
    assert!(question.text_of("#consequence").contains("ana@example.org"));
    let form = question.form(&["account", "action=stop"]).press("action", "stop");
    let done = admin.browser.send(form.clone()).await;
    assert!(done.says("flash.newsletter_ended"), "{}", done.text());
    assert!(done.has("#empty") && !op.find_account("ana@example.org").await.newsletter);
    let mails = op.outbox().to("ana@example.org").await;
    let told: Vec<_> = mails
        .iter()
        .filter(|it| it.kind == "account_administered")
        .collect();
    let [mail] = told.as_slice() else {
        panic!("{mails:?}");
    };
    assert!(mail.text.contains("newsletter"), "{}", mail.text);
    let stopped = format!("account_id = '{id}' AND stopped_by = 'staff'");
    assert_eq!(count(&op, "newsletter_subscriptions", &stopped).await, 1);
    let history = ana.browser.get("/account/history?show=account").await;
    assert!(
        history.text().contains("Newsletter stopped"),
        "{}",
        history.text()
    );
    // Another window, later: nothing happens twice.
    op.advance(60);
    let again = administrator(&op, "other")
        .await
        .browser
        .get(&format!("/admin/newsletter/confirm?account={id}"))
        .await;
    assert_eq!(again.url.path(), "/admin/newsletter", "{}", again.text());
    let operator = Context::operator();
    assert!(subscribers::stop(&op.app, &operator, &id).await.is_err());
    assert_eq!(op.outbox().to("ana@example.org").await.len(), mails.len());
}

#[tokio::test]
async fn nobody_else_reads_or_ends_it() {
    // AD-1, G-4
    let op = TestOp::start().await;
    let id = subscribes(&op, "ana@example.org", "Ana", Language::Es).await;
    let person = |role| {
        let account = AccountId::new("somebody");
        let mut context = Context::of(Actor::Person { account, role });
        context.authenticated_at = Some(op.now());
        context
    };
    let reader = Context::of(Actor::Program {
        client: ClientId::new("robot"),
        powers: Powers::of_scope(&Scope::parse("admin:accounts:read admin:audit").unwrap()),
        person: None,
    });
    for context in [person(Role::User), person(Role::Support), person(Role::Auditor)] {
        assert!(
            Reader::open(&op.app, &context, Search::default()).await.is_err(),
            "{context:?}"
        );
        assert!(
            subscribers::begin_export(&op.app, &context, Search::default())
                .await
                .is_err()
        );
        assert!(subscribers::stop(&op.app, &context, &id).await.is_err());
    }
    assert!(Reader::open(&op.app, &reader, Search::default()).await.is_ok());
    assert!(subscribers::stop(&op.app, &reader, &id).await.is_err());
    assert!(op.find_account("ana@example.org").await.newsletter);
}

#[tokio::test]
async fn each_list_is_read_by_an_index() {
    let op = TestOp::start().await;
    for number in 0..60 {
        let language = Language::ALL[number % 6];
        subscribes(&op, &format!("n{number}@example.org"), "Zoë", language).await;
    }
    if op.app.db.is_postgres() {
        op.app.db.execute_unprepared("ANALYZE").await.expect("done");
    }
    let search = |text, language, since| Search {
        text,
        language,
        since,
    };
    for search in [
        search("", "", ""),
        search("", "fr", ""),
        search("", "", "2026-01-01"),
        search("", "fr", "2026-01-01"),
        search("zoe", "fr", "2026-01-01"),
    ] {
        op.app.db.statements().take();
        let mut reader = Reader::open(&op.app, &Context::operator(), search).await.unwrap();
        reader.count().await.unwrap();
        reader.next(3).await.unwrap();
        reader.next(3).await.unwrap();
        for statement in op.app.db.statements().take() {
            // PostgreSQL reads so few rows whole sooner than it looks one of them up: SQLite judges.
            if statement.db_backend == DbBackend::Postgres {
                continue;
            }
            let mut found = scans(&op.app, &statement).await;
            // What was read from an index is read again, and is not a table.
            found.retain(|it| !it.starts_with("SCAN found") && !it.starts_with("SCAN led_to"));
            assert!(found.is_empty(), "{search:?}: {found:?}: {}", statement.sql);
        }
    }
}

#[tokio::test]
async fn the_command_writes_the_table_and_ends_a_subscription() {
    let op = TestOp::start().await;
    subscribes(&op, "ana@example.org", "Ana", Language::Es).await;
    let command_line = CommandLine::of(&op.app.config, "");
    let types = |words: &[&str]| command_line.types(words);
    let output = types(&["newsletter", "export", "--language", "es"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.lines().count() == 2, "{output:?}");
    assert!(text.contains("ana@example.org,Ana"), "{text}");
    assert_eq!(
        types(&["newsletter", "export", "--language", "fr"])
            .stdout
            .iter()
            .filter(|it| **it == b'\n')
            .count(),
        1
    );
    for (words, status) in [
        (&["newsletter", "export", "--since", "soon"][..], 1),
        (&["newsletter", "export", "--language", "xx"], 1),
        (&["newsletter", "stop", "nobody@example.org"], 1),
        (&["newsletter", "stop", "ana@example.org"], 0),
        (&["newsletter", "stop", "ana@example.org"], 1),
        (&["newsletter"], 2),
    ] {
        let output = types(words);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {output:?}");
    }
    assert!(!op.find_account("ana@example.org").await.newsletter);
}
