//! Tests that the claims of a token and the permissions of an office follow the state of the moment (security.md G-10,
//! SE-4).

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::{claims, focal_point, member};
use crate::support::{PASSWORD, TestOp};
use itu_account::affiliations::directory::csv;
use itu_account::affiliations::lifecycle::decisions;
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::scope::Scope;
use itu_account::jobs;
use itu_account::oidc::clients;

const ALL: &str = "openid email offline_access itu_membership";

#[tokio::test]
async fn nothing_is_returned_any_more_about_who_is_no_longer_let_in() {
    // G-10
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let policy = json!({"access_policy": {"affiliation": "approved"}});
    let mut members = op.client_with("members", policy).await;
    let mut open = op.client("open").await;
    let (mut alice, _, affiliation) = member(&op, "alice@telco.example", "telco", true).await;
    let code = alice.logs_in_at(&mut members, ALL).await;
    let tokens = members.redeems(&code).await.expect("tokens");
    let code = alice.logs_in_at(&mut open, ALL).await;
    let others = open.redeems(&code).await.expect("tokens");
    assert_eq!(members.introspects(&tokens.access_token).await["active"], true);

    decisions::remove(&op.app, &Context::operator(), &affiliation, "left")
        .await
        .unwrap();
    assert_eq!(
        members.introspects(&tokens.access_token).await,
        json!({"active": false})
    );
    let answer = members.get("/userinfo", &tokens.access_token).await;
    assert_eq!(answer.status(), 401);
    let refresh = tokens.refresh_token.expect("a refresh token");
    assert_eq!(
        members.refreshes(&refresh).await.expect_err("refused").error,
        "invalid_grant"
    );
    assert_eq!(
        open.claims(&others.access_token).await["affiliation_status"],
        "removed"
    );
}

#[tokio::test]
async fn nothing_is_returned_for_a_scope_that_is_registered_no_longer() {
    // G-10
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, ALL).await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    let access_token = &tokens.access_token;
    assert_eq!(rp.claims(access_token).await["email"], "alice@example.org");

    let narrow = async |scope: &str| {
        let before = clients::find(&op.app, &ClientId::new("events"))
            .await
            .expect("a client");
        let mut update = clients::Update::of(&before);
        update.definition.metadata.scope = Scope::parse(scope).expect("a scope");
        let after = clients::update(&op.app, &Context::operator(), update).await;
        after.expect("an administrator decides");
    };
    narrow("openid offline_access").await;
    let returned = rp.claims(access_token).await;
    assert!(
        returned.get("email").is_none() && returned.get("affiliation_status").is_none(),
        "{returned}"
    );
    let returned = rp.introspects(access_token).await;
    assert_eq!(returned["scope"], "openid offline_access", "{returned}");
    let refresh = tokens.refresh_token.as_ref().expect("a refresh token");
    assert_eq!(rp.introspects(refresh).await["scope"], "openid offline_access");
    narrow("reports").await;
    assert_eq!(rp.introspects(access_token).await, json!({"active": false}));
    assert_eq!(rp.get("/userinfo", access_token).await.status(), 401);
}

#[tokio::test]
async fn an_office_is_not_taken_away_through_the_affiliation_by_an_old_login() {
    // SE-4
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    let (_, second, affiliation) = focal_point(&op, "second@telco.example", "telco").await;
    let (_, plain, _) = member(&op, "plain@telco.example", "telco", true).await;
    op.advance(6 * 60);
    let page = fp
        .browser
        .get(&format!("/focal-point/telco/people/{plain}"))
        .await;
    let removed = fp.browser.confirms(&page, "#remove").await;
    assert_eq!(removed.url.path(), "/focal-point/telco/people");

    let of_second = format!("/focal-point/telco/people/{second}");
    let page = fp.browser.get(&of_second).await;
    let asked = fp.browser.confirms(&page, "#remove").await;
    assert_eq!(asked.url.path(), "/reauthenticate", "{}", asked.text());
    let still = itu_account::storage::affiliations::find(op.app.db.read(), &affiliation).await;
    assert_eq!(still.unwrap().unwrap().status().as_str(), "approved");
    let form = asked.form(&["password"]);
    let page = fp.browser.submit(form, &[("password", PASSWORD)]).await;
    let form = page.form(&["action=remove"]).press("action", "remove");
    let removed = fp.browser.send(form).await;
    assert_eq!(
        removed.url.path(),
        "/focal-point/telco/people",
        "{}",
        removed.text()
    );
}

#[tokio::test]
async fn a_membership_ends_within_a_minute_of_its_last_day() {
    // G-10
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let today = op.clock.now().date_naive();
    let file = format!("id,valid_until\ntelco,{today}\n");
    let imported = csv::import(&op.app, &Context::operator(), file.as_bytes()).await;
    imported.expect("imported");
    let mut rp = op.client("events").await;
    let (mut alice, ..) = member(&op, "alice@telco.example", "telco", true).await;
    let minute = async || {
        let due = jobs::ALL
            .iter()
            .filter(|it| it.every <= std::time::Duration::from_mins(1));
        for job in due {
            (job.run)(op.app.clone()).await.expect("done");
        }
    };
    minute().await;
    assert_eq!(
        claims(&mut alice, &mut rp).await["affiliation_status"],
        "approved"
    );
    op.clock.advance(chrono::Duration::days(1));
    minute().await;
    assert_eq!(claims(&mut alice, &mut rp).await["affiliation_status"], "lapsed");
}

#[tokio::test]
async fn who_is_suspended_has_nothing_of_what_was_issued_before() {
    // G-10, UI-5
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, ALL).await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    let code = alice.logs_in_at(&mut rp, ALL).await;
    let refresh = tokens.refresh_token.as_ref().expect("a refresh token");

    let backend = op.app.db.read().get_database_backend();
    let suspend = Statement::from_string(backend, "UPDATE accounts SET status = 'suspended'");
    op.app.db.execute_raw(suspend).await.expect("suspended");

    let inactive = json!({"active": false});
    assert_eq!(rp.introspects(&tokens.access_token).await, inactive);
    assert_eq!(rp.introspects(refresh).await, inactive);
    assert_eq!(rp.get("/userinfo", &tokens.access_token).await.status(), 401);
    assert_eq!(
        rp.refreshes(refresh).await.expect_err("refused").error,
        "invalid_grant"
    );
    assert_eq!(
        rp.redeems(&code).await.expect_err("refused").error,
        "invalid_grant"
    );
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    let again = alice.elsewhere(&op).logs_in().await;
    assert_eq!(again.url.path(), "/login", "{}", again.text());
}
