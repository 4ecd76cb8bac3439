//! Tests that background work never stops requests: each job finds its rows by an index, holds the database for some
//! milliseconds at a time, and ends when the process does.

use chrono::Duration;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde_json::{Value, json};

use super::affiliations::organization;
use crate::support::{RelyingParty, Site, TestOp, rows};
use itu_account::accounts::suspension;
use itu_account::app::App;
use itu_account::config::Transport;
use itu_account::domain::account::Status;
use itu_account::domain::account_deletion::AccountDeletion;
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::{Affiliation, Stage};
use itu_account::domain::global_revocation::{Ended, GlobalRevocation, GlobalRevocationId, RevocationTarget};
use itu_account::domain::organization::OrganizationStatus;
use itu_account::domain::role::Role;
use itu_account::domain::{AccountId, AffiliationId, ClientId, OrganizationId};
use itu_account::jobs;
use itu_account::oidc::shared_signals::{self, NewWebhook};
use itu_account::storage::batches::ROWS;
use itu_account::storage::email_codes::{self, EmailCode};
use itu_account::storage::{
    account_deletions, accounts, affiliations, data_downloads, global_revocations, organizations,
};

/// All other tables may have as many rows as there are people, or more.
const SMALL: [&str; 14] = [
    "client_secrets",
    "clients",
    // As many as times that the documents were changed.
    "document_texts",
    "document_versions",
    // A few for each service.
    "event_receivers",
    "generations",
    // As many as incidents of the last three months.
    "global_revocations",
    "initial_access_tokens",
    "membership_types",
    "registrations",
    // As many as services.
    "scim_targets",
    "signing_keys",
    "terms_versions",
    "ties_right_types",
];

/// Indexes that hold only what waits, or was given up.
const OF_WHAT_WAITS: [&str; 6] = [
    "affiliations_one_open",
    "affiliations_waiting",
    "event_deliveries_dead",
    "events_unsealed",
    "ties_rights_requested",
    "ties_rights_waiting",
];

/// Returns how a database would scan whole tables for a statement: the words of its plan, or none.
pub async fn scans(app: &App, statement: &Statement) -> Vec<String> {
    let sql = match statement.db_backend {
        DbBackend::Sqlite => format!("EXPLAIN QUERY PLAN {}", statement.sql),
        _ => format!("EXPLAIN (FORMAT JSON) {}", statement.sql),
    };
    let explain = &Statement {
        sql,
        ..statement.clone()
    };
    let rows = app
        .db
        .write(async |tx| {
            if explain.db_backend == DbBackend::Postgres {
                // Tables of a test are so small that the planner would read and join them whole.
                for way in ["seqscan", "bitmapscan", "hashjoin", "mergejoin"] {
                    tx.execute_unprepared(&format!("SET LOCAL enable_{way} = off"))
                        .await?;
                }
            }
            tx.query_all_raw(explain.clone()).await
        })
        .await
        .unwrap_or_else(|error: DbErr| panic!("{error}: {}", explain.sql));
    let mut found = Vec::new();
    for row in rows {
        if explain.db_backend == DbBackend::Sqlite {
            let step: String = row.try_get("", "detail").expect("a step");
            let is_of_what_waits = |index: &&str| step.ends_with(&format!(" INDEX {index}"));
            if OF_WHAT_WAITS.iter().any(is_of_what_waits) {
                continue;
            }
            let table = step.strip_prefix("SCAN ").and_then(|it| it.split(' ').next());
            let is_big =
                |table: &str| !SMALL.contains(&table) && !table.starts_with('(') && table != "CONSTANT";
            if table.is_some_and(is_big) && !step.contains("CONSTANT ROW") && !step.ends_with("VALUES CLAUSE")
            {
                found.push(step);
            }
        } else {
            let plan: Value = row.try_get("", "QUERY PLAN").expect("a plan");
            scans_of_plan(&plan[0]["Plan"], &mut found);
        }
    }
    found
}

fn scans_of_plan(plan: &Value, found: &mut Vec<String>) {
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    let table = plan["Relation Name"].as_str();
    let is_small = table.is_some_and(|it| SMALL.contains(&it));
    let reads_all = match kind {
        "Seq Scan" => true,
        // Without a condition an index is read from end to end.
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => {
            let index = plan["Index Name"].as_str().unwrap_or_default();
            plan["Index Cond"].is_null() && !OF_WHAT_WAITS.contains(&index)
        }
        _ => false,
    };
    if reads_all && !is_small {
        found.push(format!("{kind} of {table:?}, {}", plan["Index Name"]));
    }
    for below in plan["Plans"].as_array().into_iter().flatten() {
        scans_of_plan(below, found);
    }
}

/// Writes something for every job to do: sessions, tokens, codes and mails past their time, a logout to send, requests
/// that wait since long, with a Focal Point and without, a membership that is over.
async fn neglected() -> (TestOp, Site) {
    let site = Site::start().await;
    site.answers("/logout", 200, &[], "");
    site.answers("/hear", 200, &[], "");
    let op = TestOp::with(|config| site.is_allowed(config)).await;
    let mut events: RelyingParty = op
        .client_with("events", json!({"backchannel_logout_uri": site.at("/logout")}))
        .await;
    for name in ["alice", "mina", "ada", "ken", "lee"] {
        let mut person = op.person(&format!("{name}@example.org")).await;
        let code = person.logs_in_at(&mut events, "openid offline_access").await;
        let tokens = events.redeems(&code).await.expect("tokens");
        if name == "alice" {
            let bye = format!(
                "{}?id_token_hint={}",
                events.end_session_endpoint, tokens.id_token
            );
            person.browser.get(&bye).await;
        }
    }
    // A service is to hear of a suspension, and has refused to hear of another.
    let webhook = NewWebhook {
        client: ClientId::new("events"),
        endpoint: site.at("/hear"),
        kinds: vec![],
        description: String::new(),
    };
    let operator = Context::operator();
    let webhook = shared_signals::add_webhook(&op.app, &operator, webhook).await;
    let webhook = webhook.expect("a webhook").receiver.id;
    for name in ["ada", "lee"] {
        let id = account(&op, name).await;
        suspension::suspend(&op.app, &operator, &id, "late")
            .await
            .unwrap();
        suspension::lift(&op.app, &operator, &id).await.unwrap();
    }
    let sql = format!(
        "UPDATE event_deliveries SET dead_at = tried_since WHERE receiver_id = '{webhook}' AND kind = 'account-enabled'"
    );
    op.app.db.execute_unprepared(&sql).await.unwrap();
    let mut stranger = op.browser();
    let form = stranger.get("/forgot-password").await.form(&["email"]);
    stranger.submit(form, &[("email", "alice@example.org")]).await;
    jobs::deliver_mail(&op.app).await.expect("sent");
    let code = EmailCode {
        id: "code".into(),
        purpose: "signup".into(),
        transaction: "t".into(),
        address: "new@example.org".into(),
        hmac: "h".into(),
        attempts: 0,
        created_at: op.clock.now(),
    };
    let db = &op.app.db;
    email_codes::insert(db, code.clone()).await.unwrap();
    email_codes::count_attempt(db, &code, 5, op.clock.now())
        .await
        .unwrap();
    op.advance(40 * 24 * 3600);
    let now = op.clock.now();
    let mut over = organization("over", "Over", "sector_member");
    over.valid_until = Some((now - Duration::days(1)).date_naive());
    organizations::insert(
        db,
        &[
            organization("telco", "Telco", "sector_member"),
            organization("lonely", "Lonely", "sector_member"),
            over,
        ],
    )
    .await
    .unwrap();
    for (name, at, stage) in [
        ("alice", "telco", Stage::Pending),
        ("mina", "telco", rows::approved(now)),
        ("ken", "lonely", Stage::Pending),
        ("lee", "over", rows::approved(now)),
    ] {
        let long_ago = now - Duration::days(30);
        let affiliation = Affiliation {
            id: AffiliationId::new(name),
            ..rows::affiliation(&account(&op, name).await, at, stage, long_ago)
        };
        affiliations::insert(db, &affiliation).await.unwrap();
        if name == "mina" {
            op.insert_focal_point(&affiliation).await;
        }
    }
    let alice = account(&op, "alice").await;
    data_downloads::put(db, &alice, "due", now).await.unwrap();
    let mina = account(&op, "mina").await;
    data_downloads::put(db, &mina, "over", now).await.unwrap();
    let built = data_downloads::find(db.read(), &mina).await.unwrap().unwrap();
    data_downloads::finish(db, &built, "sealed", now, now)
        .await
        .unwrap();
    for (name, end) in [("gone", now), ("going", now + Duration::days(1))] {
        op.insert_account(rows::account(&format!("{name}@example.org"), now), None)
            .await;
        let id = account(&op, name).await;
        op.insert_affiliation(&id, "telco", rows::approved(now)).await;
        let deletion = AccountDeletion {
            account: id.clone(),
            requested_at: now,
            delete_at: end,
        };
        account_deletions::insert(db, &deletion).await.unwrap();
        let leaves = accounts::update_status(db, &id, Status::Active, Status::Leaving).await;
        assert!(leaves.unwrap());
    }
    // Global revocations that have batches left, of what is older than all that there is.
    for (kind, id) in [
        ("client", "events"),
        ("organization", "telco"),
        ("everything", ""),
    ] {
        let open = GlobalRevocation {
            id: GlobalRevocationId::new(kind),
            target: RevocationTarget::of(kind, id).unwrap(),
            until: now - Duration::days(100),
            ends_sessions: true,
            requested_at: now,
            ended: Ended::default(),
            reached: String::new(),
            version: 0,
            completed_at: None,
        };
        global_revocations::insert(db, &open).await.unwrap();
    }
    let ada = account(&op, "ada").await;
    accounts::update_role(db, &ada, Role::User, Role::Administrator)
        .await
        .unwrap();
    (op, site)
}

async fn account(op: &TestOp, name: &str) -> AccountId {
    op.find_account(&format!("{name}@example.org")).await.id
}

/// Opens another node, which sends its mails, on the same database.
async fn another_node(op: &TestOp) -> App {
    let mut config = (*op.app.config).clone();
    config.mail.transport = Transport::File;
    App::open(config, op.clock.clone()).await.expect("another node")
}

#[tokio::test]
async fn no_job_reads_a_whole_table() {
    let (op, _site) = neglected().await;
    let node = another_node(&op).await;
    node.db.statements().take();
    // Each job runs twice: what one of them writes is for another to send.
    for job in jobs::ALL.iter().chain(jobs::ALL) {
        (job.run)(node.clone())
            .await
            .unwrap_or_else(|it| panic!("{}: {it:#}", job.name));
    }
    jobs::deliver_events(&node).await.expect("sent");
    let statements = node.db.statements().take();
    // Each of them had something to do.
    for done in [
        r#"DELETE FROM "sessions""#,
        r#"DELETE FROM "session_clients""#,
        r#"DELETE FROM "refresh_tokens""#,
        r#"DELETE FROM "email_codes""#,
        r#"DELETE FROM "code_attempts""#,
        r#"DELETE FROM "password_resets""#,
        r#"DELETE FROM "outbox_mails""#,
        r#"UPDATE "session_clients""#,
        r#"UPDATE "outbox_mails""#,
        r#"UPDATE "affiliations""#,
        r#"UPDATE "organizations""#,
        r#"INSERT INTO "outbox_mails""#,
        r#"UPDATE "account_deletions""#,
        r#"UPDATE "global_revocations""#,
        r#"DELETE FROM "affiliations""#,
        r#"DELETE FROM "event_deliveries""#,
        r#"UPDATE "event_receivers""#,
        r#"DELETE FROM "accounts""#,
    ] {
        assert!(statements.iter().any(|it| it.sql.starts_with(done)), "{done}");
    }
    let mut wrong = Vec::new();
    for statement in &statements {
        for step in scans(&node, statement).await {
            wrong.push(format!("{step}: {}", statement.sql));
        }
    }
    assert!(wrong.is_empty(), "reads of whole tables:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_reader_of_plans_sees_a_scan() {
    let op = TestOp::start().await;
    let statement = |sql: &str| Statement::from_string(op.app.db.read().get_database_backend(), sql);
    for (sql, number) in [
        ("SELECT id FROM accounts WHERE first_name = 'x'", 1),
        ("SELECT id FROM accounts ORDER BY id", 1),
        (
            "DELETE FROM sessions WHERE last_used_at < '2020-01-01' OR network = 'x'",
            1,
        ),
        ("SELECT id FROM accounts WHERE id = 'x'", 0),
        ("SELECT id FROM clients", 0),
    ] {
        assert_eq!(scans(&op.app, &statement(sql)).await.len(), number, "{sql}");
    }
}

#[tokio::test]
async fn an_administrator_gets_one_mail_about_all_that_is_overdue() {
    let (op, _site) = neglected().await;
    let db = op.app.db.read();
    let mails = async |name: &str| -> Vec<String> {
        let all = itu_account::storage::outbox::list(db, Some(&format!("{name}@example.org")), 0, 50)
            .await
            .unwrap();
        all.into_iter()
            .filter(|it| it.kind.starts_with("requests_"))
            .map(|it| format!("{}: {}", it.kind, it.text))
            .collect()
    };
    for _ in 0..2 {
        itu_account::affiliations::notifications::remind(&op.app)
            .await
            .unwrap();
    }
    let [to_ada] = &*mails("ada").await else {
        panic!("one mail to the administrator: {:?}", mails("ada").await)
    };
    for named in [
        "requests_overdue",
        "2 affiliation requests",
        "Telco: 1",
        "Lonely: 1",
    ] {
        assert!(to_ada.contains(named), "{named} in {to_ada}");
    }
    let [to_mina] = &*mails("mina").await else {
        panic!("one mail to the Focal Point")
    };
    assert!(to_mina.starts_with("requests_reminder"));
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_begins_no_further_transaction() {
    let (op, _site) = neglected().await;
    let node = another_node(&op).await;
    node.stopping.cancel();
    node.db.statements().take();
    for job in jobs::ALL
        .iter()
        .filter(|it| it.name != "refresh" && it.name != "keys")
    {
        (job.run)(node.clone()).await.expect("nothing is done");
    }
    let writes: Vec<String> = node
        .db
        .statements()
        .take()
        .into_iter()
        .map(|it| it.sql)
        .filter(|it| !it.starts_with("SELECT"))
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
}

/// Makes the record of this organization one that no version of the program has written.
async fn spoil(op: &TestOp, id: &str) {
    let db = op.app.db.read();
    let sql = format!("UPDATE organizations SET category = 'spoilt' WHERE id = '{id}'");
    op.app
        .db
        .write(async |tx| {
            tx.execute_raw(Statement::from_string(db.get_database_backend(), &*sql))
                .await
        })
        .await
        .expect("changed");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stops_no_job() {
    let (op, _site) = neglected().await;
    let db = &op.app.db;
    let mut also_over = organization("also-over", "Also over", "sector_member");
    also_over.valid_until = Some((op.clock.now() - Duration::days(1)).date_naive());
    organizations::insert(db, &[also_over]).await.unwrap();
    for id in ["over", "lonely"] {
        spoil(&op, id).await;
    }
    let node = another_node(&op).await;
    for job in jobs::ALL.iter().filter(|it| it.name != "mail") {
        (job.run)(node.clone())
            .await
            .unwrap_or_else(|it| panic!("{}: {it:#}", job.name));
    }
    let ended = organizations::find(db, &OrganizationId::new("also-over"))
        .await
        .unwrap();
    assert_eq!(ended.expect("a record").status, OrganizationStatus::Ended);
    for (name, kind) in [("mina", "requests_reminder"), ("ada", "requests_overdue")] {
        let mails = itu_account::storage::outbox::list(db, Some(&format!("{name}@example.org")), 0, 50).await;
        assert!(mails.unwrap().iter().any(|it| it.kind == kind), "{name}");
    }
}

#[tokio::test]
async fn a_membership_with_many_people_ends_in_small_transactions() {
    const PEOPLE: usize = 250;
    let op = TestOp::start_with_directory().await;
    let (app, db) = (&op.app, &op.app.db);
    let mut over = organization("over", "Over", "sector_member");
    over.valid_until = Some((app.clock.now() - Duration::days(1)).date_naive());
    organizations::insert(db, &[over]).await.unwrap();
    for number in 0..PEOPLE {
        let person = op.insert_person(&format!("p{number}")).await;
        let stage = if number % 2 == 0 {
            rows::approved(op.now())
        } else {
            Stage::Pending
        };
        op.insert_affiliation(&person, "over", stage).await;
    }
    let id = OrganizationId::new("over");
    // The rows are as many as one transaction takes.
    let some = affiliations::list_to_end(db, &id).await.unwrap();
    assert_eq!(some.len(), ROWS);
    let ended = itu_account::affiliations::directory::status::end_overdue(app).await;
    assert_eq!(ended.expect("ended"), 1);
    let left = affiliations::list_to_end(db, &id).await.unwrap();
    assert!(left.is_empty());
    let first = affiliations::find(db, &some[0].id).await.unwrap().expect("a row");
    assert!(first.status().is_final());
    let record = organizations::find(db, &OrganizationId::new("over"))
        .await
        .unwrap();
    assert_eq!(record.expect("a record").status, OrganizationStatus::Ended);
}
