//! Tests that the Focal Point's list approves several requests with one button, each on its own: every decision with a
//! record of its own, what cannot be approved named, and nothing of another organization touched (product.md;
//! security.md AF-2, G-4, G-9, LG-1).

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};

use super::{by_hand, focal_point, member};
use crate::support::{Form, Page, Person, TestOp};
use itu_account::domain::AffiliationId;
use itu_account::domain::role::Role;
use itu_account::storage::affiliations;

const LIST: &str = "/focal-point/ofcom/requests";

async fn status(op: &TestOp, id: &AffiliationId) -> &'static str {
    let found = affiliations::find(op.app.db.read(), id).await.unwrap();
    found.expect("an affiliation").status().as_str()
}

/// Returns who approved it, one entry for each record.
async fn approvals(op: &TestOp, id: &AffiliationId) -> Vec<String> {
    let db = op.app.db.read();
    let query = format!(
        "SELECT actor FROM events WHERE object = 'affiliation:{id}' AND action = 'affiliation.approved'"
    );
    let query = Statement::from_string(db.get_database_backend(), query);
    let rows = db.query_all_raw(query).await.unwrap();
    rows.iter().map(|row| row.try_get("", "actor").unwrap()).collect()
}

fn list_form(page: &Page) -> Form {
    page.form(&["requests", "decision=approve"])
}

fn ticked(page: &Page, ids: &[&AffiliationId]) -> Form {
    let form = list_form(page).press("decision", "approve");
    ids.iter()
        .fold(form, |form, id| form.smuggle("requests", id.as_str()))
}

#[tokio::test]
async fn what_is_ticked_is_approved_and_the_rest_waits() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, account, _) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, alice) = member(&op, "alice@example.org", "ofcom", false).await;
    let (_, _, bob) = member(&op, "bob@example.org", "ofcom", false).await;
    let (_, _, carol) = member(&op, "carol@example.org", "ofcom", false).await;

    let page = fp.browser.get(LIST).await;
    let mut offered = list_form(&page).offers("requests");
    offered.sort();
    let mut all = [&alice, &bob, &carol].map(|it| it.as_str().to_owned());
    all.sort();
    assert_eq!(offered, all);
    let none = fp.browser.send(ticked(&page, &[])).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.has("#form-notice") && list_form(&none).offers("requests").len() == 3);

    // A request that is ticked twice is approved once.
    let done = fp.browser.send(ticked(&page, &[&alice, &bob, &alice])).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.text_of("#approved").contains("2 requests") && !done.has("#not-approved"));
    assert_eq!(list_form(&done).offers("requests"), [carol.as_str()]);
    for id in [&alice, &bob] {
        assert_eq!(status(&op, id).await, "approved");
        assert_eq!(approvals(&op, id).await, [format!("account:{account}")]); // LG-1
    }
    assert_eq!(status(&op, &carol).await, "pending");
    for address in ["alice@example.org", "bob@example.org"] {
        let mails = op.outbox().to(address).await;
        let sent = mails
            .iter()
            .filter(|it| it.text.contains("Federal Office of Communications"));
        assert_eq!(sent.count(), 1, "{address}");
    }

    // Another person was faster with one of them: it is named, the other is approved.
    let page = fp.browser.send(ticked(&page, &[&bob, &carol])).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text_of("#approved").contains("1 request"));
    assert!(page.text_of("#not-approved").contains("decided in the meantime")); // G-9
    assert_eq!(approvals(&op, &bob).await.len(), 1);
    assert_eq!(status(&op, &carol).await, "approved");
    assert!(page.has("#empty") && page.find_form(&["requests"]).is_none());
    // None of the requests could be approved.
    let again = [("decision", "approve"), ("requests", carol.as_str())];
    let page = by_hand(&mut fp, LIST, &again).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.has("#not-approved") && !page.has("#approved"));
}

#[tokio::test]
async fn another_organizations_request_in_the_list_is_as_unknown_as_any() {
    // G-4
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, own) = member(&op, "alice@example.org", "ofcom", false).await;
    let (_, _, theirs) = member(&op, "theirs@example.org", "telco", false).await;
    let never = AffiliationId::new("never-was");

    let mut answers = Vec::new();
    for id in [&theirs, &never] {
        let fields = [("decision", "approve"), ("requests", id.as_str())];
        let page = by_hand(&mut fp, LIST, &fields).await;
        assert_eq!(page.status, StatusCode::CONFLICT);
        answers.push(page.text());
    }
    assert_eq!(answers[0], answers[1]);
    assert!(!answers[0].contains("theirs@example.org"));
    let page = fp.browser.get(LIST).await;
    let page = fp.browser.send(ticked(&page, &[&theirs, &own])).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        (status(&op, &own).await, status(&op, &theirs).await),
        ("approved", "pending")
    );
    assert!(approvals(&op, &theirs).await.is_empty());

    // Under the other organization's path there is nothing for this Focal Point, not even the own.
    let fields = [("decision", "approve"), ("requests", theirs.as_str())];
    let page = by_hand(&mut fp, "/focal-point/telco/requests", &fields).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    // An administrator may decide about both, and the path still selects the organization of the list.
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let page = by_hand(&mut admin, LIST, &fields).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert_eq!(status(&op, &theirs).await, "pending");
}

#[tokio::test]
async fn the_own_request_is_left_to_others() {
    // AF-2
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let values = [
        ("membership_type", "member_state"),
        ("member_state", "CH"),
        ("organization_id", "ofcom"),
        ("request_ties", "on"),
    ];
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    for person in [&mut admin, &mut alice] {
        let sent = by_hand(person, "/account/organization/change", &values).await;
        assert_eq!(sent.url.path(), "/account/organization", "{}", sent.text());
    }
    let request = async |person: &Person| {
        let account = op.find_account(&person.email).await.id;
        let open = affiliations::find_open(op.app.db.read(), &account).await.unwrap();
        open.expect("a request").id
    };
    let (own, other) = (request(&admin).await, request(&alice).await);

    let page = admin.browser.get(LIST).await;
    assert_eq!(list_form(&page).offers("requests"), [other.as_str()]); // no box for the own
    let page = admin.browser.send(ticked(&page, &[&own, &other])).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text_of("#not-approved")
            .contains("Nobody decides about themselves")
    );
    assert_eq!(
        (status(&op, &own).await, status(&op, &other).await),
        ("pending", "approved")
    );
    assert!(approvals(&op, &own).await.is_empty());
    // TIES rights wait for a decision of their own (AF-3).
    let next = page.link("/focal-point/ofcom/people?filter=");
    assert!(
        admin
            .browser
            .get(&next)
            .await
            .text()
            .contains("alice@example.org")
    );
}

#[tokio::test]
async fn the_list_takes_its_own_fields_only_and_keeps_its_filters() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, alice) = member(&op, "alice@example.org", "ofcom", false).await;
    let long = "x".repeat(5000);
    for (fields, wanted) in [
        (vec![("decision", "reject"), ("requests", alice.as_str())], 422),
        (vec![("decision", ""), ("requests", alice.as_str())], 422),
        (vec![("decision", &*long), ("requests", alice.as_str())], 422),
        (vec![("decision", "approve")], 422),
        (vec![("decision", "approve"), ("requests", "")], 409),
        (vec![("decision", "approve"), ("requests", &long)], 409),
        (vec![("decision", "approve"), ("requests", "' OR 1=1 --")], 409),
        (vec![("decision", "approve"), ("decision", "approve")], 400), // G-2
        (vec![("decision", "approve"), ("requests[]", alice.as_str())], 400),
        (vec![("decision", "approve"), ("rights", "documents")], 400), // G-3
        (vec![("decision", "approve"), ("requests", "a\0b")], 400),    // G-1
    ] {
        let page = by_hand(&mut fp, LIST, &fields).await;
        assert_eq!(page.status.as_u16(), wanted, "{fields:?}");
        assert!(page.has("#form-notice, #not-approved, #problem"), "{fields:?}");
    }
    assert_eq!(status(&op, &alice).await, "pending");

    let page = fp.browser.get(&format!("{LIST}?q=alice&status=")).await;
    let done = fp.browser.send(ticked(&page, &[&alice])).await;
    assert_eq!(
        (done.query("q"), done.query("status")),
        (Some("alice".into()), Some(String::new()))
    );
    assert!(
        done.text().contains("alice@example.org"),
        "the same list, with who is approved"
    );
}

#[tokio::test]
async fn what_is_ticked_stays_ticked() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, alice) = member(&op, "alice@example.org", "ofcom", false).await;
    let (_, _, bob) = member(&op, "bob@example.org", "ofcom", false).await;
    let (_, _, carol) = member(&op, "carol@example.org", "ofcom", false).await;
    let still = |page: &Page| {
        let mut ids: Vec<_> = list_form(page)
            .fields
            .into_iter()
            .filter(|(name, _)| name == "requests")
            .map(|(_, id)| id)
            .collect();
        ids.sort();
        ids
    };
    let mut two = [alice.as_str(), bob.as_str()];
    two.sort_unstable();
    for ids in [&two[..], &[carol.as_str()]] {
        let form = |page: &Page| {
            let form = list_form(page);
            ids.iter().fold(form, |form, id| form.smuggle("requests", id))
        };
        // The language is changed in between.
        let page = fp.browser.get(LIST).await;
        assert!(still(&page).is_empty());
        let french = fp.browser.send(form(&page).smuggle("ui_locales", "fr")).await;
        assert!(french.has("html[lang=fr]") && still(&french) == ids, "{ids:?}");

        // The session ends in between.
        op.advance(9 * 3600); // SE-2
        let page = fp.browser.send(form(&page).smuggle("decision", "approve")).await;
        assert_eq!(page.url.path(), "/login");
        let page = fp.enters_password(page).await;
        assert_eq!(
            (page.url.path(), still(&page)),
            (LIST, ids.iter().map(|it| (*it).to_owned()).collect())
        );
        assert_eq!(status(&op, &alice).await, "pending");
    }
    let page = fp.browser.get(LIST).await;
    let done = fp.browser.send(ticked(&page, &[&alice, &bob])).await;
    assert!(done.has("#approved") && still(&done).is_empty());
}
