//! Tests what a service would get of a person, and whom its access policy lets in, before anybody logs in (security.md AD-10):
//! the same as at a login.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::administrator;
use super::owners::owner;
use crate::support::traces::count;
use crate::support::{TestOp, rows};
use itu_account::domain::ClientId;
use itu_account::domain::account::Status;
use itu_account::domain::actor::Context;
use itu_account::domain::scope::Scope;
use itu_account::i18n::{self, Locale};
use itu_account::oidc::clients::{self, MOST_COUNTED, Whom};

#[tokio::test]
async fn the_preview_is_what_a_login_gives() {
    // AD-10
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let metadata = json!({"scope": "openid profile email itu_membership", "subject_type": "pairwise",
        "access_policy": {"affiliation": "approved"}});
    let mut shop = op.client_with("shop", metadata).await;
    let mut alice = op.person("alice@example.org").await;
    let account = op.find_account("alice@example.org").await;
    op.insert_affiliation(&account.id, "telco", rows::approved(op.now()))
        .await;
    let code = alice.logs_in_at(&mut shop, "openid email itu_membership").await;
    let tokens = shop.redeems(&code).await.expect("tokens");
    let mut stated = shop.claims(&tokens.access_token).await;
    let sub = stated.as_object_mut().and_then(|it| it.remove("sub"));
    let scope = Scope::parse("openid email itu_membership").expect("a scope");
    let of = (&Whom::Account(&account.id), Some(&scope));
    let preview = clients::preview_claims(&op.app, &Context::operator(), &ClientId::new("shop"), of).await;
    let preview = preview.expect("a preview");
    assert_eq!(Some(Value::from(preview.sub.as_str())), sub);
    assert_eq!(Value::Object(preview.userinfo.clone()), stated);
    assert!(preview.refused.is_none());
    let why = |claim: &str| {
        let found = preview.withheld.iter().find(|it| it.claim == claim);
        found.map(|it| it.reason.as_str())
    };
    assert_eq!(why("name"), Some("not_asked"));
    assert_eq!(why("job_title"), Some("not_registered"));
    assert_eq!(why("focal_point"), None);
    assert_eq!(why("email"), None);
}

#[tokio::test]
async fn a_person_is_named_by_the_address_and_sees_that_they_were_looked_at() {
    // AD-10
    let op = TestOp::start().await;
    let metadata = json!({"scope": "openid profile", "access_policy": {"affiliation": "approved", "ties_rights": ["documents"]}});
    op.client_with("shop", metadata).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    let page = admin.browser.get(&page.link_of("#people-preview")).await;
    assert_eq!(page.attribute_of("#number", "data-count").as_deref(), Some("0"));
    let viewed = "SELECT COUNT(*) AS n FROM events WHERE action = 'account.viewed'";
    for (q, scope, wrong) in [
        ("alice", "", "q"),
        ("nobody@example.org", "", "q"),
        ("alice@example.org", "\"", "scope"),
    ] {
        let page = admin
            .browser
            .submit(page.form(&["q"]), &[("q", q), ("scope", scope)])
            .await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{q} {scope}");
        assert_eq!(page.field_errors(), [wrong]);
    }
    assert_eq!(count(&op, viewed).await, 0);
    let form = page.form(&["q"]);
    let page = admin.browser.submit(form, &[("q", "alice@example.org")]).await;
    assert!(page.has("#refused") && !page.has("#let-in"), "{}", page.text());
    assert_eq!(page.count_of("#refused li"), 2);
    assert_eq!(page.text_of("#userinfo [data-claim=given_name]"), "Alice");
    assert!(page.has("#withheld [data-withheld=preferred_username][data-reason=needs_email]"));
    assert_eq!(count(&op, viewed).await, 1);
    let history = alice.browser.get("/account/history").await;
    let viewed_text = i18n::text(Locale::En, "history.event.viewed", &()).expect("a text");
    assert!(history.text().contains(&viewed_text), "{}", history.text());

    // An owner sees none of it.
    let mut owner = owner(&op, "shop").await;
    for path in ["", "?q=alice@example.org"] {
        let seen = owner
            .browser
            .get(&format!("/admin/clients/shop/people{path}"))
            .await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(count(&op, viewed).await, 1);
}

#[tokio::test]
async fn whom_a_policy_lets_in_is_counted_and_listed() {
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let policy = json!({"access_policy": {"affiliation": "approved", "membership_types": ["sector_member"]}});
    op.client_with("shop", policy).await;
    op.client("open").await;
    for (name, organization, status) in [
        ("b", "telco", Status::Active),
        ("a", "telco", Status::Active),
        ("c", "telco", Status::Suspended),
        ("d", "ofcom", Status::Active),
    ] {
        let mut account = rows::account(&format!("{name}@example.org"), op.now());
        account.status = status;
        op.insert_account(account.clone(), None).await;
        op.insert_affiliation(&account.id, organization, rows::approved(op.now()))
            .await;
    }
    let found = clients::preview_access(&op.app, &Context::operator(), &ClientId::new("shop")).await;
    let found = found.expect("a preview");
    let addresses: Vec<&str> = found.people.iter().map(|it| it.email.as_str()).collect();
    assert_eq!((found.number, found.is_more, found.is_open), (2, false, false));
    assert_eq!(addresses, ["a@example.org", "b@example.org"]);
    let open = clients::preview_access(&op.app, &Context::operator(), &ClientId::new("open")).await;
    let open = open.expect("a preview");
    assert!(open.is_open && open.people.is_empty());

    // Of very many it is only said that they are more; no statement reads a whole table.
    for number in 0..=MOST_COUNTED {
        let account = rows::account(&format!("p{number}@example.org"), op.now());
        op.insert_account(account.clone(), None).await;
        op.insert_affiliation(&account.id, "telco", rows::approved(op.now()))
            .await;
    }
    let found = clients::preview_access(&op.app, &Context::operator(), &ClientId::new("shop")).await;
    let found = found.expect("a preview");
    assert_eq!((found.number, found.is_more), (MOST_COUNTED, true));
    assert_eq!(found.people[0].email.as_str(), "a@example.org");
    assert!(found.people.len() >= 24);
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop/people").await;
    assert!(
        page.text_of("#number").contains("More than 1000 people")
            || page.text_of("#number").contains("1,000")
    );
    let page = admin.browser.get("/admin/clients/open/people").await;
    assert!(page.has("#open") && !page.has("#people"));
}
