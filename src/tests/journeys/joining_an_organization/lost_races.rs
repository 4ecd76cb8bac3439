//! Tests decisions that another person made first: 409 for a person who may see the object, also where the decision has
//! taken it out of their sight, and 404 for everybody else (security.md G-9). Forms are made by hand, as a page that
//! was opened before the decision would send them.

use axum::http::StatusCode;

use super::{by_hand, focal_point, member};
use crate::support::TestOp;
use itu_account::affiliations::directory::proposals as directory;
use itu_account::affiliations::lifecycle::{decisions, requests, withdrawal};
use itu_account::domain::OrganizationId;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::role::Role;
use itu_account::domain::signup::{Choice, OrganizationChoice, TypedOrganization};

fn of(account: &itu_account::domain::AccountId) -> Context {
    Context::of(Actor::Person {
        account: account.clone(),
        role: Role::User,
    })
}

#[tokio::test]
async fn who_could_see_a_request_hears_that_it_was_decided() {
    // G-9
    let op = TestOp::start().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    op.insert_organization("other", "Other", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    let (mut rival, ..) = focal_point(&op, "fp@other.example", "other").await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let (_, alice, withdrawn) = member(&op, "alice@telco.example", "telco", false).await;
    let (_, bob, rejected) = member(&op, "bob@telco.example", "telco", false).await;
    let (_, carol, left) = member(&op, "carol@telco.example", "telco", true).await;
    let app = &op.app;
    withdrawal::withdraw(app, &of(&alice), &withdrawn).await.unwrap();
    decisions::reject(app, &Context::operator(), &rejected, "no")
        .await
        .unwrap();
    withdrawal::withdraw(app, &of(&carol), &left).await.unwrap();

    for request in [&withdrawn, &rejected, &left] {
        let here = format!("/focal-point/telco/requests/{request}");
        assert_eq!(fp.browser.get(&here).await.status, StatusCode::NOT_FOUND); // AF-6
        for (decision, reason) in [("approve", ""), ("reject", "x")] {
            let fields = [("decision", decision), ("reason", reason)];
            let answer = by_hand(&mut fp, &here, &fields).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{here} {decision}");
            let answer = by_hand(&mut admin, &format!("/admin/requests/{request}"), &fields).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{decision}");
            let answer = by_hand(&mut rival, &here, &fields).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{here} {decision}");
        }
    }
    let person = format!("/focal-point/telco/people/{carol}");
    assert_eq!(fp.browser.get(&person).await.status, StatusCode::NOT_FOUND);
    let nobody = format!(
        "/focal-point/telco/people/{}",
        op.find_account(&rival.email).await.id
    );
    for action in ["grant", "refuse", "revoke", "remove", "designate", "undesignate"] {
        let fields = [("action", action), ("right", "documents")];
        let of_carol = by_hand(&mut fp, &person, &fields).await;
        assert_eq!(of_carol.status, StatusCode::CONFLICT, "{action}");
        let of_rival = by_hand(&mut rival, &person, &fields).await;
        assert_eq!(of_rival.status, StatusCode::NOT_FOUND, "{action}");
        let of_nobody = by_hand(&mut fp, &nobody, &fields).await;
        assert_eq!(of_nobody.status, StatusCode::NOT_FOUND, "{action}");
    }
    let gone = [("action", "undesignate"), ("account_id", carol.as_str())];
    let answer = by_hand(&mut admin, "/admin/organizations/telco", &gone).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let _ = bob;
}

#[tokio::test]
async fn a_proposal_is_decided_once() {
    // G-9
    let op = TestOp::start().await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let typed = TypedOrganization {
        name: "Corner Shop".into(),
        acronym: String::new(),
        website: String::new(),
        city: "Geneva".into(),
        membership_type: itu_account::domain::MembershipTypeId::new("non_member"),
        member_state: "CH".into(),
    };
    let choice = Choice {
        organization: OrganizationChoice::Typed(typed),
        request_ties: false,
    };
    let account = op.find_account(&alice.email).await.id;
    let (_, proposed) = requests::change(&op.app, &of(&account), &choice).await.unwrap();
    let operator = Context::operator();
    directory::reject(&op.app, &operator, &proposed.id, "no")
        .await
        .unwrap();

    let page = format!("/admin/proposals/{}", proposed.id);
    let fields = [("decision", "reject"), ("reason", "x")];
    assert_eq!(
        by_hand(&mut admin, &page, &fields).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(admin.browser.get(&page).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        by_hand(&mut alice, &page, &fields).await.status,
        StatusCode::NOT_FOUND
    );
    let never = OrganizationId::new("never");
    let page = format!("/admin/proposals/{never}");
    assert_eq!(
        by_hand(&mut admin, &page, &fields).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_session_and_a_consent_end_once() {
    // G-9
    let op = TestOp::start().await;
    let mut guest = op
        .client_with("guest", serde_json::json!({"first_party": false}))
        .await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut guest, "openid email").await;
    guest.redeems(&code).await.expect("tokens");
    let mut there = alice.elsewhere(&op);
    there.logs_in().await;
    let mut bob = op.person("bob@example.org").await;
    bob.logs_in().await;
    let page = alice.browser.get("/account/sessions").await;
    let links = page.links();
    let of_there = links
        .iter()
        .find_map(|it| it.split_once("session_id=").map(|it| it.1));
    let of_there = of_there
        .expect("another session")
        .split('&')
        .next()
        .unwrap()
        .to_owned();

    let end = [("action", "end"), ("session_id", of_there.as_str())];
    let by_bob = by_hand(&mut bob, "/account/sessions", &end).await;
    assert_eq!(by_bob.status, StatusCode::NOT_FOUND); // G-4
    assert_eq!(
        by_hand(&mut alice, "/account/sessions", &end).await.status,
        StatusCode::OK
    );
    let again = by_hand(&mut alice, "/account/sessions", &end).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let by_bob = by_hand(&mut bob, "/account/sessions", &end).await;
    assert_eq!(by_bob.status, StatusCode::NOT_FOUND);

    let withdraw = [("action", "withdraw"), ("client_id", "guest")];
    assert_eq!(
        by_hand(&mut alice, "/account/services", &withdraw).await.status,
        StatusCode::OK
    );
    let again = by_hand(&mut alice, "/account/services", &withdraw).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let by_bob = by_hand(&mut bob, "/account/services", &withdraw).await;
    assert_eq!(by_bob.status, StatusCode::NOT_FOUND);
}
