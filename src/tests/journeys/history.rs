//! Tests the history of an account: what its person reads there, that nobody else's records are among it, and that of
//! others the office is named and nothing else (security.md LG-1, AF-6).

use axum::http::{HeaderValue, StatusCode, header};

use super::joining_an_organization::{focal_point, member};
use crate::jobs::scans;
use crate::support::{Page, TestOp, rows};
use itu_account::accounts::sessions;
use itu_account::affiliations::accounts_import::Mode;
use itu_account::affiliations::lifecycle::decisions;
use itu_account::affiliations::{focal_points, ties};
use itu_account::domain::AccountId;
use itu_account::domain::actor::{Actor, Context, Office};
use itu_account::domain::affiliation::{Capacity, Decision, Stage};
use itu_account::domain::event::{Action, Event};
use itu_account::domain::role::Role;
use migrations::{Migrator, MigratorTrait};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

const LOG: &str = "/account/history";
const AFFILIATIONS: &str = "/account/history/organization";

/// Returns the circumstances of a person who acts from elsewhere, with a login of just now.
fn acting(op: &TestOp, account: &AccountId, role: Role) -> Context {
    Context {
        network: "203.0.113.9".into(),
        user_agent: CHROME.into(),
        authenticated_at: Some(op.now()),
        ..Context::of(Actor::Person {
            account: account.clone(),
            role,
        })
    }
}

fn lines(page: &Page) -> usize {
    page.count_of("#history > li")
}

#[track_caller]
fn reads(page: &Page, texts: &[&str]) {
    assert_eq!(page.status, StatusCode::OK);
    for text in texts {
        assert!(page.text().contains(text), "no “{text}” in {}", page.text());
    }
}

#[tokio::test]
async fn a_person_reads_what_happened_in_the_account() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let mut bob = op.person("bob@example.org").await;
    let mut stranger = alice.elsewhere(&op);
    stranger.browser.peer = [198, 51, 100, 7].into();
    stranger.password = "Wrong-lamp-42".into();
    stranger.logs_in().await;
    bob.logs_in().await;
    op.advance(60);
    let agent = HeaderValue::from_static(FIREFOX);
    alice.browser.headers.insert(header::USER_AGENT, agent);
    alice.logs_in().await;

    let account = alice.browser.get("/account").await;
    assert!(account.find_link(LOG).is_some());
    let page = alice.browser.get(LOG).await;
    reads(
        &page,
        &[
            "Login with the password",
            "Firefox, Windows",
            "Network: 192.0.2.1",
            "Attempt to log in",
            "unsuccessful",
            "without being logged in",
            "Network: 198.51.100.7",
        ],
    );
    // Bob's login is not among it, and one line is about this session.
    assert_eq!((lines(&page), page.count_of("#history .badge.good")), (2, 1));

    let form = page.form(&["show"]);
    let none = alice.browser.submit(form, &[("show", "services")]).await;
    assert!(none.has("#empty") && lines(&none) == 0, "{}", none.text());
    let logins = alice.browser.get("/account/history?show=logins").await;
    assert_eq!(lines(&logins), 2);
    for wrong in ["?show=everything", "?page=x", "?show=logins&show=account"] {
        let page = alice.browser.get(&format!("{LOG}{wrong}")).await;
        assert!(page.status.is_client_error(), "{wrong}: {}", page.status); // AD-4, G-2
    }

    // What was shown for 90 days is shown no longer.
    op.advance(91 * 24 * 60 * 60);
    alice.logs_in().await;
    assert_eq!(lines(&alice.browser.get(LOG).await), 1);
    assert_eq!(op.browser().get(LOG).await.url.path(), "/login"); // G-4
}

#[tokio::test]
async fn of_others_the_office_is_named_and_nothing_else() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, fp_account, _) = focal_point(&op, "fp@telco.example", "telco").await;
    let admin = op.person_with("admin@itu.example", Role::Administrator).await;
    let admin_account = op.find_account(&admin.email).await.id;
    let (mut bob, account, id) = member(&op, "bob@telco.example", "telco", false).await;
    let before = lines(&fp.browser.get(LOG).await);

    let (by_fp, documents) = (acting(&op, &fp_account, Role::User), ["documents".to_owned()]);
    decisions::approve(&op.app, &by_fp, &id, "Known to us")
        .await
        .unwrap();
    ties::grant(&op.app, &by_fp, &id, &documents).await.unwrap();
    op.advance(60);
    focal_points::designate(&op.app, &acting(&op, &fp_account, Role::User), &id)
        .await
        .unwrap();
    let by_admin = acting(&op, &admin_account, Role::Administrator);
    ties::revoke(&op.app, &by_admin, &id, &documents, "Asked by mistake")
        .await
        .unwrap();
    focal_points::undesignate(&op.app, &by_admin, &id, "Has left")
        .await
        .unwrap();
    sessions::end_everywhere(&op.app, &by_admin, &account)
        .await
        .unwrap();
    bob.logs_in().await;

    let affiliations = bob.browser.get(AFFILIATIONS).await;
    reads(
        &affiliations,
        &[
            "Telco",
            "Affiliation requested",
            "by you",
            "Affiliation approved",
            "by a Focal Point of the organization",
            "Reason: Known to us",
            "TIES right granted: Documents",
            "TIES right revoked: Documents",
            "by an ITU administrator",
            "Reason: Asked by mistake",
            "Designated as a Focal Point",
            "No longer a Focal Point",
            "Reason: Has left",
        ],
    );
    assert_eq!(affiliations.count_of(".affiliation li"), 6);
    let log = bob.browser.get(LOG).await;
    reads(
        &log,
        &["Session ended when all were ended", "by an ITU administrator"],
    );
    for page in [&affiliations, &log] {
        for others in [
            fp_account.as_str(),
            admin_account.as_str(),
            "fp@telco.example",
            "admin@itu.example",
            "203.0.113.9",
            "Chrome",
        ] {
            assert!(!page.body.contains(others), "{others} in {}", page.text()); // AF-6, LG-1
        }
    }

    // What somebody did to another is in the history of the other alone.
    assert_eq!(lines(&fp.browser.get(LOG).await), before);
    let own = fp.browser.get(AFFILIATIONS).await;
    assert_eq!(own.count_of(".affiliation"), 1);
    for others in [
        "Known to us",
        "Asked by mistake",
        "TIES right granted",
        "Has left",
        account.as_str(),
    ] {
        assert!(!own.body.contains(others), "{others} in {}", own.text()); // G-4
    }
}

#[tokio::test]
async fn records_of_the_release_before_are_given_to_their_person() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let account = op.find_account("alice@example.org").await.id;
    let newer = Migrator::migrations()
        .iter()
        .rev()
        .take_while(|it| !it.name().ends_with("events_of_people"))
        .count();
    let db = op.app.db.for_migrations();
    let newer = u32::try_from(newer + 1).unwrap();
    Migrator::down(db, Some(newer)).await.unwrap();
    for (actor, action, object, network) in [
        (
            format!("account:{account}"),
            "session.sign_in",
            "session:ended",
            "198.51.100.20",
        ),
        (
            "visitor".to_owned(),
            "session.sign_in_failed",
            &*format!("account:{account}"),
            "198.51.100.21",
        ),
        (
            "account:another".to_owned(),
            "session.ended",
            &*format!("account:{account}"),
            "198.51.100.22",
        ),
        (
            "operator".to_owned(),
            "account.unlocked",
            &*format!("account:{account}"),
            "",
        ),
        (
            "account:another".to_owned(),
            "session.sign_in",
            "session:other",
            "198.51.100.23",
        ),
    ] {
        op.execute_sql(&format!(
            "INSERT INTO events (at, actor, action, object, success, network, request_id) VALUES \
             ('2027-01-10 00:00:00+00:00', '{actor}', '{action}', '{object}', true, '{network}', 'r')"
        ))
        .await
        .unwrap();
    }
    Migrator::up(db, None).await.unwrap();
    alice.logs_in().await;
    let page = alice.browser.get(LOG).await;
    reads(
        &page,
        &[
            "Network: 198.51.100.20",
            "Network: 198.51.100.21",
            "without being logged in",
            "by an ITU administrator",
        ],
    );
    assert_eq!(lines(&page), 5, "{}", page.text());
    // LG-1: of another nothing is shown.
    assert!(!page.text().contains("198.51.100.22") && !page.text().contains("198.51.100.23"));
}

#[tokio::test]
async fn what_was_taken_over_is_no_act_of_the_person_here() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (_, _, _) = focal_point(&op, "fp@telco.example", "telco").await;
    let file = "email,last_name,organization_id,affiliation_status,ties_rights\n\
                ann@example.org,Doe,telco,approved,documents\nbob@example.org,Doe,telco,,\n";
    assert_eq!(op.import_csv(file, Mode::All).await.imported, 2);
    let account = op.find_account("ann@example.org").await;
    let history = itu_account::affiliations::history::history(&op.app, &account.id, 1)
        .await
        .unwrap();
    let steps = &history.affiliations[0].steps;
    let mut what: Vec<_> = steps.iter().map(|it| (it.what, it.by)).collect();
    what.sort_by_key(|it| it.0);
    assert_eq!(
        what,
        [
            ("history.affiliation.taken_over", Some(Office::System)),
            ("history.ties.taken_over", Some(Office::System)),
        ]
    );
    // What happens afterwards is shown as ever.
    op.advance(60);
    let id = &history.affiliations[0].affiliation.id;
    let by_admin = acting(&op, &AccountId::new("admin"), Role::Administrator);
    ties::revoke(&op.app, &by_admin, id, &["documents".to_owned()], "Not needed")
        .await
        .unwrap();
    let history = itu_account::affiliations::history::history(&op.app, &account.id, 1)
        .await
        .unwrap();
    assert_eq!(history.affiliations[0].steps[0].what, "history.ties.revoked");
    assert_eq!(history.affiliations[0].steps.len(), 3);

    // The first digest about requests that were taken over is their reminder.
    let mails = async || {
        itu_account::affiliations::notifications::send_digests(&op.app)
            .await
            .unwrap();
        itu_account::affiliations::notifications::remind(&op.app)
            .await
            .unwrap();
        let mails = op.outbox().to("fp@telco.example").await;
        let kinds = mails.iter().map(|it| it.kind.clone());
        kinds.filter(|it| it.starts_with("requests_")).collect::<Vec<_>>()
    };
    let first = mails().await;
    assert_eq!(first, ["requests_digest"]);
    op.advance(8 * 24 * 60 * 60);
    assert_eq!(mails().await, first);
}

#[tokio::test]
async fn who_has_no_organization_is_led_to_the_choice() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get(AFFILIATIONS).await;
    assert!(page.has("#empty") && page.find_link("/account/organization/change").is_some());
}

#[tokio::test]
async fn a_long_history_costs_no_more_than_a_short_one() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let account = op.find_account("alice@example.org").await.id;
    op.insert_organization("org0", "Organization 0", "sector_member")
        .await;
    let ended = || Stage::Withdrawn {
        approval: None,
        end: Decision {
            at: op.now(),
            by: None,
            capacity: Capacity::System,
            reason: None,
        },
    };
    op.insert_affiliation(&account, "org0", ended()).await;
    let statements = op.app.db.statements();
    let mut costs = Vec::new();
    for path in [LOG, AFFILIATIONS] {
        alice.browser.get(path).await;
        statements.take();
        alice.browser.get(path).await;
        costs.push(statements.sent());
    }

    for i in 1..12 {
        let id = format!("org{i}");
        op.insert_organization(&id, &format!("Organization {i}"), "sector_member")
            .await;
        op.insert_affiliation(&account, &id, ended()).await;
    }
    let context = acting(&op, &account, Role::User);
    op.app
        .write(&context, async |tx| {
            for _ in 0..60 {
                tx.record(Event::new(Action::ProfileChanged, format!("account:{account}")))
                    .await?;
            }
            Ok::<_, sea_orm::DbErr>(())
        })
        .await
        .unwrap();
    let mut now = Vec::new();
    for path in [LOG, AFFILIATIONS] {
        statements.take();
        alice.browser.get(path).await;
        now.push(statements.sent());
        for statement in statements.take() {
            let found = scans(&op.app, &statement).await;
            assert!(found.is_empty(), "{found:?}: {}", statement.sql);
        }
    }
    assert_eq!(costs, now);

    let first = alice.browser.get(LOG).await;
    let second = alice.browser.get(&first.link_of("a[rel=next]")).await;
    let third = alice.browser.get(&second.link_of("a[rel=next]")).await;
    assert_eq!([&first, &second, &third].map(lines), [25, 25, 11]);
    assert_eq!(third.count_of(".badge.good"), 1, "the login is the oldest line");
    let filtered = alice.browser.get("/account/history?show=account").await;
    assert!(filtered.link_of("a[rel=next]").contains("show=account"));
    let beyond = alice.browser.get("/account/history?page=99").await;
    assert_eq!(lines(&beyond), 11);
    let affiliations = alice.browser.get(AFFILIATIONS).await;
    let rest = alice.browser.get(&affiliations.link_of("a[rel=next]")).await;
    assert_eq!(
        [&affiliations, &rest].map(|it| it.count_of(".affiliation")),
        [10, 2]
    );
}

#[tokio::test]
async fn a_decision_of_nobody_names_nobody() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut alice = op.person("alice@example.org").await;
    let account = op.find_account("alice@example.org").await.id;
    let approved = rows::approved(op.now());
    op.insert_affiliation(&account, "telco", approved).await;
    alice.logs_in().await;
    let page = alice.browser.get(AFFILIATIONS).await;
    reads(&page, &["Affiliation approved", "by an ITU administrator"]);
    assert!(!page.text().contains("Reason"));
}
