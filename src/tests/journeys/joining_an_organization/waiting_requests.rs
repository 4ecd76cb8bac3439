//! Tests the list of requests that no Focal Point can decide: it reads what waits, and not all affiliations (product.md, AD-4).

use axum::http::StatusCode;

use super::member;
use crate::jobs::scans;
use crate::support::TestOp;
use itu_account::domain::role::Role;

#[tokio::test]
async fn no_list_of_waiting_requests_reads_all_affiliations() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    member(&op, "alice@example.org", "ofcom", false).await;
    member(&op, "bob@example.org", "ofcom", true).await;
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    for status in ["", "pending"] {
        for only in ["", "overdue", "ties"] {
            for order in ["", "newest", "name"] {
                op.app.db.statements().take();
                let query = format!("/admin/requests?q=&status={status}&only={only}&order={order}");
                let page = admin.browser.get(&query).await;
                assert_eq!(page.status, StatusCode::OK, "{query}");
                assert_eq!(
                    page.text().contains("alice@example.org"),
                    only.is_empty(),
                    "{query}"
                );
                assert!(!page.text().contains("bob@example.org"), "{query}");
                let statements = op.app.db.statements().take();
                let lists = statements
                    .iter()
                    .filter(|it| it.sql.starts_with("SELECT") && it.sql.contains("FROM \"affiliations\""));
                let mut number = 0;
                for statement in lists {
                    let mut found = scans(&op.app, statement).await;
                    // An index that holds only what waits may be read whole.
                    let of_what_waits = [
                        "affiliations_one_open",
                        "affiliations_waiting",
                        "ties_rights_requested",
                    ];
                    found.retain(|it| !of_what_waits.iter().any(|index| it.contains(index)));
                    assert!(found.is_empty(), "{query}: {found:?} in {}", statement.sql);
                    number += 1;
                }
                assert!(number > 0, "{query}: nothing was read");
            }
        }
    }
    // The people and what was decided are in the lists of one organization.
    for status in ["approved", "rejected", "waiting"] {
        let page = admin
            .browser
            .get(&format!("/admin/requests?status={status}"))
            .await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{status}");
    }
    let page = admin
        .browser
        .get("/focal-point/ofcom/requests?status=approved")
        .await;
    assert!(page.text().contains("bob@example.org"), "{}", page.text());
}
