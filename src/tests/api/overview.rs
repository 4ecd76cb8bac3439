//! Tests `/api/v1/overview`.

use super::{administrator, client, machine};
use crate::support::TestOp;

#[tokio::test]
async fn a_program_reads_how_the_deployment_fares() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let rp = client(&op, "watch").await;
    let reader = machine(&op, &rp, "admin:operations:read").await;
    let found = reader.get("/api/v1/overview").await;
    assert_eq!(found.status, 200, "{}", found.body);
    let days = found.body["days"].as_array().expect("days");
    assert_eq!(days.len(), 30);
    assert_eq!(found.body["signing_keys"].as_array().map(Vec::len), Some(3));
    assert_eq!(found.body["requests"]["number"], 0);
    assert!(administrator(&op).await.get("/api/v1/overview").await.status == 200);
    // AD-1: the powers of another area are not enough.
    let other = machine(&op, &rp, "admin:accounts admin:clients admin:audit").await;
    assert_eq!(other.get("/api/v1/overview").await.status, 403);
}
