//! Tests the second factor that a deployment demands of people in office: the time to set it up, and each way to the work
//! of the office once it is over (security.md PW-9; product.md, "Second factor").

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};

use super::joining_an_organization::{focal_point, member};
use super::second_factor::{enters, sets_up, sets_up_in_session};
use crate::support::{Page, Person, TestOp};
use itu_account::accounts::second_factor;
use itu_account::affiliations::{self, directory, focal_points, lifecycle::decisions, roster, ties};
use itu_account::deployment;
use itu_account::domain::OrganizationId;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::role::{Duty, Role};
use itu_account::oidc::clients;

const REQUIRED: &str = "/account/security/required";
const ADMIN: &str = "admin@itu.example";
const FOCAL_POINT: &str = "fp@ofcom.example";
const DAY: i64 = 86_400;

async fn demanding(duties: &[Duty]) -> TestOp {
    let duties = duties.to_vec();
    let op = TestOp::with(|config| config.policy.second_factor = duties).await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op
}

/// Returns an administrator after the first login under the policy.
async fn administrator(op: &TestOp) -> (Person, Page) {
    let mut person = op.person_with(ADMIN, Role::Administrator).await;
    let page = person.logs_in().await;
    (person, page)
}

async fn context(op: &TestOp, email: &str) -> Context {
    let account = op.find_account(email).await;
    let mut context = Context::of(Actor::Person {
        account: account.id,
        role: account.role,
    });
    context.authenticated_at = Some(op.now());
    context
}

/// Returns how often the trail has this of the account.
async fn recorded(op: &TestOp, email: &str, action: &str, success: bool) -> usize {
    let account = op.find_account(email).await.id;
    let query = format!(
        "SELECT id FROM events WHERE object = 'account:{account}' AND action = '{action}' AND success = {success}"
    );
    let db = op.app.db.read();
    let query = Statement::from_string(db.get_database_backend(), query);
    db.query_all_raw(query).await.unwrap().len()
}

#[tokio::test]
async fn an_administrator_is_told_and_has_two_weeks() {
    let op = demanding(&[Duty::Administrator]).await;
    let (mut admin, page) = administrator(&op).await;
    assert_eq!(page.url.path(), REQUIRED, "{}", page.text());
    assert!(page.has("#setup-passkey") && page.has("#setup-totp"));
    assert!(
        page.text_of("#deadline")
            .contains("Until then everything remains open")
    );
    let page = admin.browser.get(&page.link_of("#go-on")).await;
    assert_eq!(page.url.path(), "/account");
    assert_eq!(admin.browser.get("/admin").await.status, StatusCode::OK);

    // The time begins once, whatever logins follow, and the page leads on to where the login leads.
    op.advance(14 * DAY - 1);
    let mut later = admin.elsewhere(&op);
    let login = later.browser.get("/admin/proposals").await;
    let page = later.enters_password(login).await;
    assert_eq!(page.url.path(), REQUIRED);
    assert_eq!(page.link_of("#go-on"), "/admin/proposals");
    assert_eq!(later.browser.get("/admin/proposals").await.status, StatusCode::OK);
    assert_eq!(recorded(&op, ADMIN, "second_factor.demanded", true).await, 1);
    let history = later.browser.get("/account/history?topic=security").await;
    assert!(history.text().contains("Two-step login required for your office"));

    op.advance(1);
    let page = later.browser.get("/admin/proposals").await;
    assert_eq!(page.url.path(), REQUIRED);
    assert!(page.text_of("#deadline").contains("ended on"), "{}", page.text());
    assert_eq!(page.link_of("#go-on"), "/account");
    // LG-1: the visit is recorded, once in a minute, however often it is repeated, and the person sees it.
    let closed = "second_factor.office_closed";
    later.browser.get("/admin").await;
    assert_eq!(recorded(&op, ADMIN, closed, false).await, 1);
    op.advance(60);
    later.browser.get("/admin").await;
    assert_eq!(recorded(&op, ADMIN, closed, false).await, 2);
    let history = later.browser.get("/account/history?topic=security").await;
    assert!(
        history.text().contains("Access to your office refused"),
        "{}",
        history.text()
    );
}

#[tokio::test]
async fn every_page_of_the_office_stays_closed_until_it_is_set_up() {
    let op = demanding(&[Duty::Administrator]).await;
    administrator(&op).await;
    op.advance(15 * DAY);
    let mut admin = op.visitor(ADMIN);
    admin.logs_in().await;
    let routes = itu_account::http::router::routes(&op.app);
    use itu_account::http::routes::Audience;
    for (pattern, audience) in routes.table() {
        let path = pattern.replace(['{', '}'], "");
        match audience {
            Audience::Administrator | Audience::Staff | Audience::Support | Audience::FocalPoint => {
                let page = admin.browser.get(&path).await;
                assert_eq!(page.url.path(), REQUIRED, "{path}");
                let answer = admin.browser.post(&path, &[("csrf", "x")]).await;
                let is_closed =
                    answer.url.path() == REQUIRED || answer.status == StatusCode::METHOD_NOT_ALLOWED;
                assert!(is_closed, "POST {path}: {}", answer.text());
            }
            _ => {}
        }
    }
    // The own account stays open: the factor is set up there.
    assert_eq!(admin.browser.get("/account/profile").await.status, StatusCode::OK);
    sets_up_in_session(&op, &mut admin).await;
    assert_eq!(admin.browser.get("/admin").await.url.path(), "/admin");
    assert_eq!(admin.browser.get(REQUIRED).await.url.path(), "/account");
}

#[tokio::test]
async fn the_rooms_refuse_whichever_door_is_used() {
    let op = demanding(&[Duty::Administrator, Duty::FocalPoint]).await;
    administrator(&op).await;
    let (_, _, office) = focal_point(&op, FOCAL_POINT, "ofcom").await;
    let (_, _, pending) = member(&op, "ann@ofcom.example", "ofcom", false).await;
    let ofcom = OrganizationId::new("ofcom");
    let app = &op.app;
    let is_closed = |refused: Option<affiliations::Error>| {
        matches!(refused, Some(affiliations::Error::SecondFactorRequired))
    };
    // While the time runs, nothing is refused for this reason.
    let admin = context(&op, ADMIN).await;
    assert!(deployment::overview(app, &admin).await.is_ok());

    op.advance(15 * DAY);
    for email in [ADMIN, FOCAL_POINT] {
        let who = context(&op, email).await;
        let list = roster::organization(app, &who, &ofcom).await;
        assert!(is_closed(list.err()), "{email}: a list");
        let one = roster::find(app, &who, &pending).await;
        assert!(is_closed(one.err()), "{email}: a person");
        let approved = decisions::approve(app, &who, &pending, "").await;
        assert!(is_closed(approved.err()), "{email}: an approval");
        let rejected = decisions::reject(app, &who, &pending, "Not known here").await;
        assert!(is_closed(rejected.err()), "{email}: a rejection");
        let designated = focal_points::designate(app, &who, &pending).await;
        assert!(is_closed(designated.err()), "{email}: a designation");
        let removed = focal_points::undesignate(app, &who, &office, "").await;
        assert!(is_closed(removed.err()), "{email}: an office taken away");
        let granted = ties::grant(app, &who, &pending, &["documents".to_owned()]).await;
        assert!(is_closed(granted.err()), "{email}: a right");
    }
    let admin = context(&op, ADMIN).await;
    assert!(is_closed(deployment::overview(app, &admin).await.err()));
    assert!(is_closed(directory::csv::export(app, &admin).await.err()));
    assert!(is_closed(
        directory::proposals::reject(app, &admin, &ofcom, "").await.err()
    ));
    let search = clients::ClientSearch {
        text: "",
        page: 1,
        size: 0,
    };
    assert!(clients::search(app, &admin, &search).await.is_err());
    // The operator has no account that anybody could take over.
    assert!(deployment::overview(app, &Context::operator()).await.is_ok());
}

#[tokio::test]
async fn a_focal_point_decides_again_with_a_factor() {
    let op = demanding(&[Duty::FocalPoint]).await;
    let (mut person, ..) = focal_point(&op, FOCAL_POINT, "ofcom").await;
    let requests = "/focal-point/ofcom/requests";
    assert_eq!(person.browser.get(requests).await.status, StatusCode::OK);
    op.advance(15 * DAY);
    person.logs_in().await;
    assert_eq!(person.browser.get(requests).await.url.path(), REQUIRED);
    sets_up_in_session(&op, &mut person).await;
    assert_eq!(person.browser.get(requests).await.url.path(), requests);

    // The operator takes the factor away from who has lost it: the whole time begins again with the next login.
    let gone = second_factor::remove_for(&op.app, &Context::operator(), FOCAL_POINT).await;
    assert!(gone.unwrap());
    let mut later = person.elsewhere(&op);
    let page = later.logs_in().await;
    assert_eq!(page.url.path(), REQUIRED);
    assert_eq!(later.browser.get(requests).await.status, StatusCode::OK);

    // An administrator is not among those of whom it is demanded.
    let (mut admin, page) = administrator(&op).await;
    assert_eq!(page.url.path(), "/account");
    assert_eq!(admin.browser.get("/admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_begun_without_the_factor_presents_it_first() {
    let op = demanding(&[Duty::Administrator]).await;
    let (mut before, _) = administrator(&op).await;
    let mut admin = before.elsewhere(&op);
    let (app, _) = sets_up(&op, &mut admin).await;
    let step = before.browser.get("/admin").await;
    let page = enters(&mut before.browser, &step, &app.shows(&op)).await;
    assert_eq!(page.url.path(), "/admin", "{}", page.text());
}

#[tokio::test]
async fn the_last_factor_stays_while_the_office_needs_it() {
    let op = demanding(&[Duty::Administrator]).await;
    let (mut admin, _) = administrator(&op).await;
    sets_up_in_session(&op, &mut admin).await;
    let totp = "/account/security/totp";
    let page = admin.browser.get(totp).await;
    let page = admin.browser.confirms(&page, "#remove-totp").await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.notes("error.second_factor_required"), "{}", page.text());
    assert_eq!(recorded(&op, ADMIN, "second_factor.removed", false).await, 1);
    assert!(admin.browser.get(totp).await.has("#remove-totp"));
    assert_eq!(admin.browser.get("/admin").await.status, StatusCode::OK);

    // With a second one it can go; then that one stays.
    let mut device = crate::support::Authenticator::new();
    super::second_factor::passkeys::makes(&mut admin, &mut device).await;
    let page = admin.browser.get(totp).await;
    let page = admin.browser.confirms(&page, "#remove-totp").await;
    assert!(page.says("flash.totp_removed"), "{}", page.text());
    let page = admin.browser.get("/account/security/passkeys").await;
    let page = admin.browser.confirms(&page, "#remove-1").await;
    assert!(page.notes("error.second_factor_required"), "{}", page.text());
    assert!(
        !admin
            .browser
            .get("/account/security/passkeys")
            .await
            .has("#no-passkeys")
    );
}

#[tokio::test]
async fn a_service_does_not_wait_for_the_office() {
    let op = demanding(&[Duty::Administrator]).await;
    administrator(&op).await;
    op.advance(15 * DAY);
    let mut rp = op.client("web").await;
    let mut admin = op.visitor(ADMIN);
    let login = admin.browser.get(&rp.authorization_url("openid", &[])).await;
    let back = admin.enters_password(login).await;
    rp.redeems(&rp.takes(&back)).await.expect("tokens");
}

#[tokio::test]
async fn without_the_policy_nothing_is_demanded() {
    let op = demanding(&[]).await;
    let (mut admin, page) = administrator(&op).await;
    assert_eq!(page.url.path(), "/account");
    op.advance(100 * DAY);
    admin.logs_in().await;
    assert_eq!(admin.browser.get("/admin").await.status, StatusCode::OK);
    sets_up_in_session(&op, &mut admin).await;
    let page = admin.browser.get("/account/security/totp").await;
    let page = admin.browser.confirms(&page, "#remove-totp").await;
    assert!(page.says("flash.totp_removed"), "{}", page.text());
}
