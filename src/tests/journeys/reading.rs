//! Tests that reading changes nothing (security.md G-5), and that every link of a page leads somewhere: all pages that
//! can be reached from the starts of each role are opened, and the whole database is compared.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sea_orm::{ConnectionTrait, FromQueryResult, JsonValue, Statement};

use crate::support::TestOp;
use itu_account::demo::seed;
use itu_account::storage::Connection;

/// The number suffices for every page and each of its filters; the lists have no end.
const MOST_PAGES: usize = 150;

#[tokio::test]
async fn looking_changes_nothing_and_every_link_leads_somewhere() {
    let op = TestOp::start().await;
    seed::directory(&op.app).await.expect("organizations");
    seed::people(&op.app).await.expect("people");
    for (email, start) in [
        (None, "/"),
        (Some(seed::PEOPLE[0].0), "/account"),
        (Some("focal.kr@msn.example"), "/focal-point"),
        (Some("admin@itu.example"), "/admin"),
    ] {
        let mut person = op.visitor(email.unwrap_or("nobody@example.org"));
        person.password = seed::PASSWORD.to_owned();
        if email.is_some() {
            let page = person.logs_in().await;
            if let Some(form) = page.find_form(&["accept_terms"]) {
                person.browser.send(form.press("accept_terms", "yes")).await;
            }
        }
        let before = contents(op.app.db.read()).await;
        let mut waiting = VecDeque::from(["/".to_owned(), start.to_owned()]);
        let mut seen = BTreeSet::new();
        while let Some(path) = waiting.pop_front().filter(|_| seen.len() < MOST_PAGES) {
            if !seen.insert(path.clone()) {
                continue;
            }
            let page = person.browser.get(&path).await;
            assert!(page.status.is_success(), "{path} to {email:?}: {}", page.status);
            let links = page.links().into_iter().filter(|it| it.starts_with('/'));
            waiting.extend(links.map(|it| it.split('#').next().unwrap_or_default().to_owned()));
        }
        assert!(seen.len() > 8, "{email:?} saw only {seen:?}");
        let after = contents(op.app.db.read()).await;
        for (table, rows) in before {
            // G-5. That an administrator has opened somebody's account is recorded, and nothing else is.
            let mut after = after.get(&table).cloned().unwrap_or_default();
            after.retain(|it| rows.contains(it) || !it.contains(r#""action":"account.viewed""#));
            assert_eq!(after, rows, "{table}, by {email:?}");
        }
    }
}

/// Returns every row of every table.
async fn contents(db: &Connection) -> BTreeMap<String, Vec<String>> {
    let backend = db.get_database_backend();
    let names = match backend {
        sea_orm::DatabaseBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        _ => "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()",
    };
    let rows = |sql: String| JsonValue::find_by_statement(Statement::from_string(backend, sql)).all(db);
    let mut all = BTreeMap::new();
    for name in rows(names.to_owned()).await.expect("tables") {
        let name = name["name"].as_str().expect("a name").to_owned();
        let found = rows(format!("SELECT * FROM \"{name}\"")).await.expect("rows");
        let mut found: Vec<String> = found.iter().map(ToString::to_string).collect();
        found.sort();
        all.insert(name, found);
    }
    assert!(all.contains_key("accounts"));
    all
}
