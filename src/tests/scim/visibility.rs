//! Tests that a client sees those whom it may know, and of them what it may know.

use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::{ENTERPRISE, OWN, encoded};
use crate::jobs::scans;
use crate::support::{TestOp, rows};
use itu_account::domain::ClientId;
use itu_account::domain::account::Status;
use itu_account::domain::ties::{TiesRight, TiesStage};
use itu_account::domain::{AffiliationId, TiesRightId};
use itu_account::storage::visible_accounts::{self, From, Selection, Sorting, Visible};
use itu_account::storage::{accounts, consents, ties};

/// Grants a right on an affiliation.
pub async fn grant(op: &TestOp, affiliation: &itu_account::domain::affiliation::Affiliation, right: &str) {
    let itu_account::domain::affiliation::Stage::Approved(decision) = rows::approved(op.now()) else {
        unreachable!("approved")
    };
    let granted = TiesRight {
        id: TiesRightId::new(format!("{}-{right}", affiliation.id)),
        affiliation: AffiliationId::new(affiliation.id.as_str()),
        account: affiliation.account.clone(),
        right: right.into(),
        requested_at: None,
        stage: TiesStage::Granted(decision),
    };
    ties::insert(&op.app.db, &granted).await.expect("a right");
}

#[tokio::test]
async fn those_whom_a_policy_names_by_their_rights_are_found_by_these() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    for name in ["alice", "bob", "carol"] {
        let email = format!("{name}@example.org");
        op.person(&email).await;
        let account = op.find_account(&email).await;
        let affiliation = op
            .insert_affiliation(&account.id, "ofcom", rows::approved(op.now()))
            .await;
        let rights = match name {
            "alice" => &["documents", "mailing_lists"][..],
            "bob" => &["documents"],
            _ => &[],
        };
        for right in rights {
            grant(&op, &affiliation, right).await;
        }
    }
    for (rights, number) in [(&["documents"][..], 2), (&["documents", "mailing_lists"], 1)] {
        let policy = serde_json::from_value(json!({ "ties_rights": rights })).expect("a policy");
        let visible = Visible::UsersOf(ClientId::new("events"), Some(policy));
        op.app.db.statements().take();
        let few = visible_accounts::list_few(op.app.db.read(), &visible, 100).await;
        let mut few: Vec<_> = few
            .expect("read")
            .expect("few")
            .into_iter()
            .map(|it| it.id)
            .collect();
        few.sort_unstable();
        assert_eq!(few.len(), number);
        for is_narrow in [true, false] {
            let selection = Selection {
                visible: visible.clone(),
                is_narrow,
                sorting: Sorting::Subject,
                descending: false,
                prefix: None,
                changed_from: None,
                changed_to: None,
            };
            let listed = visible_accounts::list(op.app.db.read(), &selection, &From::Offset(0), 10).await;
            let mut listed: Vec<_> = listed.expect("read").into_iter().map(|it| it.id).collect();
            listed.sort_unstable();
            assert_eq!(listed, few, "{is_narrow}");
        }
        let statements = op.app.db.statements().take();
        assert!(!statements.is_empty());
        for statement in &statements {
            // PostgreSQL reads so few affiliations whole sooner than it asks of each account.
            if statement.db_backend == DbBackend::Postgres && statement.sql.contains("affiliations") {
                continue;
            }
            let mut found = scans(&op.app, statement).await;
            // The walk in the order of the list ends with its page; a subquery is no table.
            found.retain(|it| !it.contains("accounts") && it != "SCAN found");
            assert!(found.is_empty(), "{found:?} in {}", statement.sql);
        }
    }
}

#[tokio::test]
async fn a_service_sees_those_who_logged_in_to_it_under_the_name_that_it_knows() {
    let op = TestOp::start().await;
    let mut service = op.scim_service("events", json!({})).await;
    let mut alice = op.person("alice@example.org").await;
    op.person("bob@example.org").await;
    let bob = op.find_account("bob@example.org").await;
    assert_eq!(service.gets("/Users").await.json["totalResults"], 0);
    let code = alice.logs_in_at(&mut service.rp, "openid email").await;
    let tokens = service.rp.redeems(&code).await.expect("tokens");

    let all = service.gets("/Users").await;
    assert_eq!(all.names(), ["alice@example.org"]);
    let user = &all.json["Resources"][0];
    assert_eq!(user["id"], tokens.claims.subject().as_str());
    assert_eq!(user["externalId"], user["id"]);
    assert_eq!(user["active"], true);
    assert_eq!(user["name"]["familyName"], "Example");
    assert_eq!(
        user["emails"],
        json!([{"value": "alice@example.org", "primary": true}])
    );
    assert_eq!(user["title"], "Engineer");
    assert_eq!(user[OWN]["affiliationStatus"], "none");
    assert_eq!(user[OWN]["tiesRights"], json!([]));
    assert_eq!(user.get(ENTERPRISE), None);

    let path = format!("/Users/{}", tokens.claims.subject().as_str());
    let one = service.gets(&path).await;
    assert_eq!(&one.json, user);
    let etag = one.header("etag").to_owned();
    assert_eq!(one.json["meta"]["version"], etag.as_str());
    assert!(etag.starts_with("W/\""));
    // RFC 7644 §3.14
    let known = service
        .sends("GET", &path, &[("if-none-match", &etag)], None)
        .await;
    assert_eq!((known.status.as_u16(), known.json), (304, Value::Null));
    let stale = service
        .sends("GET", &path, &[("if-none-match", "W/\"x\"")], None)
        .await;
    assert_eq!(stale.status, 200);

    // G-4: people who have nothing to do with the service do not exist for it.
    for path in [
        format!("/Users/{}", bob.sub),
        format!("/Users/{}", bob.id),
        "/Users/%FF".into(),
    ] {
        assert_eq!(service.gets(&path).await.error(), (404, ""), "{path}");
    }
    let found = service
        .filters("/Users", r#"userName eq "bob@example.org""#)
        .await;
    assert_eq!(found.json["totalResults"], 0);
    let other = op.scim_service("bookshop", json!({})).await;
    assert_eq!(other.gets(&path).await.error(), (404, ""));
}

#[tokio::test]
async fn a_service_gets_what_its_scope_has_and_no_more() {
    let op = TestOp::start().await;
    let alice = rows::account("alice@example.org", op.now());
    op.insert_account(alice.clone(), None).await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let affiliation = op
        .insert_affiliation(&alice.id, "telco", rows::approved(op.now()))
        .await;
    grant(&op, &affiliation, "documents").await;
    let bare = op
        .scim_service("bare", json!({"scope": "openid scim:read"}))
        .await;
    op.insert_use(&alice, "bare").await;
    let user = bare.gets(&format!("/Users/{}", alice.sub)).await.json;
    let members: Vec<&String> = user.as_object().expect("an object").keys().collect();
    let mut expected = ["schemas", "id", "externalId", "userName", "active", "meta"];
    expected.sort_unstable();
    let mut members: Vec<&str> = members.into_iter().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, expected); // AZ-14
    assert_eq!(user["userName"], alice.sub.as_str());
    // A filter sees no more than the answer shows.
    for filter in [
        r#"userName eq "alice@example.org""#,
        r#"userName sw "alice""#,
        r#"emails.value eq "alice@example.org""#,
        r#"groups.value eq "telco""#,
        r#"name.familyName eq "Example""#,
    ] {
        assert_eq!(
            bare.filters("/Users", filter).await.json["totalResults"],
            0,
            "{filter}"
        );
    }
    let own = format!(r#"userName eq "{}""#, alice.sub);
    assert_eq!(bare.filters("/Users", &own).await.json["totalResults"], 1);

    let members = op
        .scim_service("members", json!({"scope": "openid itu_membership scim:read"}))
        .await;
    op.insert_use(&alice, "members").await;
    let user = members.gets(&format!("/Users/{}", alice.sub)).await.json;
    assert_eq!(user[ENTERPRISE]["organization"], "Telco");
    assert_eq!(
        user[OWN],
        json!({"membershipType": "sector_member", "organizationId": "telco", "membershipCategory": "OTHER",
            "memberState": "CH", "affiliationStatus": "approved", "tiesRights": ["documents"], "focalPoint": false})
    );
    let groups: Vec<&str> = user["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["value"].as_str().unwrap())
        .collect();
    assert_eq!(groups, ["telco", "ties:documents"]);
}

#[tokio::test]
async fn a_policy_names_people_ahead_of_their_login_and_says_who_left() {
    let op = TestOp::start().await;
    let policy = json!({"affiliation": "approved", "membership_types": ["sector_member"],
        "ties_rights": ["documents"]});
    let service = op.scim_service("library", json!({"access_policy": policy})).await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    op.insert_organization("school", "School", "academia").await;
    let mut all = Vec::new();
    for (name, organization, has_right) in [
        ("alice", "telco", true),
        ("bob", "telco", false),
        ("carol", "school", true),
    ] {
        let account = rows::account(&format!("{name}@example.org"), op.now());
        op.insert_account(account.clone(), None).await;
        let affiliation = op
            .insert_affiliation(&account.id, organization, rows::approved(op.now()))
            .await;
        if has_right {
            grant(&op, &affiliation, "documents").await;
        }
        all.push(account);
    }
    let named = service.gets("/Users").await;
    assert_eq!(named.names(), ["alice@example.org"]);
    assert_eq!(named.json["Resources"][0]["active"], true);
    // Who came once and may no more is told as inactive: the service closes what it keeps for them.
    op.insert_use(&all[1], "library").await;
    let both = service.gets("/Users?sortBy=userName").await;
    assert_eq!(both.names(), ["alice@example.org", "bob@example.org"]);
    assert_eq!(both.json["Resources"][1]["active"], false);
    let active = service.filters("/Users", "active eq true").await;
    assert_eq!(active.names(), ["alice@example.org"]);
    let from = accounts::update_status(&op.app.db, &all[0].id, Status::Active, Status::Suspended).await;
    assert!(from.unwrap());
    let suspended = service.gets(&format!("/Users/{}", all[0].sub)).await;
    assert_eq!(suspended.json["active"], false);
    let gone = accounts::update_status(&op.app.db, &all[0].id, Status::Suspended, Status::Deleted).await;
    assert!(gone.unwrap());
    assert_eq!(
        service.gets(&format!("/Users/{}", all[0].sub)).await.error(),
        (404, "")
    );
}

#[tokio::test]
async fn a_policy_without_a_requirement_of_approval_names_those_who_declared_themselves() {
    let op = TestOp::start().await;
    let policy = json!({"membership_types": ["non_member"]});
    let service = op.scim_service("open", json!({"access_policy": policy})).await;
    op.insert_organization("shop", "Shop", "non_member").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    use itu_account::domain::affiliation::Stage;
    for (name, organization, stage) in [
        ("alice", "shop", Stage::SelfDeclared),
        ("bob", "telco", Stage::Pending),
    ] {
        let account = rows::account(&format!("{name}@example.org"), op.now());
        op.insert_account(account.clone(), None).await;
        op.insert_affiliation(&account.id, organization, stage).await;
    }
    assert_eq!(service.gets("/Users").await.names(), ["alice@example.org"]);
}

#[tokio::test]
async fn a_service_that_asks_for_consent_sees_those_who_gave_it_and_what_they_gave() {
    let op = TestOp::start().await;
    let policy = json!({"first_party": false, "access_policy": {"membership_types": ["sector_member"]}});
    let mut guest = op.scim_service("guest", json!({"first_party": false})).await;
    let named = op.scim_service("named", policy).await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut alice = op.person("alice@example.org").await;
    let account = op.find_account("alice@example.org").await;
    op.insert_affiliation(&account.id, "telco", rows::approved(op.now()))
        .await;
    // A policy admits to a service; it does not agree in the person's place (AZ-13).
    assert_eq!(named.gets("/Users").await.json["totalResults"], 0);

    let url = guest.rp.authorization_url("openid profile", &[]);
    let login = alice.browser.get(&url).await;
    let page = alice.enters_password(login).await;
    let allow = page.form(&["decision=allow"]).press("decision", "allow");
    let back = alice.browser.send(allow).await;
    guest.rp.redeems(&guest.rp.takes(&back)).await.expect("tokens");
    let seen = guest.gets("/Users").await;
    let user = &seen.json["Resources"][0];
    assert_eq!(user["displayName"], "Alice Example");
    assert_eq!(user["userName"], account.sub.as_str());
    assert_eq!((user.get("emails"), user.get("groups")), (None, None));
    for filter in [
        r#"userName eq "alice@example.org""#,
        r#"emails pr"#,
        r#"groups.value eq "telco""#,
    ] {
        let found = guest.filters("/Users", filter).await;
        assert_eq!(found.json["totalResults"], 0, "{filter}");
    }
    consents::delete(&op.app.db, &account.id, &ClientId::new("guest"))
        .await
        .expect("withdrawn");
    assert_eq!(guest.gets("/Users").await.json["totalResults"], 0);
    let path = format!("/Users/{}", account.sub);
    assert_eq!(guest.gets(&path).await.error(), (404, ""));
}

#[tokio::test]
async fn a_pairwise_client_knows_people_by_its_own_names() {
    let op = TestOp::start().await;
    let mut service = op
        .scim_service("events", json!({"subject_type": "pairwise"}))
        .await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut service.rp, "openid").await;
    let tokens = service.rp.redeems(&code).await.expect("tokens");
    let sub = tokens.claims.subject().as_str();
    let account = op.find_account("alice@example.org").await;
    assert_ne!(sub, account.sub.as_str());
    assert_eq!(service.gets(&format!("/Users/{sub}")).await.json["id"], sub);
    let found = service
        .gets(&format!("/Users?filter={}", encoded(&format!("id eq \"{sub}\""))))
        .await;
    assert_eq!(found.json["totalResults"], 1);
    assert!(!found.json.to_string().contains(account.sub.as_str()));
    assert_eq!(
        service.gets(&format!("/Users/{}", account.sub)).await.error(),
        (404, "")
    );
}
