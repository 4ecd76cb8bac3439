//! Tests the matrix of people and TIES rights: several are granted or taken away at once, for each person in a transaction
//! of its own with a record and one mail (security.md AF-2, AF-3, G-4, G-9, LG-1, LG-4).

use axum::http::StatusCode;

use super::{by_hand, focal_point, member};
use crate::support::traces::{count, execute};
use crate::support::{Page, Person, TestOp, rows};
use itu_account::affiliations::ties as rights;
use itu_account::domain::AffiliationId;
use itu_account::domain::actor::Context;
use itu_account::storage::ties;

const MATRIX: &str = "/focal-point/ofcom/ties";

async fn granted(op: &TestOp, id: &AffiliationId) -> Vec<String> {
    let all = ties::list_of_affiliation(op.app.db.read(), id).await.unwrap();
    let mut names: Vec<_> = all
        .into_iter()
        .filter(|it| it.status().as_str() == "granted")
        .map(|it| it.right)
        .collect();
    names.sort();
    names
}

/// Ticks cells and presses a button: the page that says what will happen comes.
async fn chooses(person: &mut Person, decision: &str, cells: &[String]) -> Page {
    let page = person.browser.get(MATRIX).await;
    let form = page.form(&["cells"]).press("decision", decision);
    let form = cells.iter().fold(form, |form, it| form.smuggle("cells", it));
    person.browser.send(form).await
}

async fn confirms(person: &mut Person, page: &Page, decision: &str, reason: &str) -> Page {
    let form = page
        .form_to("/focal-point/ofcom/ties/confirm")
        .press("decision", decision);
    let values = [("reason", reason)];
    let values = if decision == "grant" { &[] } else { &values[..] };
    person.browser.submit(form, values).await
}

#[tokio::test]
async fn several_rights_of_several_people_change_at_once() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, _, own) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (mut alice, _, of_alice) = member(&op, "alice@example.org", "ofcom", true).await;
    let (_, _, of_bob) = member(&op, "bob@example.org", "ofcom", true).await;
    let form = alice.browser.get("/account/organization").await;
    let form = form
        .form_with("right", "documents")
        .press("action", "request_ties");
    alice.browser.send(form).await;

    let page = fp.browser.get(MATRIX).await;
    // AF-2: the own row has no boxes.
    let offered = page.form(&["cells"]).offers("cells");
    assert_eq!(offered.len(), 6, "{offered:?}");
    assert!(!offered.iter().any(|it| it.starts_with(own.as_str())));
    assert!(page.text_of("nav.tabs [aria-current]").contains("(1)"));
    let none = chooses(&mut fp, "grant", &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.has("#form-notice"));

    let cells = [
        format!("{of_alice}:documents"),
        format!("{of_alice}:mailing_lists"),
        format!("{of_bob}:documents"),
    ];
    let asked = chooses(&mut fp, "grant", &cells).await;
    assert_eq!(asked.count_of("#chosen > li"), 2);
    assert!(
        granted(&op, &of_alice).await.is_empty(),
        "nothing before it is confirmed"
    );
    let done = confirms(&mut fp, &asked, "grant", "").await;
    assert_eq!((done.status, done.url.path()), (StatusCode::OK, MATRIX));
    assert!(done.text_of("#decided").contains("2 people"));
    assert_eq!(granted(&op, &of_alice).await, ["documents", "mailing_lists"]);
    assert_eq!(granted(&op, &of_bob).await, ["documents"]);
    let records = "SELECT COUNT(*) AS n FROM events WHERE action = 'ties.granted'";
    assert_eq!(count(&op, records).await, 3); // LG-1
    let mails = op.outbox().to("alice@example.org").await;
    let about: Vec<_> = mails.iter().filter(|it| it.kind == "ties_changed").collect();
    assert_eq!(about.len(), 1, "one mail for both rights"); // LG-4

    // What is granted already is no change; a right that is only requested is refused with those that are revoked.
    let asked = chooses(&mut fp, "grant", &cells[..1]).await;
    assert_eq!(asked.status, StatusCode::CONFLICT); // G-9
    assert!(asked.has("#left-out") && !asked.has("#confirm-form"));
    let form = alice.browser.get("/account/organization").await;
    let form = form
        .form_with("right", "collaboration")
        .press("action", "request_ties");
    alice.browser.send(form).await;
    let cells = [
        format!("{of_alice}:documents"),
        format!("{of_alice}:collaboration"),
        format!("{of_bob}:mailing_lists"),
    ];
    let asked = chooses(&mut fp, "take_away", &cells).await;
    assert_eq!(asked.count_of("#chosen > li"), 1);
    let done = confirms(&mut fp, &asked, "take_away", "Has moved").await;
    assert!(done.has("#decided") && done.has("#not-decided"));
    assert_eq!(granted(&op, &of_alice).await, ["mailing_lists"]);
    let mails = op.outbox().to("alice@example.org").await;
    assert!(mails.iter().any(|it| it.text.contains("Has moved")));
    let records = "SELECT COUNT(*) AS n FROM events WHERE action IN ('ties.refused', 'ties.revoked')";
    assert_eq!(count(&op, records).await, 2);
}

#[tokio::test]
async fn what_changed_since_it_was_seen_is_not_decided() {
    // G-9
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (mut alice, _, of_alice) = member(&op, "alice@example.org", "ofcom", true).await;
    let (_, _, of_bob) = member(&op, "bob@example.org", "ofcom", true).await;
    let form = alice.browser.get("/account/organization").await;
    let form = form
        .form_with("right", "documents")
        .press("action", "request_ties");
    alice.browser.send(form).await;
    let right = ["documents".to_owned()];
    let operator = Context::operator();

    // What was to be refused has been granted meanwhile; Bob's row is as it was seen.
    let cells = [format!("{of_alice}:documents"), format!("{of_bob}:documents")];
    rights::grant(&op.app, &operator, &of_bob, &right).await.unwrap();
    let asked = chooses(&mut fp, "take_away", &cells).await;
    assert_eq!(asked.count_of("#chosen > li"), 2);
    rights::grant(&op.app, &operator, &of_alice, &right)
        .await
        .unwrap();
    let done = confirms(&mut fp, &asked, "take_away", "").await;
    assert!(
        done.has("#decided") && done.has("#not-decided"),
        "{}",
        done.text()
    );
    assert_eq!(granted(&op, &of_alice).await, ["documents"]);
    assert!(granted(&op, &of_bob).await.is_empty());
    // Asked again it says so, and is done.
    let asked = chooses(&mut fp, "take_away", &cells[..1]).await;
    let done = confirms(&mut fp, &asked, "take_away", "").await;
    assert!(done.has("#decided"), "{}", done.text());
    assert!(granted(&op, &of_alice).await.is_empty());

    // What was to be granted has been refused meanwhile.
    let form = alice.browser.get("/account/organization").await;
    let form = form
        .form_with("right", "documents")
        .press("action", "request_ties");
    alice.browser.send(form).await;
    let asked = chooses(&mut fp, "grant", &cells[..1]).await;
    rights::refuse(&op.app, &operator, &of_alice, &right, "No need")
        .await
        .unwrap();
    let done = confirms(&mut fp, &asked, "grant", "").await;
    assert_eq!(done.status, StatusCode::CONFLICT);
    assert!(granted(&op, &of_alice).await.is_empty());
}

#[tokio::test]
async fn all_of_a_full_page_can_be_ticked() {
    // DS-1: a form has at most 64 fields, however many rights there are.
    let op = TestOp::start().await;
    for number in 0..5 {
        let another = format!(
            "INSERT INTO ties_right_types (id, names, position) \
             SELECT 'another_{number}', names, 100 + {number} FROM ties_right_types WHERE id = 'documents'"
        );
        execute(&op, &another).await;
    }
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    for number in 0..9 {
        let email = format!("p{number}@example.org");
        op.person(&email).await;
        let account = op.find_account(&email).await.id;
        let stage = rows::approved(op.clock.now());
        op.insert_affiliation(&account, "ofcom", stage).await;
    }
    let page = fp.browser.get(MATRIX).await;
    let offered = page.form(&["cells"]).offers("cells");
    assert!(offered.len() > 40 && offered.len() % 8 == 0, "{}", offered.len());
    let asked = chooses(&mut fp, "grant", &offered).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    assert_eq!(asked.count_of("#chosen > li"), offered.len() / 8);
    let done = confirms(&mut fp, &asked, "grant", "").await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let records = "SELECT COUNT(*) AS n FROM events WHERE action = 'ties.granted'";
    assert_eq!(count(&op, records).await, offered.len() as i64);
}

#[tokio::test]
async fn nobody_of_another_organization_nor_oneself_is_in_it() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, _, own) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, theirs) = member(&op, "theirs@example.org", "telco", true).await;
    let (_, _, pending) = member(&op, "pending@example.org", "ofcom", false).await;
    let mut answers = Vec::new();
    for id in [
        theirs.as_str(),
        "never-was",
        pending.as_str(),
        "no:such:thing",
        own.as_str(),
    ] {
        let cell = format!("{id}:documents");
        let address = format!("{MATRIX}/confirm?decision=grant&cells={cell}");
        let asked = fp.browser.get(&address).await;
        assert_eq!(asked.status, StatusCode::CONFLICT, "{id}");
        let fields = [("decision", "grant"), ("cells", cell.as_str())];
        let done = by_hand(&mut fp, &address, &fields).await;
        assert_eq!(done.status, StatusCode::CONFLICT, "{id}");
        answers.push((asked.text(), done.text()));
    }
    // G-4
    assert_eq!(answers[0], answers[1]);
    for id in [&theirs, &pending, &own] {
        assert!(granted(&op, id).await.is_empty());
    }
    let page = fp.browser.get("/focal-point/telco/ties").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    // A right that is none of ours.
    let (_, _, of_bob) = member(&op, "bob@example.org", "ofcom", true).await;
    let cell = format!("{of_bob}:everything");
    let address = format!("{MATRIX}/confirm?decision=grant&cells={cell}");
    let fields = [("decision", "grant"), ("cells", cell.as_str())];
    let done = by_hand(&mut fp, &address, &fields).await;
    assert_eq!(done.status, StatusCode::CONFLICT); // G-1
    for fields in [
        [("decision", "grant"), ("right", "documents")],
        [("decision", "approve"), ("cells", cell.as_str())],
    ] {
        let page = by_hand(&mut fp, &address, &fields).await;
        assert!(page.status.is_client_error(), "{fields:?}"); // G-3
    }
}
