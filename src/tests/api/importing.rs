//! Tests that a program takes organizations over from a table, as the page does: judged as a whole, shown before (security.md
//! AD-1, DS-1, G-9).

use serde_json::json;

use super::{Answer, Caller, administrator, client, machine};
use crate::support::{TestOp, rows};

const PATH: &str = "/api/v1/organizations/import";

async fn sends(caller: &Caller<'_>, query: &str, table: &str) -> Answer {
    let headers = [("content-type", "text/csv; charset=utf-8")];
    let path = format!("{PATH}{query}");
    caller.send("POST", &path, &headers, table.to_owned()).await
}

#[tokio::test]
async fn a_table_is_shown_and_applied_as_it_was_shown() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let alice = op.insert_person("alice").await;
    op.insert_affiliation(&alice, "telco", rows::approved(op.now()))
        .await;
    let caller = administrator(&op).await;
    let table = "id,name,membership_type,status\nofcom,Office,member_state,active\ntelco,Telco,sector_member,ended\n\
        new,New one,academia,active\n";
    let shown = sends(&caller, "?dry_run=true", table).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let counts = |body: &serde_json::Value| {
        (
            body["created"].clone(),
            body["changed"].clone(),
            body["applied"].clone(),
        )
    };
    assert_eq!(counts(&shown.body), (json!(1), json!(2), json!(false)));
    let differences = shown.body["differences"].as_array().expect("differences");
    let of = |id: &str| differences.iter().find(|it| it["id"] == id).expect("one");
    assert_eq!(
        (&of("telco")["people"], &of("new")["effect"]),
        (&json!(1), &json!("added"))
    );
    let name = json!({"member": "name", "before": "OFCOM", "after": "Office"});
    assert_eq!(of("ofcom")["members"], json!([name]));
    assert_eq!(
        caller.get("/api/v1/organizations/new").await.status,
        404,
        "nothing is applied"
    );

    // G-9: what is seen is what is applied.
    let seen = shown.body["seen"].as_str().expect("a name").to_owned();
    let other = table.replace("Office", "Bureau");
    let refused = sends(&caller, &format!("?seen={seen}"), &other).await;
    assert_eq!((refused.status, refused.problem()), (409, "conflict"));
    let applied = sends(&caller, &format!("?seen={seen}"), table).await;
    assert_eq!(
        counts(&applied.body),
        (json!(1), json!(2), json!(true)),
        "{}",
        applied.body
    );
    assert_eq!(
        caller.get("/api/v1/organizations/ofcom").await.body["name"],
        "Office"
    );
    let again = sends(&caller, "", table).await;
    assert_eq!(
        (&again.body["unchanged"], &again.body["changed"]),
        (&json!(3), &json!(0))
    );
    let pruned = sends(
        &caller,
        "?prune=true&dry_run=true",
        "id,name,membership_type\nofcom,Office,member_state\n",
    )
    .await;
    assert_eq!(pruned.body["ended"], 1);
}

#[tokio::test]
async fn a_wrong_line_refuses_the_table_and_another_form_is_none() {
    let op = TestOp::start().await;
    let rp = client(&op, "backoffice").await;
    let caller = machine(&op, &rp, "admin:organizations").await;
    let wrong = "id,name,membership_type,status\ngood,Good,academia,active\nbad,Bad,nothing,active\n";
    let refused = sends(&caller, "", wrong).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (422, "invalid"),
        "{}",
        refused.body
    );
    assert_eq!(refused.body["errors"][0]["member"], "line 3");
    assert_eq!(caller.get("/api/v1/organizations/good").await.status, 404);
    let as_json = caller.post(PATH, json!({"table": wrong})).await;
    assert_eq!(
        (as_json.status, as_json.problem()),
        (415, "unsupported-media-type")
    );
    // DS-1: up to the limit of the page.
    let long = format!("id,name,membership_type\n{}", "x".repeat(8 * 1024 * 1024));
    let too_large = sends(&caller, "", &long).await;
    assert_eq!((too_large.status, too_large.problem()), (413, "too-large"));
    assert_eq!(sends(&caller, "?dry_run=perhaps", wrong).await.status, 400);
    let reader = machine(&op, &rp, "admin:organizations:read").await;
    let refused = sends(&reader, "?dry_run=true", wrong).await;
    assert_eq!((refused.status, refused.problem()), (403, "insufficient-scope")); // AD-1
}
