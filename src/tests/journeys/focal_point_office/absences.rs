//! Tests days on which Focal Points are away: mails go to the others, requests to the administrators while nobody is there.

use axum::http::StatusCode;

use super::super::joining_an_organization::by_hand;
use super::{OFFICE, asks_to_join, comes_back, day, does, focal_point, mails, records};
use crate::support::{TestOp, rows};
use itu_account::affiliations::notifications;
use itu_account::domain::affiliation::Stage;
use itu_account::domain::role::Role;
use itu_account::storage::affiliations;

const WAITING: &str = "/admin/requests";
const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn requests_go_to_those_who_are_there_and_then_to_the_administrators() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (mut other, ..) = focal_point(&op, "other@ofcom.example", "ofcom").await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;

    let values = [("away_from", &*day(&op, 0)), ("away_until", &*day(&op, 2))];
    let page = does(&mut fp, "away", &values).await;
    assert!(page.says("flash.absence_entered"), "{}", page.text());
    assert_eq!(page.count_of("#focal-points .badge.warn"), 1);
    assert!(!page.has("#nobody"));
    asks_to_join(&op, "alice@example.org").await;
    let requested = "affiliation_requested";
    assert_eq!(mails(&op, "fp@ofcom.example", requested).await, 0);
    assert_eq!(mails(&op, "other@ofcom.example", requested).await, 1);
    assert!(admin.browser.get(WAITING).await.has("#empty"));

    // The other leaves, too, from tomorrow: a term that is still to come changes nothing.
    let values = [("away_from", &*day(&op, 1)), ("away_until", &*day(&op, 1))];
    let page = does(&mut other, "away", &values).await;
    assert!(!page.has("#nobody") && page.count_of("#focal-points .badge") == 2);
    op.advance(DAY);
    for person in [&mut fp, &mut other, &mut admin] {
        comes_back(person).await;
    }
    let page = other.browser.get(OFFICE).await;
    assert!(page.has("#nobody"), "{}", page.text());
    let page = admin.browser.get("/admin/organizations/ofcom").await;
    assert!(page.has("#nobody") && page.has("#office"), "{}", page.text());
    let waiting = admin.browser.get(WAITING).await;
    assert!(waiting.text().contains("alice@example.org"), "{}", waiting.text());
    asks_to_join(&op, "bob@example.org").await;
    assert_eq!(mails(&op, "admin@itu.example", requested).await, 1);
    assert_eq!(mails(&op, "other@ofcom.example", requested).await, 1);
    // Whoever is away keeps the office.
    let queue = other.browser.get("/focal-point/ofcom/requests").await;
    assert!(queue.text().contains("bob@example.org"));

    // The last day is over: nobody needs to say so.
    op.advance(DAY);
    comes_back(&mut admin).await;
    assert!(admin.browser.get(WAITING).await.has("#empty"));
    assert_eq!(records(&op, "focal_point.absence_entered").await, 2);
}

#[tokio::test]
async fn an_absence_is_the_own_and_ends_when_its_holder_says_so() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, account, _) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, other, _) = focal_point(&op, "other@ofcom.example", "ofcom").await;
    let (mut stranger, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    let (first, last) = (day(&op, 0), day(&op, 9));

    // What is typed wrong is shown again.
    let page = does(&mut fp, "away", &[("away_from", &last), ("away_until", &first)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.has("#away_until-error") && page.body.contains(&last));
    for (from, until, field) in [
        ("", &*last, "#away_from-error"),
        ("2020-01-01", &*last, "#away_from-error"),
        (&*first, "9999-12-31", "#away_until-error"),
        (&*first, "tomorrow", "#away_until-error"),
    ] {
        let page = does(&mut fp, "away", &[("away_from", from), ("away_until", until)]).await;
        assert!(page.has(field), "{from} {until}: {}", page.text());
    }
    // Nobody says it of another; in another organization there is nothing (G-4).
    let of = |id: &str| {
        [
            ("action", "away".to_owned()),
            ("account_id", id.to_owned()),
            ("away_from", first.clone()),
            ("away_until", last.clone()),
        ]
    };
    for (person, id) in [(&mut fp, &other), (&mut stranger, &account)] {
        let fields = of(id.as_str());
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let page = by_hand(person, OFFICE, &fields).await;
        assert!(page.status.is_client_error(), "{}", page.text());
    }
    assert_eq!(stranger.browser.get(OFFICE).await.status, StatusCode::NOT_FOUND);
    assert_eq!(records(&op, "focal_point.absence_entered").await, 0);

    let page = does(&mut fp, "away", &[("away_from", &first), ("away_until", &last)]).await;
    let back = page.form(&["action=back"]).press("action", "back");
    let page = fp.browser.send(back.clone()).await;
    assert!(page.says("flash.absence_ended") && !page.has("#focal-points .badge"));
    // A second press has the outcome of the first.
    let page = fp.browser.send(back).await;
    assert!(page.says("flash.absence_ended"), "{}", page.text());
    let fields = [("action", "back"), ("account_id", account.as_str())];
    let page = by_hand(&mut fp, OFFICE, &fields).await;
    assert_eq!(page.status, StatusCode::CONFLICT); // G-9
    assert_eq!(records(&op, "focal_point.absence_ended").await, 1);
}

#[tokio::test]
async fn nobody_who_is_away_is_reminded() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.person_with("admin@itu.example", Role::Administrator).await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    op.person("alice@example.org").await;
    let alice = op.find_account("alice@example.org").await.id;
    let long_ago = op.now() - chrono::Duration::days(8);
    let request = rows::affiliation(&alice, "ofcom", Stage::Pending, long_ago);
    affiliations::insert(&op.app.db, &request).await.unwrap();
    let values = [("away_from", &*day(&op, 0)), ("away_until", &*day(&op, 30))];
    does(&mut fp, "away", &values).await;

    notifications::remind(&op.app).await.unwrap();
    assert_eq!(mails(&op, "fp@ofcom.example", "requests_reminder").await, 0);
    assert_eq!(mails(&op, "admin@itu.example", "requests_overdue").await, 1);
}
