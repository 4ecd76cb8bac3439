//! Tests that organizations and TIES rights are groups.

use serde_json::json;

use super::visibility::grant;
use super::{Service, encoded};
use crate::support::{TestOp, rows};
use itu_account::domain::OrganizationId;
use itu_account::domain::account::Account;
use itu_account::domain::organization::{Organization, OrganizationStatus};

async fn member(op: &TestOp, name: &str, organization: &str) -> Account {
    let account = rows::account(&format!("{name}@example.org"), op.now());
    op.insert_account(account.clone(), None).await;
    let affiliation = op
        .insert_affiliation(&account.id, organization, rows::approved(op.now()))
        .await;
    grant(op, &affiliation, "documents").await;
    account
}

async fn service(op: &TestOp) -> Service<'_> {
    op.insert_organization("telco", "Swiss Telecom", "sector_member")
        .await;
    op.insert_organization("school", "School", "academia").await;
    let ended = Organization {
        status: OrganizationStatus::Ended,
        ..rows::organization("ended", "Ended", "sector_member", op.now())
    };
    let merged = Organization {
        status: OrganizationStatus::Merged,
        merged_into: Some(OrganizationId::new("telco")),
        ..rows::organization("merged", "Merged", "sector_member", op.now())
    };
    op.insert_organizations(&[ended, merged]).await;
    op.scim_service("events", json!({})).await
}

#[tokio::test]
async fn organizations_and_rights_are_groups() {
    let op = TestOp::start().await;
    let service = service(&op).await;
    let all = service.gets("/Groups").await;
    let rights = ["Documents", "Mailing lists", "Collaboration"];
    assert_eq!(all.json["totalResults"], 5);
    assert_eq!(all.names().len(), 5);
    assert_eq!(all.names()[3..], ["School", "Swiss Telecom"]);
    let telco = service.gets("/Groups/telco").await;
    assert_eq!(telco.json["displayName"], "Swiss Telecom");
    let own = "urn:itu:params:scim:schemas:extension:account:1.0:Group";
    assert_eq!(telco.json[own]["membershipType"], "sector_member");
    assert!(telco.header("etag").starts_with("W/"));
    // contract.md: a merged id goes on resolving to the survivor.
    assert_eq!(service.gets("/Groups/merged").await.json["id"], "telco");
    for unknown in ["ended", "nothing", "ties:nothing"] {
        assert_eq!(
            service.gets(&format!("/Groups/{unknown}")).await.error(),
            (404, "")
        );
    }
    let by_type = format!(r#"{own}:membershipType eq "academia""#);
    let rights_only = format!(r#"{own}:kind eq "ties_right""#);
    for (filter, found) in [
        (r#"id eq "telco""#, vec!["Swiss Telecom"]),
        (
            r#"id eq "school" or id eq "telco""#,
            vec!["School", "Swiss Telecom"],
        ),
        (r#"displayName eq "swiss telecom""#, vec!["Swiss Telecom"]),
        (r#"displayName sw "Swiss Tel""#, vec!["Swiss Telecom"]),
        (r#"displayName co "iss""#, vec!["Swiss Telecom"]),
        (&by_type, vec!["School"]),
        (r#"id eq "ties:documents" or displayName eq "x""#, vec![rights[0]]),
        (r#"displayName eq "nothing""#, vec![]),
    ] {
        let mut names = service
            .filters("/Groups", filter)
            .await
            .names()
            .iter()
            .map(|it| (*it).to_owned())
            .collect::<Vec<_>>();
        names.sort();
        assert_eq!(names.len(), found.len(), "{filter}: {names:?}");
        if filter.contains("ties:") {
            continue;
        }
        assert_eq!(names, found, "{filter}");
    }
    assert_eq!(
        service.filters("/Groups", &rights_only).await.json["totalResults"],
        3
    );
    let sorted = service
        .gets("/Groups?sortBy=displayName&sortOrder=descending&count=1")
        .await;
    assert_eq!(sorted.names(), ["Swiss Telecom"]);
}

#[tokio::test]
async fn the_members_of_a_group_are_those_whom_the_client_sees() {
    let op = TestOp::start().await;
    let service = service(&op).await;
    let alice = member(&op, "alice", "telco").await;
    let bob = member(&op, "bob", "telco").await;
    op.insert_use(&alice, "events").await;
    for group in ["telco", "ties:documents"] {
        let bare = service.gets(&format!("/Groups/{group}")).await;
        assert_eq!(bare.json.get("members"), None); // RFC 7643 §7: returned on request
        let whole = service
            .gets(&format!("/Groups/{group}?attributes=members,displayName"))
            .await;
        let members = whole.json["members"].as_array().expect("members");
        assert_eq!(members.len(), 1, "{group}");
        assert_eq!(members[0]["value"], alice.sub.as_str());
        assert_eq!(members[0]["type"], "User");
        assert_ne!(whole.header("etag"), bare.header("etag"));
        let users = service
            .filters("/Users", &format!(r#"groups.value eq "{group}""#))
            .await;
        assert_eq!(users.names(), ["alice@example.org"]);
    }
    let of = |id: &str| format!(r#"members.value eq "{id}""#);
    let groups = service.filters("/Groups", &of(alice.sub.as_str())).await;
    assert_eq!(groups.json["totalResults"], 2);
    let narrowed = format!(r#"{} and displayName sw "Swiss""#, of(alice.sub.as_str()));
    assert_eq!(
        service.filters("/Groups", &narrowed).await.names(),
        ["Swiss Telecom"]
    );
    // G-4: whom the client does not see is in no group.
    let hidden = service.filters("/Groups", &of(bob.sub.as_str())).await;
    assert_eq!(hidden.json["totalResults"], 0);
    for refused in [r#"members.display sw "A""#, "not (members pr)"] {
        let answer = service.filters("/Groups", refused).await;
        assert_eq!(answer.error(), (400, "invalidFilter"), "{refused}");
    }
    let listed = service
        .gets(&format!(
            "/Groups?attributes=members&filter={}",
            encoded(r#"id eq "telco""#)
        ))
        .await;
    assert_eq!(
        listed.json["Resources"][0]["members"].as_array().unwrap().len(),
        1
    );
}
