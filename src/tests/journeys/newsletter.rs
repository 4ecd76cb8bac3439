//! Tests the newsletter: the proof of consent that is kept with a subscription, and the link that stops it without a
//! login, for a person and for a mail program (RFC 8058).

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use tower::ServiceExt;

use crate::support::{ISSUER, Page, Person, TestOp};
use itu_account::jobs;

const EMAIL: &str = "alice@example.org";
const STOP: &str = "/newsletter/stop";
const PROFILE: &str = "/account/profile";
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

async fn rows(op: &TestOp, query: &str) -> usize {
    let db = op.app.db.read();
    let query = Statement::from_string(db.get_database_backend(), query);
    db.query_all_raw(query).await.expect("rows").len()
}

async fn ticks(person: &mut Person, ticked: bool) -> Page {
    let form = person.browser.get(PROFILE).await.form(&["newsletter"]);
    let value = if ticked { "on" } else { "" };
    person.browser.submit(form, &[("newsletter", value)]).await
}

/// Returns a person who has subscribed in the profile, in French.
async fn subscriber(op: &TestOp) -> Person {
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    alice.browser.get("/account/profile?ui_locales=fr").await;
    let page = ticks(&mut alice, true).await;
    assert!(page.has("#consent"), "{}", page.text());
    alice
}

impl TestOp {
    async fn is_subscribed(&self) -> bool {
        self.find_account(EMAIL).await.newsletter
    }

    /// Returns the address in the head of the mail about the subscription.
    async fn stop_link(&self) -> String {
        let mails = self.outbox().to(EMAIL).await;
        let mail = mails.iter().find(|it| it.kind == "newsletter_subscribed");
        let mail = mail.expect("a mail about the subscription");
        let link = mail.unsubscribe.clone().expect("a link in its head");
        assert!(mail.text.contains(&link), "{}", mail.text);
        link
    }

    /// Sends what a mail program sends: no cookie, no origin, no form token.
    async fn mail_program_posts(&self, link: &str, kind: &str, body: &str) -> StatusCode {
        let request = Request::post(link)
            .header(header::HOST, "id.example.test")
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body.to_owned()));
        let answer = self.router.clone().oneshot(request.expect("a request")).await;
        let answer = answer.expect("infallible");
        assert!(!answer.headers().contains_key(header::LOCATION)); // RFC 8058 §3.1
        assert!(!answer.headers().contains_key(header::SET_COOKIE));
        answer.status()
    }
}

#[tokio::test]
async fn consent_is_kept_with_its_proof_and_shown() {
    let op = TestOp::start().await;
    let mut alice = subscriber(&op).await;
    assert!(op.is_subscribed().await);
    let page = alice.browser.get(PROFILE).await;
    let proof = page.text_of("#consent");
    for part in [
        "Français",
        "192.0.2.1",
        "S’abonner à la lettre d’information",
        "Profil",
    ] {
        assert!(proof.contains(part), "{part}: {proof}");
    }
    // Saved again, nothing happens again.
    let mails = op.outbox().count().await;
    ticks(&mut alice, true).await;
    assert_eq!(op.outbox().count().await, mails);
    assert_eq!(rows(&op, "SELECT * FROM newsletter_subscriptions").await, 1);

    // All of it is in the download of the person's data.
    let form = alice.browser.get("/account/data").await.form(&["action=request"]);
    alice.browser.send(form.press("action", "request")).await;
    jobs::build_data_downloads(&op.app).await.expect("built");
    let file = alice.browser.get("/account/data/itu-account-data.json").await;
    let data: Value = serde_json::from_str(&file.body).expect("JSON");
    let row = &data["tables"]["newsletter_subscriptions"][0];
    assert_eq!(
        (&row["language"], &row["page"]),
        (&"fr".into(), &"profile".into())
    );
    assert_eq!(row["words_digest"].as_str().map(str::len), Some(64));
    let read = alice.browser.get("/account/data/read").await;
    assert!(
        read.text_of("#section-newsletter_subscriptions")
            .contains("192.0.2.1")
    );

    let page = ticks(&mut alice, false).await;
    assert!(!page.has("#consent") && !op.is_subscribed().await);
    let open = "SELECT * FROM newsletter_subscriptions WHERE stopped_at IS NULL";
    assert_eq!(rows(&op, open).await, 0);
    // A new consent is a record of its own.
    ticks(&mut alice, true).await;
    assert_eq!(rows(&op, "SELECT * FROM newsletter_subscriptions").await, 2);
    assert_eq!(rows(&op, open).await, 1);
    let events = "SELECT * FROM events WHERE action LIKE 'account.newsletter%'";
    assert_eq!(rows(&op, events).await, 3); // LG-1
}

#[tokio::test]
async fn a_person_stops_it_by_the_link_and_takes_that_back() {
    let op = TestOp::start().await;
    subscriber(&op).await;
    let link = op.stop_link().await;
    let mut mailbox = op.browser();
    let page = mailbox.get(&link).await;
    assert_eq!(page.url.as_str(), format!("{ISSUER}{STOP}"));
    assert!(page.has("#newsletter-open") && op.is_subscribed().await); // G-5
    let form = page.form(&["action=stop"]).press("action", "stop");
    let page = mailbox.send(form.clone()).await;
    assert!(page.has("#newsletter-stopped #again"), "{}", page.text());
    assert!(!op.is_subscribed().await);
    // Pressed again, and the link opened again: it stays so.
    op.advance(120);
    assert!(mailbox.send(form).await.has("#newsletter-stopped"));
    assert!(op.browser().get(&link).await.has("#newsletter-stopped"));

    let page = mailbox.get(STOP).await;
    let page = mailbox
        .send(page.form(&["action=again"]).press("action", "again"))
        .await;
    assert!(
        page.has("#newsletter-open") && op.is_subscribed().await,
        "{}",
        page.text()
    );
    let stop_page = "SELECT * FROM newsletter_subscriptions WHERE page = 'stop' AND stopped_at IS NULL";
    assert_eq!(rows(&op, stop_page).await, 1);
    let page = mailbox
        .send(page.form(&["action=stop"]).press("action", "stop"))
        .await;
    let again = page.form(&["action=again"]).press("action", "again");
    // A day later the link stops, and nothing else.
    op.advance(24 * 3600);
    let page = mailbox.send(again).await;
    assert!(
        page.has("#newsletter-stopped") && !page.has("#again"),
        "{}",
        page.text()
    );
    assert!(!op.is_subscribed().await);
}

#[tokio::test]
async fn whoever_stopped_it_in_the_profile_is_not_subscribed_by_a_link() {
    let op = TestOp::start().await;
    let mut alice = subscriber(&op).await;
    let link = op.stop_link().await;
    ticks(&mut alice, false).await;
    let page = op.browser().get(&link).await;
    assert!(
        page.has("#newsletter-stopped") && !page.has("#again"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_mail_program_stops_it_with_one_post() {
    // RFC 8058 §3.2
    const FORM: &str = "application/x-www-form-urlencoded";
    let op = TestOp::start().await;
    subscriber(&op).await;
    let link = op.stop_link().await;
    for (kind, body) in [
        (FORM, ""),
        (FORM, "List-Unsubscribe=No"),
        ("application/json", "{}"),
    ] {
        let status = op.mail_program_posts(&link, kind, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let other = link.replace("nl_", "nl_x");
    assert_eq!(
        op.mail_program_posts(&other, FORM, ONE_CLICK).await,
        StatusCode::NOT_FOUND
    );
    assert!(op.is_subscribed().await);
    for _ in 0..2 {
        assert_eq!(
            op.mail_program_posts(&link, FORM, ONE_CLICK).await,
            StatusCode::OK
        );
        assert!(!op.is_subscribed().await);
    }
    let by = "SELECT * FROM newsletter_subscriptions WHERE stopped_by = 'one_click'";
    assert_eq!(rows(&op, by).await, 1);
    // It did not go by the account's address: the link works after a change of it, and for an old mail.
    assert!(op.browser().get(&link).await.has("#again"));
}

#[tokio::test]
async fn a_link_that_is_none_of_ours_does_nothing() {
    let op = TestOp::start().await;
    subscriber(&op).await;
    let link = op.stop_link().await;
    let cut = &link[..link.len() - 1];
    for wrong in [cut, "/newsletter/stop/nl_x.y", "/newsletter/stop/%00", STOP] {
        let page = op.browser().get(wrong).await;
        assert!(page.has("#newsletter-void"), "{wrong}: {}", page.text());
    }
    assert!(op.is_subscribed().await);
}
