//! Tests that an organization finds its people by what they are called now, whichever way they came and whoever wrote.

use sea_orm::ConnectionTrait;

use super::super::joining_an_organization::{focal_point, member};
use crate::support::traces::count;
use crate::support::{Person, TestOp};
use itu_account::accounts::search_words;
use itu_account::affiliations::directory::merge;
use itu_account::domain::OrganizationId;
use itu_account::domain::actor::Context;

/// Returns how many people of an organization the list has for a text.
async fn finds(person: &mut Person, organization: &str, typed: &str) -> usize {
    let page = person
        .browser
        .get(&format!("/focal-point/{organization}/people?q={typed}"))
        .await;
    assert!(page.has("#people") || page.has("#empty"), "{}", page.text());
    page.count_of("#people > li")
}

#[tokio::test]
async fn people_are_listed_by_their_names_without_accents() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let names = [
        ("Zoë", "Öz"),
        ("Ana", "Ødegård"),
        ("Kim", "haddad Aziz"),
        ("Yara", "Haddad"),
    ];
    for (number, (first, last)) in names.into_iter().enumerate() {
        let (mut person, ..) = member(&op, &format!("person{number}@example.org"), "ofcom", true).await;
        let form = person.browser.get("/account/profile").await.form(&["first_name"]);
        let renamed = [("first_name", first), ("last_name", last)];
        person.browser.submit(form, &renamed).await;
    }
    let list = fp.browser.get("/focal-point/ofcom/people?q=example.org").await;
    let text = list.text_of("#people");
    let sorted = ["Yara Haddad", "Kim haddad Aziz", "Ana Ødegård", "Zoë Öz"];
    let places = sorted.map(|it| text.find(it).expect("on the list"));
    assert!(places.is_sorted(), "{text}");
}

#[tokio::test]
async fn people_are_found_by_what_they_are_called_now() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (mut other, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    let (mut alice, ..) = member(&op, "alice@example.org", "ofcom", true).await;
    assert_eq!(finds(&mut fp, "ofcom", "alice@example.org").await, 1);
    assert_eq!(finds(&mut fp, "ofcom", "nobody").await, 0);
    // AF-6: of another organization, nobody.
    assert_eq!(finds(&mut other, "telco", "alice@example.org").await, 0);
    assert_eq!(finds(&mut other, "telco", "").await, 1);

    let form = alice.browser.get("/account/profile").await.form(&["first_name"]);
    let renamed = [("first_name", "Xanthippe"), ("last_name", "Le Goff")];
    alice.browser.submit(form, &renamed).await;
    for (typed, number) in [
        ("xanth", 1),
        ("goff+xan", 1),
        ("xan+nobody", 0),
        ("alice@example.org", 1),
    ] {
        assert_eq!(finds(&mut fp, "ofcom", typed).await, number, "{typed}");
    }
    let form = alice.browser.get("/account/profile").await.form(&["first_name"]);
    alice.browser.submit(form, &[("first_name", "Yolande")]).await;
    assert_eq!(finds(&mut fp, "ofcom", "xanth").await, 0);
    assert_eq!(finds(&mut fp, "ofcom", "yolande").await, 1);

    // A release before wrote no words.
    for sql in ["DELETE FROM account_words", "UPDATE accounts SET search_fold = 0"] {
        op.app.db.execute_unprepared(sql).await.expect("done");
    }
    assert_eq!(count(&op, "SELECT count(*) AS n FROM affiliation_words").await, 0);
    search_words::write_missing(&op.app).await.expect("written");
    assert_eq!(finds(&mut fp, "ofcom", "yolande").await, 1);

    let [from, into] = ["telco", "ofcom"].map(OrganizationId::new);
    let merged = merge::merge(&op.app, &Context::operator(), &from, &into, "").await;
    merged.expect("merged");
    assert_eq!(finds(&mut fp, "ofcom", "fp@telco.example").await, 1);
    let left = "SELECT count(*) AS n FROM affiliation_words WHERE organization_id = 'telco'";
    assert_eq!(count(&op, left).await, 0);
}
