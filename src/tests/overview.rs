//! Tests the overview of administrators (product.md, `/admin`): each number is right, leads to its list, and is found by an
//! index; the numbers of past days are counted once.

use axum::http::StatusCode;
use chrono::Duration;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::Value;

use crate::client_pages::administrator;
use crate::jobs::scans;
use crate::support::product::CommandLine;
use crate::support::{TestOp, rows};
use itu_account::deployment::{self, Overview};
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::{Affiliation, Stage};
use itu_account::domain::daily_count::DAYS;
use itu_account::domain::event::{Action, Event};
use itu_account::domain::{AccountId, AffiliationId, ClientId};
use itu_account::jobs;
use itu_account::oidc::shared_signals::{self, NewWebhook};
use itu_account::storage::{affiliations, events};
use itu_account::testing;

async fn overview(op: &TestOp) -> Overview {
    let found = deployment::overview(&op.app, &Context::operator()).await;
    found.expect("an overview")
}

async fn logs_in(op: &TestOp, number: usize) {
    for number in 0..number {
        let event = Event::new(Action::SignIn, format!("session:{number}"));
        events::insert(&op.app.db, op.now(), &Context::system(), &event)
            .await
            .unwrap();
    }
}

async fn executes(op: &TestOp, sql: &str) {
    op.app.db.execute_unprepared(sql).await.expect(sql);
}

fn logins(found: &Overview) -> Vec<u64> {
    found.days.iter().map(|it| it.logins).collect()
}

#[tokio::test]
async fn a_day_is_counted_once_and_then_kept() {
    let op = TestOp::start().await;
    let mut all = vec![0; usize::try_from(DAYS).unwrap()];
    // Whatever the job has counted by now, the sum is right.
    for number in [3, 1, 0, 4] {
        all.rotate_left(1);
        *all.last_mut().unwrap() = 0;
        for hours in [1, 22, 1] {
            op.advance(hours * 3600);
            logs_in(&op, number).await;
            // The test begins at 8 o'clock: the last two thirds of its days are of the next one.
            let now = overview(&op).await;
            jobs::count_days(&op.app).await.unwrap();
            let counted = overview(&op).await;
            assert_eq!(logins(&now), logins(&counted));
        }
    }
    let before = logins(&overview(&op).await);
    assert_eq!(before.iter().sum::<u64>(), 24);
    assert_eq!(before.len(), all.len());
    // A second node, or a second run, adds nothing.
    op.advance(3600);
    jobs::count_days(&op.app).await.unwrap();
    jobs::count_days(&op.app).await.unwrap();
    assert_eq!(logins(&overview(&op).await), before);
    // No page reads the trail of a past day again.
    executes(&op, "DELETE FROM events WHERE action = 'session.sign_in'").await;
    assert_eq!(logins(&overview(&op).await), before);
    // A month later they are out of sight, and a day without anything has its nought.
    op.advance(40 * 24 * 3600);
    jobs::count_days(&op.app).await.unwrap();
    assert_eq!(logins(&overview(&op).await), vec![0; before.len()]);
}

#[tokio::test]
async fn what_commits_late_is_counted_all_the_same() {
    let op = TestOp::start().await;
    jobs::count_days(&op.app).await.unwrap();
    op.advance(3600);
    let begun = op.now();
    op.advance(5 * 60);
    jobs::count_days(&op.app).await.unwrap();
    // A unit of work has the time of its beginning.
    let event = Event::new(Action::SignIn, "session:late");
    events::insert(&op.app.db, begun, &Context::system(), &event)
        .await
        .unwrap();
    op.advance(3600);
    jobs::count_days(&op.app).await.unwrap();
    assert_eq!(logins(&overview(&op).await).iter().sum::<u64>(), 1);
}

/// Writes something for every number.
async fn busy() -> TestOp {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let mut shop = op.client("shop").await;
    for name in ["alice", "mina"] {
        op.person(&format!("{name}@example.org")).await;
    }
    let waiting = |name: &str, account: &AccountId, days: i64| Affiliation {
        id: AffiliationId::new(name),
        ..rows::affiliation(account, "ofcom", Stage::Pending, op.now() - Duration::days(days))
    };
    for (name, days) in [("alice", 30), ("mina", 1)] {
        let account = op.find_account(&format!("{name}@example.org")).await.id;
        affiliations::insert(&op.app.db, &waiting(name, &account, days))
            .await
            .unwrap();
    }
    let wrong = shop.authorization_url("openid", &[("redirect_uri", "https://elsewhere.example/cb")]);
    op.browser().get(&wrong).await;
    let wrong = shop.authorization_url("openid", &[("response_mode", "pigeon")]);
    op.browser().get(&wrong).await;
    let mut stranger = op.browser();
    let form = stranger.get("/login").await.form(&["email", "password"]);
    stranger
        .submit(
            form,
            &[("email", "alice@example.org"), ("password", "wrong horse")],
        )
        .await;
    let form = stranger.get("/forgot-password").await.form(&["email"]);
    stranger.submit(form, &[("email", "mina@example.org")]).await;
    let webhook = NewWebhook {
        client: ClientId::new("shop"),
        endpoint: "https://shop.example.test/hear".into(),
        kinds: vec![],
        description: String::new(),
    };
    shared_signals::add_webhook(&op.app, &Context::operator(), webhook)
        .await
        .expect("a webhook");
    executes(&op, "UPDATE event_receivers SET status = 'paused', failures = 2").await;
    op
}

#[tokio::test]
async fn each_number_leads_to_its_list() {
    // product.md, `/admin`
    let op = busy().await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.has("[data-requests='2']") && page.has("[data-overdue='1']"),
        "{}",
        page.text()
    );
    assert!(
        page.has("[data-proposals='0']") && page.has("[data-given-up='0']"),
        "{}",
        page.text()
    );
    let list = admin.browser.get(&page.link_of("[data-requests] a")).await;
    assert!(list.text().contains("OFCOM"), "{}", list.text());
    let list = admin.browser.get(&page.link_of("[data-overdue] a")).await;
    assert!(
        list.text().contains("alice") && !list.text().contains("mina"),
        "{}",
        list.text()
    );

    // Each chart leads to the entries that it counts; the table has the numbers alone, to be small.
    for (kind, total) in [
        ("logins", 1),
        ("failed_logins", 1),
        ("sign_ups", 0),
        ("refused_requests", 1),
    ] {
        let chart = format!("[data-kind='{kind}']");
        assert!(
            page.has(&format!("{chart}[data-total='{total}']")),
            "{kind}: {}",
            page.text()
        );
        assert!(page.has(&format!("{chart} svg[role='img'] > title")), "{kind}");
        assert_eq!(
            page.count_of(&format!("{chart} rect")),
            usize::from(total > 0),
            "{kind}"
        );
        let list = admin.browser.get(&page.link_of(&format!("{chart} a"))).await;
        assert_eq!(list.status, StatusCode::OK);
        assert_eq!(list.count_of("[data-entry]"), total, "{kind}: {}", list.text());
    }
    assert_eq!(page.count_of("#numbers tbody tr"), 30);
    assert!(page.has("#numbers td"));
    assert!(
        !page.body.contains("style="),
        "the policy of pages has no inline style"
    );

    let errors = page.attribute_of("#services li", "data-errors");
    assert_eq!(errors.as_deref(), Some("2"), "{}", page.text());
    let client = admin.browser.get(&page.link_of("#services h3 a")).await;
    assert_eq!(client.url.path(), "/admin/clients/shop");
    let trail = admin.browser.get(&page.link_of("#services li > a")).await;
    assert!(
        trail.text().contains("authorization.redirect_uri_refused"),
        "{}",
        trail.text()
    );
    let receiver = admin.browser.get(&page.link_of("#events li a")).await;
    assert_eq!(receiver.status, StatusCode::OK, "{}", page.text());
    assert!(page.has("#events [data-status='paused']"), "{}", page.text());
    assert!(!page.has("#late"), "{}", page.text());
}

#[tokio::test]
async fn what_is_late_stands_first() {
    let op = busy().await;
    jobs::count_days(&op.app).await.unwrap();
    jobs::seal_audit_trail(&op.app).await.unwrap();
    let late = |found: &Overview| found.late.iter().map(|it| it.job).collect::<Vec<_>>();
    let on_time = overview(&op).await;
    assert!(late(&on_time).is_empty(), "{on_time:?}");
    // Nothing has run for half an hour, and there is something to do for some.
    logs_in(&op, 1).await;
    op.advance(30 * 60);
    let found = overview(&op).await;
    assert_eq!(late(&found), ["mail", "audit", "daily_counts"]);
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin").await;
    assert!(page.has("#late [data-job='audit']"), "{}", page.text());
    jobs::count_days(&op.app).await.unwrap();
    jobs::seal_audit_trail(&op.app).await.unwrap();
    assert_eq!(late(&overview(&op).await), ["mail"]);
    // A key that is to be announced, and is not.
    assert!(found.signing_keys.len() == 3 && found.signing_keys.iter().all(|it| !it.is_late));
    op.advance(90 * 24 * 3600);
    let found = overview(&op).await;
    assert!(found.signing_keys.iter().all(|it| it.is_late), "{found:?}");
}

#[tokio::test]
async fn no_number_reads_a_whole_table() {
    let op = busy().await;
    if op.app.db.is_postgres() {
        executes(&op, "ANALYZE").await;
    }
    op.app.db.statements().take();
    jobs::count_days(&op.app).await.unwrap();
    overview(&op).await;
    let statements = op.app.db.statements().take();
    for read in [
        "daily_counts",
        "events",
        "outbox_mails",
        "event_deliveries",
        "organizations",
        "affiliations",
    ] {
        let of = format!("FROM \"{read}\"");
        assert!(statements.iter().any(|it| it.sql.contains(&of)), "{read}");
    }
    for statement in statements {
        // PostgreSQL reads so few rows whole sooner than it looks one of them up: SQLite judges.
        if statement.db_backend == DbBackend::Postgres {
            continue;
        }
        let found = scans(&op.app, &statement).await;
        assert!(found.is_empty(), "{found:?}: {}", statement.sql);
    }
}

#[tokio::test]
async fn the_command_prints_the_same() {
    let config = testing::empty_config().await;
    let command_line = CommandLine::of(&config, "");
    let types = |words: &[&str]| command_line.types(words);
    let output = types(&["--format", "json", "overview"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|it| panic!("{it}: {output:?}"));
    assert_eq!(found["days"].as_array().map(Vec::len), Some(30), "{found}");
    assert_eq!(found["requests"]["number"], 0);
    let output = types(&["overview"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("next key rsa"),
        "{output:?}"
    );
    assert_eq!(
        text.lines().filter(|it| it.starts_with("20")).count(),
        30,
        "{text}"
    );
}
