//! Tests the deletion of an account: what ends at once, what stops it, what services get meanwhile. `erasure` has what is
//! left after it, `former_addresses` what becomes of addresses that it had, `killed` what a process leaves that ended.

mod erasure;
mod former_addresses;
mod in_parts;
mod killed;

use axum::http::StatusCode;
use serde_json::json;

use crate::journeys::joining_an_organization::{focal_point, member};
use crate::journeys::second_factor::sets_up;
use crate::support::traces::count;
use crate::support::{Page, Person, Site, TestOp};
use itu_account::accounts::{Error, deletion, erasure as erasure_of};
use itu_account::domain::actor::Context;
use itu_account::domain::role::Role;
use itu_account::jobs;

const EMAIL: &str = "alice@example.org";
const PAGE: &str = "/account/delete";
const STOP: &str = "/account/delete/stop";
const KEEP: &str = "/login/keep-account";
const DAY: i64 = 24 * 3600;

async fn alice(op: &TestOp) -> Person {
    let mut alice = op.person(EMAIL).await;
    alice.logs_in().await;
    alice
}

/// Goes from the page of the own data through the confirmation, and returns the page after it.
pub async fn deletes(person: &mut Person) -> Page {
    let page = person.browser.get("/account/data").await;
    let page = person.browser.get(&page.link_of("#to-delete")).await;
    assert_eq!(page.url.path(), PAGE, "{}", page.text());
    person.browser.confirms(&page, "#delete").await
}

async fn changes_address(op: &TestOp, person: &mut Person, to: &str) {
    let page = person.browser.get("/account/email").await;
    let form = page.form(&["email"]).press("action", "request");
    person.browser.submit(form, &[("email", to)]).await;
    let code = op.outbox().code(to).await;
    let form = person.browser.get("/account/email").await.form(&["code"]);
    let form = form.press("action", "confirm");
    person.browser.submit(form, &[("code", &code)]).await;
}

async fn carries_out(op: &TestOp) {
    jobs::delete_accounts(&op.app).await.unwrap();
}

async fn mails(op: &TestOp, to: &str) -> usize {
    let mails = op.outbox().to(to).await;
    mails.iter().filter(|it| it.kind == "account_deletion").count()
}

async fn exists(op: &TestOp, email: &str) -> bool {
    let key = itu_account::domain::account::EmailAddress::parse(email)
        .unwrap()
        .key();
    let found = itu_account::storage::accounts::find_by_email(op.app.db.read(), &key).await;
    found.unwrap().is_some()
}

#[tokio::test]
async fn all_access_ends_at_once_and_the_services_are_told() {
    let site = Site::start().await;
    site.answers("/out", 200, &[], "");
    let op = TestOp::with(|config| site.is_allowed(config)).await;
    let mut shop = op
        .client_with(
            "shop",
            json!({"first_party": false, "backchannel_logout_uri": site.at("/out")}),
        )
        .await;
    let mut alice = alice(&op).await;
    let mut elsewhere = alice.elsewhere(&op);
    elsewhere.logs_in().await;
    let code = alice.logs_in_at(&mut shop, "openid email offline_access").await;
    let tokens = shop.redeems(&code).await.unwrap();

    // The page says what it means before anything happens.
    let page = alice.browser.get(PAGE).await;
    assert!(page.text().contains(EMAIL) && page.has("#delete") && page.has("#to-download"));
    assert!(!page.has("#affiliation-ends") && !page.has("#last-focal-point"));
    assert_eq!(mails(&op, EMAIL).await, 0); // G-5
    let page = deletes(&mut alice).await;
    assert!(
        page.url.path() == STOP && page.has("#deletion-begun"),
        "{}",
        page.text()
    );
    assert!(page.text().contains(EMAIL));

    for browser in [&mut alice.browser, &mut elsewhere.browser] {
        assert_eq!(browser.get("/account").await.url.path(), "/login");
    }
    assert!(shop.userinfo(&tokens.access_token).await.is_err());
    let refusal = shop.refreshes(&tokens.refresh_token.unwrap()).await;
    assert_eq!(refusal.unwrap_err().error, "invalid_grant");
    jobs::deliver_logouts(&op.app).await.unwrap();
    assert_eq!(site.received("/out").len(), 1); // LO-3
    assert_eq!(mails(&op, EMAIL).await, 1); // LG-4
    let withdrawn =
        "SELECT COUNT(*) AS n FROM events WHERE action = 'consent.withdrawn' AND object LIKE 'client:%'";
    assert_eq!(count(&op, withdrawn).await, 1); // LG-1
    let link = op.outbox().link(EMAIL, STOP).await;
    assert!(link.starts_with("https://id.example.test/account/delete/stop?token=ad_"));
    // Nothing goes before its time.
    op.advance(13 * DAY);
    carries_out(&op).await;
    assert!(exists(&op, EMAIL).await);
    op.advance(DAY);
    carries_out(&op).await;
    assert!(!exists(&op, EMAIL).await);
    assert_eq!(alice.logs_in().await.url.path(), "/login");
}

#[tokio::test]
async fn the_link_keeps_the_account_without_a_login() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    deletes(&mut alice).await;
    let link = op.outbox().link(EMAIL, STOP).await;
    let mut browser = op.browser();
    let page = browser.get(&link).await;
    assert_eq!(page.url.query(), None, "the token leaves the address");
    assert!(
        page.has("#deletion-open") && page.text().contains(EMAIL),
        "{}",
        page.text()
    );
    carries_out(&op).await;
    let form = page.find_form_at(STOP).unwrap();
    let (one, two) = (browser.send(form.clone()).await, browser.get(&link).await);
    assert!(one.has("#deletion-done"), "{}", one.text());
    assert!(two.has("#deletion-void"), "{}", two.text()); // G-8
    assert_eq!(mails(&op, EMAIL).await, 2);
    assert_eq!(alice.logs_in().await.url.path(), "/account");
    op.advance(20 * DAY);
    carries_out(&op).await;
    assert!(exists(&op, EMAIL).await);
    // A new deletion has a link of its own; the old one stays spent.
    alice.logs_in().await;
    deletes(&mut alice).await;
    assert!(op.browser().get(&link).await.has("#deletion-void"));
    op.advance(14 * DAY);
    let newest = op.outbox().link(EMAIL, STOP).await;
    assert!(op.browser().get(&newest).await.has("#deletion-void"));
    for wrong in ["ad_x", "pr_x", "%3Cb%3E"] {
        let page = op.browser().get(&format!("{STOP}?token={wrong}")).await;
        assert!(page.has("#deletion-void"), "{wrong}"); // G-7
    }
}

#[tokio::test]
async fn a_login_meanwhile_leads_to_the_choice_and_services_get_nothing() {
    let op = TestOp::start().await;
    let mut events = op.client("events").await;
    let mut alice = alice(&op).await;
    deletes(&mut alice).await;
    let page = alice.logs_in().await;
    assert_eq!(page.url.path(), KEEP, "{}", page.text());
    assert!(page.text().contains(EMAIL) && page.has("#to-download") && page.has("#to-logout"));
    for path in [
        "/account",
        "/account/profile",
        "/account/security/password",
        "/device",
    ] {
        assert_eq!(alice.browser.get(path).await.url.path(), KEEP, "{path}");
    }
    for path in [PAGE, "/account/delete/confirm?action=delete"] {
        assert_eq!(alice.browser.get(path).await.url.path(), KEEP, "{path}");
    }
    // The own data can be taken along. Its page leads back to the choice, and nowhere that is closed.
    let data = alice.browser.get("/account/data").await;
    assert_eq!(data.link_of("#what-comes-first"), KEEP);
    assert!(
        !data.has("main nav.tabs") && !data.has("#delete-account"),
        "{}",
        data.text()
    );
    let form = data.form(&["action=request"]);
    alice.browser.send(form.press("action", "request")).await;
    jobs::build_data_downloads(&op.app).await.unwrap();
    let read = alice.browser.get("/account/data/read").await;
    assert!(
        read.has("#what-comes-first") && !read.has("main nav.tabs"),
        "{}",
        read.text()
    );
    let file = alice.browser.get("/account/data/itu-account-data.json").await;
    let data: serde_json::Value = serde_json::from_str(&file.body).unwrap();
    let row = &data["tables"]["account_deletions"][0];
    assert!(row["delete_at"].is_string(), "{row}");
    let link = &data["tables"]["deletion_links"][0];
    assert!(link["email"] == EMAIL && link.get("digest").is_none(), "{link}");

    // No service gets a code meanwhile (G-10), also not silently.
    let silent = events.authorization_url("openid", &[("prompt", "none")]);
    let back = alice.browser.get(&silent).await;
    assert_eq!(back.query("error").as_deref(), Some("interaction_required"));
    let url = events.authorization_url("openid", &[]);
    let page = alice.browser.get(&url).await;
    assert_eq!(page.url.path(), KEEP, "{}", page.text());
    let denied = alice
        .browser
        .send(page.form_to(KEEP).press("decision", "cancel"))
        .await;
    assert_eq!(denied.query("error").as_deref(), Some("access_denied"));
    let url = events.authorization_url("openid", &[]);
    let page = alice.browser.get(&url).await;
    let back = alice
        .browser
        .send(page.form_to(KEEP).press("decision", "keep"))
        .await;
    let code = events.takes(&back);
    events.redeems(&code).await.unwrap();
    assert_eq!(alice.browser.get("/account").await.url.path(), "/account");
    assert_eq!(mails(&op, EMAIL).await, 2);
    // Kept in another window: the page leads on.
    assert_eq!(alice.browser.get(KEEP).await.url.path(), "/account");
}

#[tokio::test]
async fn after_its_time_nothing_keeps_it() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    deletes(&mut alice).await;
    op.advance(14 * DAY - 1);
    let page = alice.logs_in().await;
    let form = page.form_to(KEEP).press("decision", "keep");
    op.advance(1);
    let page = alice.browser.send(form).await;
    assert!(
        page.has("#too-late") && page.find_form_at(KEEP).is_none(),
        "{}",
        page.text()
    );
    carries_out(&op).await;
    assert!(!exists(&op, EMAIL).await);
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
}

#[tokio::test]
async fn a_final_deletion_is_stopped_by_nobody_whatever_their_clock_says() {
    // G-9: the clock of the node that made it final was ahead.
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    deletes(&mut alice).await;
    let id = op.find_account(EMAIL).await.id;
    let link = op.outbox().link(EMAIL, STOP).await;
    op.advance(14 * DAY);
    assert!(erasure_of::begin(&op.app, &id).await.unwrap());
    op.advance(-60);
    let token = link.rsplit('=').next().unwrap();
    let visitor = crate::support::visitor();
    let stopped = deletion::stop_by_link(&op.app, &visitor, token).await;
    assert!(matches!(stopped, Err(Error::LinkVoid)), "{stopped:?}");
    let operator = Context::operator();
    assert!(!deletion::stop_for(&op.app, &operator, EMAIL).await.unwrap());
    // Nor is anything more mailed to the account, or set in it.
    let page = op.browser().get("/forgot-password").await;
    let before = op.outbox().to(EMAIL).await.len();
    op.browser()
        .submit(page.form(&["email"]), &[("email", EMAIL)])
        .await;
    let mails = op.outbox().to(EMAIL).await;
    assert!(
        mails[..mails.len() - before]
            .iter()
            .all(|it| it.kind == "no_account")
    );
    op.advance(60);
    carries_out(&op).await;
    assert!(!exists(&op, EMAIL).await);
}

#[tokio::test]
async fn it_needs_a_recent_login_with_the_second_factor() {
    // SE-4
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    let page = alice.browser.get(PAGE).await;
    let form = alice.browser.is_asked(&page, "#delete").await;
    op.advance(301);
    let page = alice.browser.send(form).await;
    assert_eq!(page.url.path(), "/reauthenticate", "{}", page.text());
    let page = alice.browser.get(PAGE).await;
    assert!(!page.has("#delete"));
    let page = alice.browser.get(&page.link_of("#prove-first")).await;
    let password = alice.password.clone();
    let page = alice
        .browser
        .submit(page.form(&["password"]), &[("password", &password)])
        .await;
    assert!(page.url.path() == PAGE && page.has("#delete"), "{}", page.text());
    // Whoever has the password alone does not delete an account with a second factor.
    let mut guarded = op.person("guarded@example.org").await;
    let mut thief = guarded.elsewhere(&op);
    thief.logs_in().await;
    sets_up(&op, &mut guarded).await;
    assert!(!thief.browser.get(PAGE).await.has("#delete"));
    assert!(guarded.browser.get(PAGE).await.has("#delete"));
}

#[tokio::test]
async fn one_administrator_remains() {
    // AD-1
    let op = TestOp::start().await;
    let mut ada = op.person_with("ada@itu.example", Role::Administrator).await;
    ada.logs_in().await;
    let page = ada.browser.get(PAGE).await;
    assert!(
        page.has("#last-administrator") && !page.has("#delete"),
        "{}",
        page.text()
    );
    let operator = Context::operator();
    let refused = deletion::begin_for(&op.app, &operator, "ada@itu.example").await;
    assert!(refused.is_err());
    let mut bea = op.person_with("bea@itu.example", Role::Administrator).await;
    bea.logs_in().await;
    // Of two who leave at once, one stays.
    let (one, two) = tokio::join!(
        deletion::begin_for(&op.app, &operator, "ada@itu.example"),
        deletion::begin_for(&op.app, &operator, "bea@itu.example")
    );
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|it| **it).count(), 1);
}

#[tokio::test]
async fn the_last_focal_point_may_leave_and_requests_go_to_administrators() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Ofcom", "member_state").await;
    let (mut fiona, ..) = focal_point(&op, "fiona@ofcom.example", "ofcom").await;
    member(&op, "pat@ofcom.example", "ofcom", false).await;
    let mut ada = op.person_with("ada@itu.example", Role::Administrator).await;
    ada.logs_in().await;
    let waits = async |ada: &mut Person| ada.browser.get("/admin/requests").await.text().contains("pat@");
    assert!(!waits(&mut ada).await);
    let page = fiona.browser.get(PAGE).await;
    assert!(
        page.has("#last-focal-point") && page.has("#affiliation-ends"),
        "{}",
        page.text()
    );
    deletes(&mut fiona).await;
    assert!(waits(&mut ada).await);
    // Whoever keeps the account has lost nothing.
    let page = fiona.logs_in().await;
    fiona
        .browser
        .send(page.form_to(KEEP).press("decision", "keep"))
        .await;
    assert!(!waits(&mut ada).await);
    assert_eq!(fiona.browser.get("/focal-point").await.status, StatusCode::OK);
    focal_point(&op, "felix@ofcom.example", "ofcom").await;
    assert!(fiona.browser.get(PAGE).await.has("#office-ends"));
    deletes(&mut fiona).await;
    op.advance(14 * DAY);
    carries_out(&op).await;
    assert!(!exists(&op, "fiona@ofcom.example").await);
    let fiona_mails = op.outbox().to("fiona@ofcom.example").await;
    assert!(fiona_mails.is_empty(), "{fiona_mails:?}");
}

#[tokio::test]
async fn a_reminder_comes_once_with_a_link_of_its_own() {
    let op = TestOp::start().await;
    let mut alice = alice(&op).await;
    deletes(&mut alice).await;
    let first = op.outbox().link(EMAIL, STOP).await;
    op.advance(11 * DAY - 1);
    carries_out(&op).await;
    assert_eq!(mails(&op, EMAIL).await, 1);
    op.advance(1);
    let (one, two) = tokio::join!(jobs::delete_accounts(&op.app), jobs::delete_accounts(&op.app));
    one.and(two).unwrap();
    assert_eq!(mails(&op, EMAIL).await, 2);
    let second = op.outbox().link(EMAIL, STOP).await;
    assert_ne!(first, second);
    for link in [&first, &second] {
        assert!(op.browser().get(link).await.has("#deletion-open"));
    }
    let mut browser = op.browser();
    let page = browser.get(&second).await;
    browser.send(page.find_form_at(STOP).unwrap()).await;
    assert!(op.browser().get(&first).await.has("#deletion-void"));
}

#[tokio::test]
async fn nobody_deletes_an_account_behind_its_owners_back() {
    let op = TestOp::start().await;
    let mut thief = alice(&op).await;
    changes_address(&op, &mut thief, "thief@example.org").await;
    deletes(&mut thief).await;
    // The address that the account had a moment ago is told as well.
    assert_eq!(
        (mails(&op, EMAIL).await, mails(&op, "thief@example.org").await),
        (1, 1)
    );
    let link = op.outbox().link(EMAIL, "/account/email/undo").await;
    let mut owner = op.browser();
    let page = owner.get(&link).await;
    let page = owner.send(page.form_to("/account/email/undo")).await;
    assert!(page.has("#undo-done"), "{}", page.text());
    op.advance(20 * DAY);
    carries_out(&op).await;
    assert!(op.find_account(EMAIL).await.is_active());
}

#[tokio::test]
async fn the_operator_begins_and_stops_it_for_a_person() {
    let op = TestOp::start().await;
    op.person(EMAIL).await;
    let operator = Context::operator();
    let (app, nobody) = (&op.app, "nobody@example.org");
    assert_eq!(deletion::begin_for(app, &operator, nobody).await.unwrap(), None);
    assert!(!deletion::stop_for(app, &operator, EMAIL).await.unwrap());
    let until = deletion::begin_for(app, &operator, EMAIL).await.unwrap();
    assert_eq!(until, Some(op.now() + chrono::Duration::days(14)));
    assert!(deletion::begin_for(app, &operator, EMAIL).await.is_err()); // G-9
    assert!(deletion::stop_for(app, &operator, EMAIL).await.unwrap());
    assert_eq!(mails(&op, EMAIL).await, 2);
    // An account that an administrator suspended is not opened by keeping it.
    let id = op.find_account(EMAIL).await.id;
    let sql = format!("UPDATE accounts SET status = 'suspended' WHERE id = '{id}'");
    sea_orm::ConnectionTrait::execute_unprepared(&app.db, &sql)
        .await
        .unwrap();
    deletion::begin_for(app, &operator, EMAIL).await.unwrap();
    assert!(deletion::stop_for(app, &operator, EMAIL).await.unwrap());
    assert!(!op.find_account(EMAIL).await.may_log_in());
}
