//! Tests what is counted of a service and shown to its owner and to administrators: people, logins day by day, refused
//! requests by kind (product.md, "Administration").

use super::administrator;
use crate::support::{Page, Person, TestOp};
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::client_use::CountedUse;
use itu_account::jobs;
use itu_account::oidc::clients::{self, Usage};

const DAY: i64 = 24 * 60 * 60;

async fn usage(op: &TestOp, id: &str) -> Usage {
    let found = clients::usage(&op.app, &Context::operator(), &ClientId::new(id)).await;
    found.expect("the use")
}

fn refused(usage: &Usage, kind: CountedUse) -> u64 {
    let found = usage.refused.iter().find(|it| it.0 == kind);
    found.expect("every kind").1
}

async fn shown(admin: &mut Person) -> Page {
    admin.browser.get("/admin/clients/shop").await
}

#[tokio::test]
async fn logins_and_refusals_are_counted_day_by_day() {
    let op = TestOp::start().await;
    let mut shop = op.client("shop").await;
    let none = usage(&op, "shop").await;
    assert_eq!((none.people, none.last_login_at, none.days.len()), (0, None, 30));
    let mut alice = op.person("alice@example.org").await;
    for _ in 0..2 {
        let code = alice.logs_in_at(&mut shop, "openid").await;
        shop.redeems(&code).await.expect("tokens");
    }
    // What is not stored yet is shown, and counted once when it is.
    let first = usage(&op, "shop").await;
    assert_eq!((first.people, first.days.last().map(|it| it.1)), (1, Some(2)));
    jobs::store_use_of_clients(&op.app).await.expect("stored");
    jobs::store_use_of_clients(&op.app)
        .await
        .expect("nothing to store");
    assert_eq!(usage(&op, "shop").await, first);

    op.advance(DAY);
    let mut bob = op.person("bob@example.org").await;
    let code = bob.logs_in_at(&mut shop, "openid").await;
    shop.redeems(&code).await.expect("tokens");
    shop.redeems(&code).await.expect_err("a code once");
    let wrong = shop
        .authorization_url("openid", &[])
        .replace("callback", "elsewhere");
    op.browser().get(&wrong).await;
    let wrong = shop
        .authorization_url("openid", &[])
        .replace("response_type=code", "response_type=x");
    op.browser().get(&wrong).await;
    shop.secret = Some("not-the-secret-of-this-service-0123456789".to_owned());
    let (status, _) = shop
        .posts("/token", &[("grant_type", "authorization_code")])
        .await;
    assert_eq!(status, 401);
    jobs::store_use_of_clients(&op.app).await.expect("stored");
    let now = usage(&op, "shop").await;
    let days: Vec<u64> = now.days.iter().rev().take(3).map(|it| it.1).collect();
    assert_eq!((now.people, days), (2, vec![1, 2, 0]));
    assert_eq!(
        now.last_login_at.map(|it| it.date_naive()),
        Some(op.now().date_naive())
    );
    for kind in [
        CountedUse::RedirectUri,
        CountedUse::Request,
        CountedUse::Authentication,
        CountedUse::Token,
    ] {
        assert_eq!(refused(&now, kind), 1, "{kind}");
    }
    let mut admin = administrator(&op, "admin").await;
    let page = shown(&mut admin).await;
    assert_eq!(page.attribute_of("#logins", "data-count").as_deref(), Some("3"));
    assert_eq!(page.count_of("#days dd"), 30);
    let token = page.attribute_of("#refused [data-kind=token]", "data-count");
    assert_eq!(token.as_deref(), Some("1"));

    // After thirty days nothing of it is left, on the page or in the database.
    op.advance(30 * DAY);
    jobs::sweep(&op.app).await.expect("swept");
    let late = usage(&op, "shop").await;
    assert!(late.days.iter().all(|it| it.1 == 0) && late.people == 2);
    let rows = crate::support::traces::count(&op, "SELECT COUNT(*) AS n FROM client_counts").await;
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn another_of_the_same_name_begins_at_nothing() {
    let op = TestOp::start().await;
    let mut shop = op.client("shop").await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut shop, "openid").await;
    shop.redeems(&code).await.expect("tokens");
    jobs::store_use_of_clients(&op.app).await.expect("stored");
    let id = ClientId::new("shop");
    clients::delete(&op.app, &Context::operator(), &id)
        .await
        .expect("deleted");
    op.client("shop").await;
    assert!(usage(&op, "shop").await.days.iter().all(|it| it.1 == 0));
}
