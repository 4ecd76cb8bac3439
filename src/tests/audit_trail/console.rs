//! Tests `/admin/audit`: the search, an entry with its change and its seal, and the file.

use sea_orm::Statement;
use serde_json::Value;

use super::{execute, numbers, seals, writes};
use crate::jobs::scans;
use crate::support::{Page, Person, TestOp};
use itu_account::audit::{Listing, Query, Reader};
use itu_account::domain::actor::Context;
use itu_account::domain::role::Role;
use sea_orm::ConnectionTrait;

const ADMIN: &str = "admin@itu.example";

async fn administrator(op: &TestOp) -> Person {
    let mut admin = op.person_with(ADMIN, Role::Administrator).await;
    admin.logs_in().await;
    admin
}

/// Returns the actions of the entries on a page.
fn actions(page: &Page) -> Vec<String> {
    let rows = page.count_of("#entries > li");
    (1..=rows)
        .map(|it| page.text_of(&format!("#entries > li:nth-child({it}) h2 code")))
        .collect()
}

#[tokio::test]
async fn an_administrator_finds_entries_by_who_whom_what_and_when() {
    // LG-5
    let op = TestOp::start().await;
    let mut admin = administrator(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let account = op.find_account("alice@example.org").await.id;
    op.advance(2 * 24 * 3600);
    op.client("shop").await;
    writes(&op, 2).await;
    seals(&op).await;
    admin.logs_in().await;

    let by_alice = admin.browser.get("/admin/audit?actor=Alice%40example.org").await;
    assert!(
        actions(&by_alice).contains(&"session.sign_in".to_owned()),
        "{}",
        by_alice.text()
    );
    for other in [
        format!("/admin/audit?actor=account:{account}"),
        format!("/admin/audit?actor={account}"),
        format!("/admin/audit?subject={account}&actor={account}"),
        "/admin/audit?subject=alice@example.org&actor=alice@example.org&kind=".to_owned(),
    ] {
        assert_eq!(
            actions(&admin.browser.get(&other).await),
            actions(&by_alice),
            "{other}"
        );
    }
    let of_client = admin
        .browser
        .get("/admin/audit?subject=client:c1&actor=operator")
        .await;
    assert_eq!(actions(&of_client), ["client.changed"]);
    let kinds = admin.browser.get("/admin/audit?kind=client.changed").await;
    assert!(actions(&kinds).len() >= 2 && actions(&kinds).iter().all(|it| it == "client.changed"));
    // The days are those of UTC, the last one included.
    let (first, last) = (op.now() - chrono::Duration::days(2), op.now());
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d").to_string();
    let then = admin
        .browser
        .get(&format!(
            "/admin/audit?actor=alice@example.org&until={}",
            day(first)
        ))
        .await;
    assert_eq!(actions(&then), actions(&by_alice));
    let now = admin
        .browser
        .get(&format!(
            "/admin/audit?actor=operator&since={0}&until={0}",
            day(last)
        ))
        .await;
    assert!(actions(&now).contains(&"client.changed".to_owned()));
    for nothing in [
        format!("/admin/audit?actor=alice@example.org&since={}", day(last)),
        "/admin/audit?actor=nobody@example.org".to_owned(),
        "/admin/audit?subject=nothing".to_owned(),
    ] {
        let page = admin.browser.get(&nothing).await;
        assert!(
            page.has("#empty") && page.has("#show-all") && !page.has("#export"),
            "{nothing}"
        );
    }
    let wrong = admin.browser.get("/admin/audit?actor=x&since=yesterday").await;
    assert!(
        wrong.has("#since-error") && wrong.has("#actor[value=x]"),
        "{}",
        wrong.text()
    );
    assert_eq!(admin.browser.get("/admin/audit?after=x").await.status, 404);
}

#[tokio::test]
async fn a_long_trail_has_pages_and_is_downloaded_whole() {
    // AD-4, LG-1
    let op = TestOp::start().await;
    let mut admin = administrator(&op).await;
    writes(&op, 120).await;
    let path = "/admin/audit?kind=client.changed&actor=operator";
    let mut page = admin.browser.get(path).await;
    let mut objects = Vec::new();
    let mut pages = 1;
    loop {
        let rows = page.count_of("#entries > li");
        objects.extend(
            (1..=rows).map(|it| page.attribute_of(&format!("#entries > li:nth-child({it})"), "data-entry")),
        );
        if !page.has("#older") {
            break;
        }
        page = admin.browser.get(&page.link_of("#older")).await;
        pages += 1;
    }
    assert_eq!((pages, objects.len()), (3, 120));
    let mut once = objects.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), 120);
    let newest = admin.browser.get(&page.link_of("#newest")).await;
    assert!(!newest.has("#newest") && newest.has("#older"));

    let file = admin.browser.get(&newest.link_of("#export")).await;
    assert!(
        file.header("content-disposition")
            .contains("itu-account-audit.jsonl")
    );
    let lines: Vec<Value> = file
        .body
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(lines.len(), 120);
    assert_eq!(lines[0]["object"], "client:c0");
    assert_eq!(lines[119]["object"], "client:c119");
    assert_eq!(lines[0]["after"]["name"], "b");
    let recorded =
        "SELECT count(*) AS n FROM events WHERE action = 'audit.exported' AND actor LIKE 'account:%'";
    assert_eq!(numbers(&op, recorded).await, [1]);
}

#[tokio::test]
async fn an_entry_shows_what_changed_and_whether_it_is_as_it_was_sealed() {
    // LG-5
    let op = TestOp::start().await;
    let mut admin = administrator(&op).await;
    writes(&op, 2).await;
    let found = admin.browser.get("/admin/audit?subject=client:c1").await;
    let entry = found.link("/admin/audit/");
    let page = admin.browser.get(&entry).await;
    assert!(page.has("#not-sealed"));
    seals(&op).await;
    let page = admin.browser.get(&entry).await;
    assert!(page.has("#holds") && !page.has("#broken"), "{}", page.text());
    assert_eq!(page.text_of("[data-member=name] del"), "a");
    assert_eq!(page.text_of("[data-member=name] ins"), "b");
    let same = admin.browser.get(&page.link_of("#same-subject")).await;
    assert_eq!(actions(&same), ["client.changed"]);
    execute(
        &op,
        "UPDATE events SET after = '{\"name\":\"c\"}' WHERE object = 'client:c1'",
    )
    .await;
    let page = admin.browser.get(&entry).await;
    assert!(page.has("#broken") && !page.has("#holds"));
    for unknown in ["/admin/audit/0", "/admin/audit/x"] {
        assert_eq!(admin.browser.get(unknown).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn nobody_else_reads_the_trail() {
    // G-4
    let op = TestOp::start().await;
    for role in [Role::User, Role::Support] {
        let mut person = op
            .person_with(&format!("{}@itu.example", role.as_str()), role)
            .await;
        person.logs_in().await;
        for path in ["/admin/audit", "/admin/audit/1", "/admin/audit/export"] {
            assert_eq!(person.browser.get(path).await.status, 404, "{path}");
        }
    }
    let refused = Reader::open(
        &op.app.db,
        &crate::support::visitor(),
        &Query::default(),
        Listing::NewestFirst,
    )
    .await;
    refused.expect_err("a visitor");
}

#[tokio::test]
async fn every_search_walks_an_index_in_its_order() {
    // AD-4
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    writes(&op, 3).await;
    let filters = [
        Query {
            actor: "operator",
            ..Query::default()
        },
        Query {
            subject: "account:x",
            ..Query::default()
        },
        Query {
            subject: "telco",
            ..Query::default()
        },
        Query {
            subject: "client:c1",
            ..Query::default()
        },
        Query {
            kind: "client.changed",
            ..Query::default()
        },
        Query {
            since: "2026-01-01",
            until: "2026-02-01",
            ..Query::default()
        },
        Query {
            kind: "client.changed",
            since: "2026-01-01",
            until: "2026-02-01",
            ..Query::default()
        },
        Query {
            actor: "operator",
            since: "2026-01-01",
            ..Query::default()
        },
    ];
    for query in filters {
        for listing in [Listing::NewestFirst, Listing::OldestFirst] {
            for cursor in ["", "1800000000000000000.5"] {
                let operator = Context::operator();
                let reader = Reader::open(&op.app.db, &operator, &query, listing)
                    .await
                    .unwrap();
                let mut reader = reader.after(cursor).unwrap();
                op.app.db.statements().take();
                reader.next(50).await.unwrap();
                for statement in op.app.db.statements().take() {
                    let found = scans(&op.app, &statement).await;
                    assert!(found.is_empty(), "{query:?}: {found:?}");
                    let plan = plan(&op, &statement).await;
                    assert!(!plan.contains("TEMP B-TREE"), "{query:?}: {plan}");
                }
            }
        }
    }
}

/// Returns the plan of SQLite; nothing on PostgreSQL, where it depends on how many rows there are.
async fn plan(op: &TestOp, statement: &Statement) -> String {
    if op.app.db.is_postgres() {
        return String::new();
    }
    let explain = Statement {
        sql: format!("EXPLAIN QUERY PLAN {}", statement.sql),
        ..statement.clone()
    };
    let rows = op.app.db.read().query_all_raw(explain).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|it| it.try_get("", "detail").unwrap()).collect();
    steps.join("; ")
}
