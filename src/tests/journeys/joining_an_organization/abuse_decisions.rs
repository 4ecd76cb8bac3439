//! Tests requests of an attacker to these pages: another organization's objects, decisions about themselves, forms that
//! no page offered.

use axum::http::StatusCode;
use serde_json::json;

use super::{by_hand, claims, focal_point, member};
use crate::support::{ISSUER, TestOp};
use itu_account::domain::role::Role;
use itu_account::storage::affiliations;

const ACTIONS: [&str; 6] = ["grant", "refuse", "revoke", "remove", "designate", "undesignate"];

#[tokio::test]
async fn what_is_another_organizations_does_not_exist() {
    // G-4, AF-6
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let (mut fp, ..) = focal_point(&op, "fp@telco.example", "telco").await;
    let (_, its_fp, _) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, account, approved) = member(&op, "approved@ofcom.example", "ofcom", true).await;
    let (mut nobody, _, pending) = member(&op, "pending@ofcom.example", "ofcom", false).await;

    let mut pages = vec![
        "/focal-point/ofcom/requests".to_owned(),
        "/focal-point/ofcom/people".into(),
    ];
    // Its objects do not exist under the own organization's path either.
    for id in ["ofcom", "telco"] {
        for affiliation in [&pending, &approved] {
            pages.push(format!("/focal-point/{id}/requests/{affiliation}"));
        }
        for person in [&account, &its_fp] {
            pages.push(format!("/focal-point/{id}/people/{person}"));
        }
    }
    let admin = [
        "/admin",
        "/admin/requests",
        "/admin/organizations",
        "/admin/organizations/telco",
        "/admin/proposals",
        "/admin/clients",
        "/admin/clients/rp",
    ];
    pages.extend(admin.map(str::to_owned));
    pages.push(format!("/admin/requests/{pending}"));
    for page in &pages {
        assert_eq!(fp.browser.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
        // A person who is no Focal Point gets 404 for all of it.
        assert_eq!(
            nobody.browser.get(page).await.status,
            StatusCode::NOT_FOUND,
            "{page}"
        );
        if page.contains("/requests/") {
            for decision in ["approve", "reject", ""] {
                let fields = [("decision", decision), ("reason", "x")];
                let answer = by_hand(&mut fp, page, &fields).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{page} {decision}");
            }
        }
        if page.contains("/people/") {
            for action in ACTIONS {
                let fields = [("action", action), ("right", "documents")];
                let answer = by_hand(&mut fp, page, &fields).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{page} {action}");
            }
        }
    }
    let fields = [("action", "designate"), ("email", "approved@ofcom.example")];
    let answer = by_hand(&mut fp, "/admin/organizations/ofcom", &fields).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let fields = [("action", "withdraw"), ("affiliation_id", approved.as_str())];
    let answer = by_hand(&mut fp, "/account/organization", &fields).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let still = affiliations::find(op.app.db.read(), &approved)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(still.status().as_str(), "approved");
}

#[tokio::test]
async fn nobody_decides_about_themselves() {
    // AF-2
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut rp = op.client("events").await;
    let (mut fp, account, affiliation) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let own = format!("/focal-point/ofcom/people/{account}");
    assert!(fp.browser.get(&own).await.has("#own"));
    for action in ["grant", "revoke", "remove", "designate"] {
        let answer = by_hand(&mut fp, &own, &[("action", action), ("right", "documents")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{action}");
    }
    let answer = by_hand(&mut fp, &own, &[("action", "undesignate")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT); // the last one
    assert_eq!(claims(&mut fp, &mut rp).await["ties_rights"], json!([]));

    // An administrator's own request is decided by another administrator.
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let values = [
        ("membership_type", "sector_member"),
        ("member_state", "CH"),
        ("organization_id", "telco"),
    ];
    by_hand(&mut admin, "/account/organization/change", &values).await;
    let account = op.find_account(&admin.email).await.id;
    let request = affiliations::find_open(op.app.db.read(), &account)
        .await
        .unwrap()
        .unwrap();
    let path = format!("/admin/requests/{}", request.id);
    assert!(admin.browser.get(&path).await.has("#own"));
    let answer = by_hand(&mut admin, &path, &[("decision", "approve")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let fields = [("action", "designate"), ("email", "admin@itu.example")];
    let answer = by_hand(&mut admin, "/admin/organizations/telco", &fields).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);

    // G-3: what a person's own forms do not offer, they do not take.
    let (mut bob, ..) = member(&op, "bob@example.org", "telco", false).await;
    for (path, fields) in [
        (
            "/account/profile",
            [("first_name", "Bob"), ("role", "administrator")],
        ),
        (
            "/account/organization",
            [("action", "withdraw"), ("status", "approved")],
        ),
        (
            "/account/organization",
            [("action", "request_ties"), ("granted", "on")],
        ),
        (
            "/account/organization/change",
            [("organization_id", "ofcom"), ("affiliation_status", "approved")],
        ),
    ] {
        let answer = by_hand(&mut bob, path, &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let fields = [("action", "request_ties"), ("right", "documents")];
    let answer = by_hand(&mut bob, "/account/organization", &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT); // AF-3: not approved
    assert_eq!(claims(&mut bob, &mut rp).await["affiliation_status"], "pending");
    let still = affiliations::find(op.app.db.read(), &affiliation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(still.status().as_str(), "approved");
}

#[tokio::test]
async fn who_asks_for_what_is_in_force_is_shown_so() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut bob, account, _) = member(&op, "bob@example.org", "ofcom", true).await;
    let values = [
        ("membership_type", "member_state"),
        ("member_state", "CH"),
        ("organization_id", "ofcom"),
    ];
    let answer = by_hand(&mut bob, "/account/organization/change", &values).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer
            .text_of("#form-notice")
            .contains("already affiliated with this organization"),
        "{}",
        answer.text()
    );
    let open = affiliations::find_open(op.app.db.read(), &account).await.unwrap();
    assert!(open.is_none());
    // G-3: a field of the sign-up alone is ignored here, whatever its value.
    for field in ["newsletter", "accept_terms", "decision"] {
        for value in ["on", ""] {
            let fields = [&values[..], &[(field, value)]].concat();
            let answer = by_hand(&mut bob, "/account/organization/change", &fields).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field}={value}");
        }
    }
}

#[tokio::test]
async fn bad_input_is_refused_and_kept() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    let (mut fp, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, account, _) = member(&op, "bob@example.org", "ofcom", true).await;
    let (_, _, pending) = member(&op, "eve@example.org", "ofcom", false).await;
    let long = "x".repeat(5000);
    let person = format!("/focal-point/ofcom/people/{account}");
    let request = format!("/focal-point/ofcom/requests/{pending}");
    for (path, fields) in [
        (&*request, vec![("decision", "reject"), ("reason", &*long)]),
        (&request, vec![("decision", "reject"), ("reason", "")]),
        (&request, vec![("decision", "perhaps")]),
        (&request, vec![]),
        (&person, vec![("action", "remove"), ("reason", &long)]),
        (&person, vec![("action", "grant"), ("right", "everything")]),
        (&person, vec![("action", "grant")]),
        (&person, vec![("action", "")]),
        (
            "/account/organization",
            vec![("action", "request_ties"), ("right", "everything")],
        ),
        ("/account/organization", vec![]),
        ("/account/organization/change", vec![]),
        (
            "/account/organization/change",
            vec![
                ("membership_type", &long),
                ("member_state", "XX"),
                ("organization_id", &long),
            ],
        ),
        (
            "/account/organization/change",
            vec![
                ("action", "create"),
                ("member_state", "CH"),
                ("organization_name", &long),
            ],
        ),
        (
            "/account/organization/change",
            vec![
                ("action", "create"),
                ("member_state", "CH"),
                ("organization_name", "A\u{202e}B"),
            ],
        ),
    ] {
        let answer = by_hand(&mut fp, path, &fields).await;
        assert!(
            matches!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT
            ),
            "{path} {fields:?}: {}",
            answer.status
        );
        assert!(answer.has("main form"), "{path}: the form is there again");
        // G-2: a name occurs twice, or is not one of the form's.
        let mut twice = fields.clone();
        twice.extend([("reason", "a"), ("reason", "b")]);
        assert_eq!(
            by_hand(&mut fp, path, &twice).await.status,
            StatusCode::BAD_REQUEST
        );
        let mut unknown = fields.clone();
        unknown.push(("approved", "true"));
        assert_eq!(
            by_hand(&mut fp, path, &unknown).await.status,
            StatusCode::BAD_REQUEST
        );
        // BR-1: without the token the form is only shown again.
        let unsigned = [("decision", "approve"), ("action", "remove")];
        let answer = fp.browser.post(path, &unsigned).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        // G-1: the value is not UTF-8.
        let url = format!("{}{path}", ISSUER).parse().unwrap();
        for body in ["reason=%ff", "reason=%zz"] {
            let answer = fp
                .browser
                .once(axum::http::Method::POST, &url, Some(body.into()))
                .await;
            assert!(
                answer.status.is_client_error(),
                "{path} {body}: {}",
                answer.status
            );
        }
    }
    let lists = [
        "/members",
        "/focal-point/ofcom/requests",
        "/focal-point/ofcom/people",
    ];
    for path in lists {
        for query in [
            "page=x",
            "page=-1",
            "q=%ff",
            "q=a&q=b",
            "category=NONE&membership_type=no",
            "status=no&filter=no",
        ] {
            let answer = fp.browser.get(&format!("{path}?{query}")).await;
            assert!(
                answer.status.is_client_error() || answer.status == StatusCode::OK,
                "{path}?{query}"
            );
        }
        let answer = fp
            .browser
            .get(&format!("{path}?q=%25_%27%22%5C&page=99999"))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(
            fp.browser.get(&format!("{path}?q=a&q=b")).await.status,
            StatusCode::BAD_REQUEST
        );
    }
    let wrong = fp.browser.get("/members?category=NONE&q=tele").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.field_errors(), ["category"]);
    // WCAG 3.3.1: a summary that takes the focus and leads to the field, and a title that says so.
    let leads_to = wrong.link_of("#form-notice[autofocus] a");
    assert!(leads_to == "#category" && wrong.text_of("title").starts_with("Error:"));
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    let wrong = admin
        .browser
        .get("/admin/organizations?membership_type=none")
        .await;
    let leads_to = wrong.link_of("#form-notice[autofocus] a");
    assert!(leads_to == "#membership_type" && wrong.text_of("title").starts_with("Error:"));
    let found = fp.browser.get("/members?q=federal").await;
    assert!(found.text().contains("Federal Office of Communications"));
}

#[tokio::test]
async fn the_directory_lists_members_only() {
    // product.md: a member is an organization whose type needs an approval
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.insert_organization("shop", "Communications Shop", "non_member")
        .await;
    let mut visitor = op.browser();
    for query in ["q=communications", "category=OTHER", "member_state=CH"] {
        let page = visitor.get(&format!("/members?{query}")).await;
        assert!(
            !page.text().contains("Communications Shop"),
            "{query}: {}",
            page.text()
        );
    }
    let page = visitor.get("/members?q=communications").await;
    assert!(page.text().contains("Federal Office of Communications"));
    assert!(page.text().contains("1 organization"), "{}", page.text());
    let page = visitor.get("/members?membership_type=non_member").await;
    assert!(page.has("#empty") && !page.has("option[value='non_member']"));
    // The sign-up finds it: people belong to such organizations, too.
    let found = visitor.get("/organizations/search?q=communications").await;
    assert!(found.body.contains("Communications Shop"), "{}", found.body);
}
