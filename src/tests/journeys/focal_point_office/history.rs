//! Tests the history of an organization and the file of its people: what is of it, and nothing of others (security.md AF-6, G-4).

use axum::http::StatusCode;

use super::super::joining_an_organization::by_hand;
use super::{confirms, day, focal_point, member, names_deputy};
use crate::support::traces::execute;
use crate::support::{Page, Person, TestOp};
use itu_account::domain::role::Role;

const HISTORY: &str = "/focal-point/ofcom/history";
const FILE: &str = "/focal-point/ofcom/people.csv";

async fn decides(
    person: &mut Person,
    organization: &str,
    request: &str,
    decision: &str,
    reason: &str,
) -> Page {
    let path = format!("/focal-point/{organization}/requests/{request}");
    by_hand(person, &path, &[("decision", decision), ("reason", reason)]).await
}

#[tokio::test]
async fn what_was_decided_is_read_with_before_and_after_and_only_here() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (mut stranger, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    assert!(fp.browser.get(HISTORY).await.has("#empty"));
    for (id, name) in [("alice", "Alicia"), ("rex", "Rexford"), ("theo", "Theodora")] {
        let organization = if id == "theo" { "telco" } else { "ofcom" };
        let email = format!("{id}@example.org");
        let (_, account, request) = member(&op, &email, organization, false).await;
        execute(
            &op,
            &format!("UPDATE accounts SET first_name = '{name}' WHERE id = '{account}'"),
        )
        .await;
        let (who, decision) = match id {
            "alice" => (&mut fp, "approve"),
            "rex" => (&mut fp, "reject"),
            _ => (&mut stranger, "approve"),
        };
        let page = decides(who, organization, request.as_str(), decision, "As agreed").await;
        assert!(page.status.is_success(), "{}", page.text());
    }
    let asked = names_deputy(&mut fp, "alice@example.org", &day(&op, 1), &day(&op, 2)).await;
    confirms(&mut fp, &asked).await;

    let page = fp.browser.get(HISTORY).await;
    assert_eq!(page.count_of("#history > li"), 3, "{}", page.text());
    let text = page.text();
    for said in [
        "Alicia",
        "Affiliation approved",
        "Named a deputy Focal Point",
        "As agreed",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(page.has("#history .badges .badge"));
    // AF-6: who was rejected is the person's own again. Nothing of the other organization is here.
    for other in ["Rexford", "Theodora"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
    assert_eq!(text.matches("As agreed").count(), 1, "{text}");
    let offices = fp.browser.get(&format!("{HISTORY}?show=offices")).await;
    assert_eq!(offices.count_of("#history > li"), 1);
    for path in [
        &format!("{HISTORY}?show=everything"),
        &format!("{HISTORY}?after=x"),
    ] {
        assert_eq!(fp.browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in [HISTORY, FILE] {
        assert_eq!(
            stranger.browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        ); // G-4
    }
    // An administrator sees their own decisions, whoever they were about.
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    assert!(admin.browser.get(HISTORY).await.text().contains("Rexford"));
}

#[tokio::test]
async fn a_long_history_has_pages() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    for number in 0..30 {
        // Several have the same time.
        let at = (op.now() - chrono::Duration::minutes(number / 3)).to_rfc3339();
        let sql = format!(
            "INSERT INTO events (at, actor, action, object, success, network, request_id, organization_id, acted_as, browser) \
             VALUES ('{at}', 'system', 'affiliation.lapsed', 'affiliation:a{number}', true, '', '', 'ofcom', 'system', '')"
        );
        execute(&op, &sql).await;
    }
    let first = fp.browser.get(HISTORY).await;
    let second = fp.browser.get(&first.link_of("a[rel=next]")).await;
    let rows = [&first, &second].map(|it| it.count_of("#history > li"));
    assert_eq!(rows, [25, 5]);
    assert!(!second.has("a[rel=next]") && second.has("a[rel=first]"));
}

#[tokio::test]
async fn the_people_of_a_list_are_a_table_that_calculates_nothing() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, alice, _) = member(&op, "alice@example.org", "ofcom", true).await;
    member(&op, "pending@example.org", "ofcom", false).await;
    member(&op, "theirs@example.org", "telco", true).await;
    let title = "UPDATE accounts SET job_title = '=HYPERLINK(\"https://evil.example\")' WHERE id = ";
    execute(&op, &format!("{title}'{alice}'")).await;
    let path = format!("/focal-point/ofcom/people/{alice}");
    by_hand(&mut fp, &path, &[("action", "grant"), ("right", "documents")]).await;

    let list = fp.browser.get("/focal-point/ofcom/people").await;
    let file = fp.browser.get(&list.link_of("#file")).await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").starts_with("attachment"));
    let text = file.body.strip_prefix('\u{feff}').expect("a BOM");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().get(2), Some("email"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let of = |email: &str| rows.iter().find(|it| &it[2] == email);
    assert_eq!(rows.len(), 2, "{text}");
    let row = of("alice@example.org").expect("Alice");
    assert_eq!(
        (&row[3], &row[7]),
        ("'=HYPERLINK(\"https://evil.example\")", "documents")
    );
    assert_eq!(&of("fp@ofcom.example").expect("the Focal Point")[6], "true");
    let found = fp.browser.get(&format!("{FILE}?q=alice@example.org")).await;
    assert_eq!(found.body.lines().count(), 2);
    assert_eq!(
        fp.browser.get(&format!("{FILE}?filter=x")).await.status,
        StatusCode::NOT_FOUND
    );
}
