//! Tests that the office of Focal Point is handed over in one act, or given up, and that whoever had it reads so.

use axum::http::StatusCode;

use super::super::joining_an_organization::by_hand;
use super::{OFFICE, does, focal_point, mails, member, records};
use crate::support::TestOp;
use itu_account::domain::OrganizationId;
use itu_account::storage::focal_points;

#[tokio::test]
async fn the_office_goes_to_a_colleague_in_one_act() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, _, own) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (mut bob, _, of_bob) = member(&op, "bob@example.org", "ofcom", true).await;

    let asked = does(&mut fp, "hand_over", &[("colleague", "bob@example.org")]).await;
    assert!(asked.text_of("#consequence").contains("bob@example.org"));
    let holders = async || {
        let all = focal_points::list_of_organization(op.app.db.read(), &OrganizationId::new("ofcom")).await;
        all.unwrap()
            .into_iter()
            .map(|it| it.affiliation)
            .collect::<Vec<_>>()
    };
    assert_eq!(holders().await, std::slice::from_ref(&own));
    let form = asked
        .form_to("/focal-point/ofcom/office/confirm")
        .press("action", "hand_over");
    let page = fp.browser.send(form.clone()).await;
    assert_eq!(page.url.path(), "/account/organization");
    assert!(page.says("flash.handed_over"), "{}", page.text());
    assert_eq!(holders().await, [of_bob]);
    // A second press has the outcome of the first, although the pages are closed now.
    let page = fp.browser.send(form).await;
    assert!(page.says("flash.handed_over"), "{}", page.text());
    assert_eq!(fp.browser.get(OFFICE).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.browser.get(OFFICE).await.status, StatusCode::OK);
    assert_eq!(mails(&op, "bob@example.org", "focal_point_designated").await, 1);
    assert_eq!(mails(&op, "fp@ofcom.example", "focal_point_removed").await, 1);
    let both = (
        records(&op, "focal_point.designated").await,
        records(&op, "focal_point.removed").await,
    );
    assert_eq!(both, (1, 1)); // LG-1
}

#[tokio::test]
async fn the_office_goes_to_nobody_who_cannot_hold_it() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    focal_point(&op, "other@ofcom.example", "ofcom").await;
    let (_, pending, _) = member(&op, "pending@example.org", "ofcom", false).await;
    let (_, theirs, _) = member(&op, "theirs@example.org", "telco", true).await;
    for email in [
        "pending@example.org",
        "theirs@example.org",
        "nobody@example.org",
        "other@ofcom.example",
        "no address",
    ] {
        let page = does(&mut fp, "hand_over", &[("colleague", email)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        assert!(page.has("#colleague-error"), "{email}: {}", page.text());
    }
    for id in [pending.as_str(), theirs.as_str()] {
        let fields = [("action", "hand_over"), ("account_id", id)];
        let page = by_hand(&mut fp, OFFICE, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let page = does(&mut fp, "hand_over", &[("colleague", "fp@ofcom.example")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(records(&op, "focal_point.removed").await, 0);
}

#[tokio::test]
async fn whoever_gives_up_the_office_is_led_to_the_own_organization() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    // The last one stays.
    assert!(!fp.browser.get(OFFICE).await.has("#give-up"));
    let (_, other, _) = focal_point(&op, "other@ofcom.example", "ofcom").await;
    let page = fp.browser.get(OFFICE).await;
    let asked = fp.browser.get(&page.link_of("#give-up")).await;
    let form = asked.form(&["action=undesignate"]).press("action", "undesignate");
    let page = fp.browser.send(form.clone()).await;
    assert_eq!(page.url.path(), "/account/organization");
    assert!(page.says("flash.office_given_up"), "{}", page.text());
    let page = fp.browser.send(form).await;
    assert!(
        page.says("flash.office_given_up"),
        "a second press: {}",
        page.text()
    );
    // What the colleague does to the office meanwhile is said, too.
    let fields = [("action", "undesignate"), ("reason", "")];
    let page = by_hand(&mut fp, &format!("/focal-point/ofcom/people/{other}"), &fields).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(records(&op, "focal_point.removed").await, 1);
}
