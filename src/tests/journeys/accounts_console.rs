//! Tests how support, auditors and administrators find accounts, open them and help their people (security.md AD-1), and that
//! a search of many accounts walks indexes.

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};

use crate::jobs::scans;
use crate::support::{Page, Person, TestOp, rows};
use itu_account::accounts::search_words;
use itu_account::domain::AccountId;
use itu_account::domain::account::{Account, Status};
use itu_account::domain::account_search::query;
use itu_account::domain::profile::Profile;
use itu_account::domain::role::Role;
use itu_account::storage::account_search::{self, AccountFilter, MOST};
use itu_account::storage::accounts::NewAccount;
use itu_account::storage::imported_accounts;

const LIST: &str = "/admin/accounts";

fn named(email: &str, first: &str, last: &str, op: &TestOp) -> Account {
    let account = rows::account(email, op.now());
    Account {
        profile: Profile {
            first_name: first.into(),
            last_name: last.into(),
            ..account.profile
        },
        ..account
    }
}

fn page_of(id: &AccountId) -> String {
    format!("{LIST}/{id}")
}

async fn in_office(op: &TestOp, name: &str, role: Role) -> Person {
    let mut person = op.person_with(&format!("{name}@itu.example"), role).await;
    person.logs_in().await;
    person
}

async fn count(op: &TestOp, table: &str, condition: &str) -> usize {
    let db = op.app.db.read();
    let sql = format!("SELECT 1 AS n FROM {table} WHERE {condition}");
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql));
    rows.await.expect("rows").len()
}

async fn finds(person: &mut Person, query: &str) -> Page {
    let page = person.browser.get(&format!("{LIST}?{query}")).await;
    assert_eq!(page.status, StatusCode::OK, "{query}: {}", page.text());
    page
}

#[tokio::test]
async fn people_are_found_by_any_part() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Télécom Société", "sector_member")
        .await;
    let zoe = Account {
        email_verified: false,
        ..named("z.muller+x@Firm.example", "Zoë", "Müller-O'Hara", &op)
    };
    op.insert_account(zoe.clone(), None).await;
    let bob = Account {
        status: Status::Suspended,
        ..named("bob@other.example", "Bob", "Smith", &op)
    };
    op.insert_account(bob.clone(), None).await;
    op.insert_affiliation(&bob.id, "telco", rows::approved(op.now()))
        .await;
    let mut admin = in_office(&op, "admin", Role::Administrator).await;

    let of_zoe = [
        "muller".to_owned(),
        "MÜLL zo".into(),
        "ohara".into(),
        "z.muller%2Bx@firm.example".into(),
        "firm.exa".into(),
        zoe.id.to_string(),
        zoe.sub.to_string(),
        zoe.id.as_str()[..8].to_owned(),
    ];
    for typed in of_zoe {
        let page = finds(&mut admin, &format!("q={typed}")).await;
        assert_eq!(page.count_of("#accounts li"), 1, "{typed}: {}", page.text());
        assert!(page.text_of("#accounts").contains("Zoë"), "{typed}");
    }
    for (typed, number) in [
        ("q=telecom", 1),
        ("q=telecom+bob", 1),
        ("q=telecom+zoe", 0),
        ("status=suspended", 1),
        ("q=smith&status=active", 0),
        ("verified=no", 1),
        ("role=administrator", 1),
        ("role=administrator&q=bob", 0),
        ("q=", 3),
    ] {
        let page = finds(&mut admin, typed).await;
        assert_eq!(page.count_of("#accounts li"), number, "{typed}: {}", page.text());
        assert_eq!(page.has("#empty"), number == 0, "{typed}");
        assert!(!page.has("#cut"), "{typed}");
    }
    let page = admin.browser.get(&format!("{LIST}?status=deleted")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY); // AD-4
}

#[tokio::test]
async fn the_words_follow_the_account() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let form = alice.browser.get("/account/profile").await.form(&["first_name"]);
    alice.browser.submit(form, &[("first_name", "Xanthippe")]).await;
    let mut admin = in_office(&op, "admin", Role::Administrator).await;
    assert_eq!(finds(&mut admin, "q=xanth").await.count_of("#accounts li"), 1);
    assert_eq!(
        finds(&mut admin, "q=alice+example")
            .await
            .count_of("#accounts li"),
        1
    );

    // A release before had no words.
    for sql in ["DELETE FROM account_words", "UPDATE accounts SET search_fold = 0"] {
        op.app.db.execute_unprepared(sql).await.expect("done");
    }
    assert!(finds(&mut admin, "q=xanth").await.has("#empty"));
    assert_eq!(search_words::write_missing(&op.app).await.expect("written"), 2);
    assert_eq!(search_words::write_missing(&op.app).await.expect("nothing"), 0);
    assert_eq!(finds(&mut admin, "q=xanth").await.count_of("#accounts li"), 1);
}

/// Inserts people of the same name, as an import does.
async fn insert_many(op: &TestOp, number: usize) {
    let all: Vec<_> = (0..number)
        .map(|i| NewAccount {
            account: named(
                &format!("p{i}@crowd.example"),
                "John",
                &format!("Smith{i:05}"),
                op,
            ),
            password_hash: None,
            terms_accepted_at: None,
            imported_at: None,
        })
        .collect();
    for some in all.chunks(200) {
        let inserted = op
            .app
            .db
            .write(async |tx| imported_accounts::insert_new(tx, some.to_vec()).await);
        assert_eq!(inserted.await.expect("inserted"), some.len() as u64);
    }
}

#[tokio::test]
async fn a_search_of_many_walks_indexes_and_says_where_it_stops() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    insert_many(&op, MOST as usize + 100).await;
    let mut admin = in_office(&op, "admin", Role::Administrator).await;
    let page = finds(&mut admin, "q=john").await;
    assert!(page.has("#cut") && page.count_of("#accounts li") == 25);
    let page = finds(&mut admin, "q=john+smith00042").await;
    assert!(!page.has("#cut") && page.count_of("#accounts li") == 1);
    // Each word has thousands, both in their order few.
    let page = finds(&mut admin, "q=john+smith").await;
    assert!(page.has("#cut") && page.count_of("#accounts li") == 25);
    let last = finds(&mut admin, "q=john&page=999").await;
    assert!(last.count_of("#accounts li") > 0);

    if op.app.db.is_postgres() {
        op.app.db.execute_unprepared("ANALYZE").await.expect("done");
    }
    let db = op.app.db.read();
    for filter in [
        AccountFilter {
            words: query("john smith00042"),
            ..AccountFilter::default()
        },
        AccountFilter {
            words: query("telco"),
            verified: Some(true),
            ..AccountFilter::default()
        },
        AccountFilter {
            status: Some(Status::Suspended),
            ..AccountFilter::default()
        },
        AccountFilter {
            role: Some(Role::Administrator),
            ..AccountFilter::default()
        },
    ] {
        op.app.db.statements().take();
        account_search::search(db, &filter, 0, 25).await.expect("found");
        for statement in op.app.db.statements().take() {
            let mut found = scans(&op.app, &statement).await;
            // What was read from an index is read again, and is not a table.
            found.retain(|it| !it.starts_with("SCAN found") && !it.starts_with("SCAN led_to"));
            assert!(found.is_empty(), "{found:?}: {}", statement.sql);
        }
    }
}

#[tokio::test]
async fn who_opens_an_account_is_recorded_and_the_person_sees_it() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let id = op.find_account("alice@example.org").await.id;
    for (name, role) in [("sue", Role::Support), ("ann", Role::Auditor)] {
        let mut reader = in_office(&op, name, role).await;
        let list = finds(&mut reader, "q=alice").await;
        let page = reader.browser.get(&list.link("/admin/accounts/")).await;
        assert_eq!(
            (page.status, page.url.path()),
            (StatusCode::OK, page_of(&id).as_str())
        );
        assert_eq!(page.text_of("#email"), "alice@example.org");
        assert!(page.has("#sessions li"), "{}", page.text());
        // ST-1
        assert!(
            !page.body.contains("$argon2") && !page.body.contains(alice.browser.cookie_header().as_str())
        );
        let own = op.find_account(&reader.email).await.id;
        let page = reader.browser.get(&page_of(&own)).await;
        assert!(page.has("#own"), "{}", page.text());
        assert_eq!(page.text_of("nav.tabs .wide-only"), "Accounts");
    }
    let viewed = format!("action = 'account.viewed' AND account_id = '{id}'");
    assert_eq!(count(&op, "events", &viewed).await, 2); // LG-1
    assert_eq!(count(&op, "events", "action = 'account.viewed'").await, 2);
    let history = alice.browser.get("/account/history").await;
    assert!(history.text().contains("Account opened to help or to check"));
    let page = alice.browser.get("/account/history?show=account").await;
    assert!(page.text().contains("by an ITU administrator"), "{}", page.text());
    let mut admin = in_office(&op, "admin", Role::Administrator).await;
    let page = admin.browser.get(&page_of(&AccountId::new("none"))).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}
