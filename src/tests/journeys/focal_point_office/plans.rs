//! Tests that the pages of an organization find what waits by indexes, whatever all other organizations have.

use axum::http::StatusCode;

use super::super::joining_an_organization::{focal_point, member};
use crate::jobs::scans;
use crate::support::{Person, TestOp};
use itu_account::domain::role::Role;

/// Opens the pages, and refuses a statement that reads a whole table.
async fn opens_by_indexes(op: &TestOp, person: &mut Person, paths: &[&str]) {
    for path in paths {
        op.app.db.statements().take();
        let page = person.browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
        for statement in op.app.db.statements().take() {
            let found = scans(&op.app, &statement).await;
            assert!(found.is_empty(), "{path}: {found:?}: {}", statement.sql);
        }
    }
}

#[tokio::test]
async fn no_page_of_an_organization_reads_a_whole_table() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    member(&op, "bob@example.org", "ofcom", false).await;
    let (mut alice, ..) = member(&op, "alice@example.org", "ofcom", true).await;
    let page = alice.browser.get("/account/organization").await;
    let form = page.form_with("right", "documents");
    alice.browser.send(form.press("action", "request_ties")).await;
    let page = fp.browser.get("/focal-point/ofcom/ties").await;
    assert!(page.text_of("nav.tabs [aria-current]").contains("(1)"));
    let of_focal_points = [
        "/focal-point/ofcom/requests",
        "/focal-point/ofcom/requests?status=&only=ties",
        "/focal-point/ofcom/people",
        "/focal-point/ofcom/people?q=alice+ofcom",
        "/focal-point/ofcom/people?filter=ties_waiting",
        "/focal-point/ofcom/people?filter=focal_points",
        "/focal-point/ofcom/ties",
        "/focal-point/ofcom/ties?filter=ties_waiting",
        "/focal-point/ofcom/office",
        "/focal-point/ofcom/people.csv?q=alice",
        "/focal-point/ofcom/history",
        "/focal-point/ofcom/history?show=ties",
    ];
    opens_by_indexes(&op, &mut fp, &of_focal_points).await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    opens_by_indexes(
        &op,
        &mut admin,
        &["/admin", "/admin/requests", "/admin/organizations/ofcom"],
    )
    .await;
}
