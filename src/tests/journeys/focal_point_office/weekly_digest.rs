//! Tests the weekly digest of those who hold an office (product.md): whom it tells what, once, whatever ends or runs beside, and how
//! it is stopped.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::{Datelike, Duration, Weekday};
use sea_orm::ConnectionTrait;
use tower::ServiceExt;

use super::super::joining_an_organization::by_hand;
use super::{OFFICE, asks_to_join, confirms, day, does, focal_point, mails, member, names_deputy, records};
use crate::jobs::scans;
use crate::support::TestOp;
use crate::support::traces::count;
use itu_account::app::App;
use itu_account::jobs;
use itu_account::storage::outbox::Entry;

const KIND: &str = "weekly_digest";
const FP: &str = "fp@ofcom.example";
const DAY: i64 = 24 * 3600;

/// Lets time pass until a second after the next end of a week.
fn next_monday(op: &TestOp) {
    let now = op.now();
    let monday = now.date_naive().week(Weekday::Mon).first_day();
    let mut end = monday.and_hms_opt(6, 0, 1).expect("a time").and_utc();
    while end <= now {
        end += Duration::days(7);
    }
    op.advance((end - now).num_seconds() + 1);
    assert_eq!(op.now().date_naive().weekday(), Weekday::Mon);
}

async fn runs(op: &TestOp) {
    jobs::weekly_digests(&op.app).await.expect("written");
}

async fn latest(op: &TestOp, to: &str) -> Entry {
    let all = op.outbox().to(to).await;
    all.into_iter().find(|it| it.kind == KIND).expect("a digest")
}

#[tokio::test]
async fn a_digest_says_what_waits_what_was_decided_by_whom_and_what_ends() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, FP, "ofcom").await;
    focal_point(&op, "quiet@telco.example", "telco").await;
    member(&op, "bob@example.org", "ofcom", true).await;
    let asked = names_deputy(&mut fp, "bob@example.org", &day(&op, 0), &day(&op, 20)).await;
    confirms(&mut fp, &asked).await;
    asks_to_join(&op, "alice@example.org").await;
    asks_to_join(&op, "carol@example.org").await;
    let link = op.outbox().link(FP, "/focal-point/ofcom/requests/").await;
    let page = fp.browser.get(&link).await;
    let page = fp
        .browser
        .send(page.form(&["reason"]).press("decision", "approve"))
        .await;
    assert!(page.says("flash.approved"), "{}", page.text());

    next_monday(&op);
    runs(&op).await;
    let mail = latest(&op, FP).await;
    for part in [
        "OFCOM",
        "Affiliation requests: 1; the oldest has been waiting for",
        "Affiliations requested: 2",
        "Affiliations approved: 1",
        "is deputy Focal Point until",
        "/focal-point/ofcom/requests",
    ] {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
    let decider = op.find_account(FP).await.profile.full_name();
    assert!(mail.text.contains(&format!("{decider}: 1")), "{}", mail.text);
    assert!(mail.unsubscribe.is_some_and(|link| mail.text.contains(&link))); // RFC 8058
    // The deputy in term is told, too; who has nothing to tell is not.
    assert_eq!(mails(&op, "bob@example.org", KIND).await, 1);
    assert_eq!(mails(&op, "quiet@telco.example", KIND).await, 0);

    // A week later the period goes on where it ended, and nothing is told twice.
    op.advance(7 * DAY);
    runs(&op).await;
    let mail = latest(&op, FP).await;
    assert!(!mail.text.contains("Affiliations requested"), "{}", mail.text);
    assert_eq!(mails(&op, FP, KIND).await, 2);
}

#[tokio::test]
async fn each_week_is_told_once_by_whatever_node_and_when() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    focal_point(&op, FP, "ofcom").await;
    asks_to_join(&op, "alice@example.org").await;
    next_monday(&op);
    let node = App::open((*op.app.config).clone(), op.clock.clone())
        .await
        .expect("a node");
    // Whichever is faster writes it.
    let _ = tokio::join!(jobs::weekly_digests(&op.app), jobs::weekly_digests(&node));
    runs(&op).await;
    op.advance(3 * DAY);
    runs(&op).await;
    assert_eq!(mails(&op, FP, KIND).await, 1);

    // The process ended before it noted that the walk was over: the rows decide.
    let forget = "DELETE FROM generations WHERE name = 'weekly_digests_sent'";
    op.app.db.execute_unprepared(forget).await.unwrap();
    runs(&op).await;
    assert_eq!(mails(&op, FP, KIND).await, 1);

    // Nothing ran for three weeks: one mail has all of it.
    asks_to_join(&op, "bob@example.org").await;
    op.advance(22 * DAY);
    runs(&op).await;
    assert_eq!(mails(&op, FP, KIND).await, 2);
    let text = latest(&op, FP).await.text;
    assert!(text.contains("Affiliations requested: 1"), "{text}");
}

#[tokio::test]
async fn who_is_away_is_told_of_the_whole_time_afterwards() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, FP, "ofcom").await;
    focal_point(&op, "other@ofcom.example", "ofcom").await;
    next_monday(&op);
    runs(&op).await;
    super::comes_back(&mut fp).await;
    does(
        &mut fp,
        "away",
        &[("away_from", &day(&op, 0)), ("away_until", &day(&op, 8))],
    )
    .await;
    asks_to_join(&op, "alice@example.org").await;
    op.advance(7 * DAY);
    runs(&op).await;
    assert_eq!(mails(&op, FP, KIND).await, 0);
    assert_eq!(mails(&op, "other@ofcom.example", KIND).await, 1);
    op.advance(7 * DAY);
    runs(&op).await;
    let text = latest(&op, FP).await.text;
    assert!(text.contains("Affiliations requested: 1"), "{text}");
}

#[tokio::test]
async fn it_is_stopped_by_its_link_and_resumed_on_the_page() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, account, _) = focal_point(&op, FP, "ofcom").await;
    let (mut stranger, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    asks_to_join(&op, "alice@example.org").await;
    next_monday(&op);
    runs(&op).await;
    let link = latest(&op, FP).await.unsubscribe.expect("a link in its head");

    // A link shows and does nothing; a link that is none of ours says so.
    let mut mailbox = op.browser();
    let page = mailbox.get(&link).await;
    assert!(page.has("#digest-open"), "{}", page.text()); // G-5
    assert_eq!(page.url.path(), "/weekly-digest/stop");
    for wrong in [
        &link[..link.len() - 1],
        "/weekly-digest/stop/wd_x.y",
        "/weekly-digest/stop",
    ] {
        assert!(op.browser().get(wrong).await.has("#digest-void"), "{wrong}");
    }
    let stopped = "SELECT COUNT(*) AS n FROM weekly_digests WHERE stopped_at IS NOT NULL";
    assert_eq!(count(&op, stopped).await, 0);
    let form = page.form(&["action=stop"]).press("action", "stop");
    let page = mailbox.send(form.clone()).await;
    assert!(page.has("#digest-stopped"), "{}", page.text());
    assert!(mailbox.send(form).await.has("#digest-stopped"));
    assert_eq!(records(&op, "account.weekly_digest_stopped").await, 1); // LG-1
    op.advance(7 * DAY);
    runs(&op).await;
    assert_eq!(mails(&op, FP, KIND).await, 1);

    // The own page says so; nobody says it of another (G-4).
    super::comes_back(&mut fp).await;
    super::comes_back(&mut stranger).await;
    let fields = [("action", "resume_digest"), ("account_id", account.as_str())];
    let page = by_hand(&mut stranger, "/focal-point/telco/office", &fields).await;
    assert!(page.status.is_client_error(), "{}", page.text());
    assert!(fp.browser.get(OFFICE).await.has("#digest-stopped"));
    let page = does(&mut fp, "resume_digest", &[]).await;
    assert!(
        page.says("flash.weekly_digest_resumed") && page.has("#stop-digest"),
        "{}",
        page.text()
    );
    assert_eq!(count(&op, stopped).await, 0);
    op.advance(7 * DAY);
    runs(&op).await;
    assert_eq!(mails(&op, FP, KIND).await, 2);

    // RFC 8058 §3.2: a mail program does it with one POST.
    for (body, status) in [
        ("List-Unsubscribe=No", StatusCode::BAD_REQUEST),
        ("List-Unsubscribe=One-Click", StatusCode::OK),
    ] {
        let request = Request::post(link.as_str())
            .header(header::HOST, "id.example.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        let answer = op.router.clone().oneshot(request.expect("a request")).await;
        assert_eq!(answer.expect("infallible").status(), status, "{body}");
    }
    assert_eq!(count(&op, stopped).await, 1);
    super::comes_back(&mut fp).await;
    does(&mut fp, "resume_digest", &[]).await;
    let page = does(&mut fp, "stop_digest", &[]).await;
    assert!(page.says("flash.weekly_digest_stopped") && page.has("#digest-stopped"));
    assert_eq!(records(&op, "account.weekly_digest_stopped").await, 3);
}

#[tokio::test]
async fn no_statement_of_the_digest_reads_a_whole_table() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, FP, "ofcom").await;
    member(&op, "bob@example.org", "ofcom", true).await;
    let asked = names_deputy(&mut fp, "bob@example.org", &day(&op, 0), &day(&op, 20)).await;
    confirms(&mut fp, &asked).await;
    asks_to_join(&op, "alice@example.org").await;
    next_monday(&op);
    op.app.db.statements().take();
    runs(&op).await;
    let statements = op.app.db.statements().take();
    assert!(statements.iter().any(|it| it.sql.contains("weekly_digests")));
    for statement in statements {
        let found = scans(&op.app, &statement).await;
        assert!(found.is_empty(), "{found:?}: {}", statement.sql);
    }
}
