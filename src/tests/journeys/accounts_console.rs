//! Tests how support, auditors and administrators find accounts, open them and help their people (security.md AD-1), and that
//! a search of many accounts walks indexes.

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};

use crate::jobs::scans;
use crate::support::{Page, Person, TestOp, rows};
use itu_account::accounts::{Error, roles, search_words, suspension};
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

/// Returns `true` if Alice got a mail of this kind that says this.
async fn is_told(op: &TestOp, kind: &str, words: &str) -> bool {
    let mails = op.outbox().to("alice@example.org").await;
    mails.iter().any(|it| it.kind == kind && it.text.contains(words))
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
    let page = finds(&mut admin, "q=alice@example.org").await;
    assert_eq!(page.count_of("#accounts li"), 1);

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
    // A planner walks an index of an empty table from end to end.
    for number in 0..100 {
        let (id, name) = (format!("org{number:02}"), format!("Company{number:02}"));
        op.insert_organization(&id, &name, "sector_member").await;
    }
    let affiliate = "INSERT INTO affiliations (id, account_id, organization_id, status, requested_at, asked_by_person) \
         SELECT 'a' || id, id, 'org' || substr(last_name, 9, 2), 'pending', created_at, true FROM accounts \
         WHERE email LIKE 'p%@crowd.example'";
    op.app.db.execute_unprepared(affiliate).await.expect("done");
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
        let list = finds(&mut reader, "q=alice@example.org").await;
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
        let tabs = page.text_of("nav.tabs .wide-only");
        assert!(tabs.contains("Accounts") && !tabs.contains("Services"), "{tabs}");
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

#[tokio::test]
async fn support_helps_people_and_nobody_else() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let id = op.find_account("alice@example.org").await.id;
    let mut sue = in_office(&op, "sue", Role::Support).await;
    let path = page_of(&id);
    for (css, said, mail) in [
        ("#unlock", "flash.account_unlocked", "account_administered"),
        ("#send_reset", "flash.reset_sent", "password_reset"),
        ("#end_sessions", "flash.account_sessions_ended", "sessions_ended"),
    ] {
        let page = sue.browser.get(&path).await;
        let done = sue.browser.confirms(&page, css).await;
        assert!(
            done.says(said) && done.url.path() == path,
            "{css}: {}",
            done.text()
        );
        assert!(is_told(&op, mail, "").await, "{mail}"); // LG-4
    }
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    let link = op.outbox().link("alice@example.org", "/reset-password").await;
    assert!(op.browser().get(&link).await.find_form(&["password"]).is_some());
    for action in ["account.unlocked", "password.reset_requested", "session.ended"] {
        let by_her = format!("action = '{action}' AND account_id = '{id}' AND acted_as = 'administrator'");
        assert!(count(&op, "events", &by_her).await > 0, "{action}"); // LG-1
    }

    // What administrators do is not offered, and not done. AD-1
    let page = sue.browser.get(&path).await;
    assert!(!page.has("#suspend") && !page.has("#roles"));
    let others = [op.find_account("sue@itu.example").await.id, {
        op.person_with("ann@itu.example", Role::Auditor).await;
        op.find_account("ann@itu.example").await.id
    }];
    let unlock = sue.browser.is_asked(&page, "#unlock").await;
    for (action, target, status) in [
        ("suspend", &id, StatusCode::NOT_FOUND),
        ("give_role", &id, StatusCode::NOT_FOUND),
        ("unlock", &others[0], StatusCode::FORBIDDEN),
        ("unlock", &others[1], StatusCode::FORBIDDEN),
    ] {
        let mut form = unlock.clone();
        form.action.set_path(&format!("{}/confirm", page_of(target)));
        form.fields.retain(|(name, _)| name != "action");
        for (name, value) in [("action", action), ("role", "support"), ("reason", "None")] {
            form.fields.push((name.to_owned(), value.to_owned()));
        }
        let answer = sue.browser.send(form).await;
        assert_eq!(answer.status, status, "{action} on {target}: {}", answer.text());
    }
    assert!(op.find_account("alice@example.org").await.is_active());

    // An auditor reads, and no page of acts opens.
    let mut ann = op.visitor("ann@itu.example");
    ann.logs_in().await;
    let page = ann.browser.get(&path).await;
    assert!(page.has("#history") && !page.has("#help"), "{}", page.text());
    let page = ann.browser.get(&format!("{path}/confirm?action=unlock")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_is_suspended_with_a_reason_and_comes_back() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let id = op.find_account("alice@example.org").await.id;
    let mut admin = in_office(&op, "admin", Role::Administrator).await;
    let path = page_of(&id);
    let page = admin.browser.get(&path).await;
    let form = admin.browser.is_asked(&page, "#suspend").await;
    let page = admin.browser.submit(form, &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(page.field_errors(), ["reason"]);
    let form = page.form(&["action=suspend"]).press("action", "suspend");
    let page = admin
        .browser
        .submit(form, &[("reason", "Left the <Union>")])
        .await;
    assert!(page.says("flash.account_suspended"), "{}", page.text());
    assert!(page.text_of("#suspension").contains("Left the <Union>"));
    assert!(is_told(&op, "account_administered", "Left the <Union>").await);
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    assert_eq!(alice.logs_in().await.url.path(), "/login"); // PW-3
    // An act that is done already is not offered again, and a late press changes nothing. G-9
    let page = admin.browser.get(&format!("{path}/confirm?action=suspend")).await;
    assert_eq!(page.url.path(), path);
    // SE-4
    op.advance(301);
    let page = admin.browser.get(&path).await;
    let page = admin.browser.confirms(&page, "#reinstate").await;
    assert_eq!(page.url.path(), "/reauthenticate", "{}", page.text());
    let password = admin.password.clone();
    let form = page.form(&["password"]);
    admin.browser.submit(form, &[("password", &password)]).await;
    let page = admin.browser.get(&path).await;
    let page = admin.browser.confirms(&page, "#reinstate").await;
    assert!(page.says("flash.account_reinstated"), "{}", page.text());
    assert!(!page.has("#suspension"));
    assert_eq!(alice.logs_in().await.url.path(), "/account");
    for action in ["account.suspended", "account.reinstated"] {
        let condition = format!("action = '{action}' AND account_id = '{id}'");
        assert_eq!(count(&op, "events", &condition).await, 1); // LG-1
    }
}

#[tokio::test]
async fn roles_are_given_and_one_administrator_remains() {
    // AD-1
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let id = op.find_account("alice@example.org").await.id;
    let mut admin = in_office(&op, "admin", Role::Administrator).await;
    let page = admin.browser.get(&page_of(&id)).await;
    let page = admin.browser.confirms(&page, "#give_role-auditor").await;
    assert!(
        page.says("flash.role_given") && page.has("[data-role=auditor]"),
        "{}",
        page.text()
    );
    assert_eq!(op.find_account("alice@example.org").await.role, Role::Auditor);
    assert!(is_told(&op, "account_administered", "Auditor").await);
    // SE-2
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    alice.logs_in().await;
    assert_eq!(alice.browser.get(LIST).await.status, StatusCode::OK);
    let page = admin.browser.get(&page_of(&id)).await;
    admin.browser.confirms(&page, "#give_role-user").await;
    alice.logs_in().await;
    assert_eq!(alice.browser.get(LIST).await.status, StatusCode::NOT_FOUND);

    // Nobody changes the own role, and the console does not leave the service without one.
    let own = op.find_account("admin@itu.example").await.id;
    let page = admin.browser.get(&page_of(&own)).await;
    assert!(page.has("#own") && !page.has("#roles") && !page.has("#help"));
    let operator = itu_account::domain::actor::Context::operator();
    let taken = roles::give(&op.app, &operator, &own, Role::User).await;
    assert!(matches!(taken, Err(Error::LastAdministrator)));
    let suspended = suspension::suspend(&op.app, &operator, &own, "Why").await;
    assert!(matches!(suspended, Err(Error::LastAdministrator)));
    roles::give(&op.app, &operator, &id, Role::Administrator)
        .await
        .expect("given");
    roles::give(&op.app, &operator, &own, Role::User)
        .await
        .expect("taken");
}
