//! Tests that operations do what the pages do, on the same rooms: accounts, clients, organizations, affiliations and the
//! audit trail (security.md AD-1, AD-2, AF-2, AF-3, G-9, LG-1).

use itu_account::domain::account::Status;
use itu_account::domain::role::Role;
use serde_json::{Value, json};

use super::{Caller, administrator, client, personal};
use crate::support::TestOp;

async fn audited(caller: &Caller<'_>, kind: &str) -> Value {
    let answer = caller
        .get(&format!("/api/v1/audit-entries?kind={kind}&limit=1"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["items"][0].clone()
}

#[tokio::test]
async fn an_account_is_found_helped_and_suspended() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let id = op.find_account("alice@example.org").await.id;
    let found = caller
        .get("/api/v1/accounts?q=alice%40example.org&role=user")
        .await;
    assert_eq!(found.body["items"][0]["id"], id.as_str(), "{}", found.body);
    let path = format!("/api/v1/accounts/{id}");
    let opened = caller.get(&path).await;
    assert_eq!(
        (opened.status, &opened.body["email"]),
        (200, &json!("alice@example.org"))
    );
    assert_eq!(opened.body["sessions"].as_array().map(Vec::len), Some(1));
    let viewed = audited(&caller, "account.viewed").await;
    assert_eq!(
        (&viewed["actor"], &viewed["acted_as"]),
        (&json!("client:backoffice"), &json!("client"))
    ); // LG-1
    for act in ["unlock", "password-reset"] {
        assert_eq!(
            caller
                .call("POST", &format!("{path}/{act}"), &[], None)
                .await
                .status,
            204,
            "{act}"
        );
    }
    let mails = op.outbox().to("alice@example.org").await;
    assert!(mails.iter().any(|it| it.kind == "password_reset"));
    assert_eq!(
        caller
            .call("DELETE", &format!("{path}/sessions"), &[], None)
            .await
            .status,
        204
    );
    assert_eq!(caller.get(&path).await.body["sessions"], json!([]));
    // Suspended with a reason, and only once (G-9).
    let suspension = format!("{path}/suspension");
    let empty = caller
        .call("PUT", &suspension, &[], Some(json!({"reason": " "})))
        .await;
    assert_eq!(
        (empty.status, &empty.body["errors"][0]["member"]),
        (422, &json!("reason"))
    );
    let reason = json!({"reason": "The mailbox was taken over."});
    assert_eq!(
        caller
            .call("PUT", &suspension, &[], Some(reason.clone()))
            .await
            .status,
        204
    );
    assert_eq!(
        op.find_account("alice@example.org").await.status,
        Status::Suspended
    );
    let again = caller.call("PUT", &suspension, &[], Some(reason)).await;
    assert_eq!((again.status, again.problem()), (409, "conflict"));
    assert_eq!(
        caller.get(&path).await.body["suspension"]["reason"],
        "The mailbox was taken over."
    );
    assert_eq!(caller.call("DELETE", &suspension, &[], None).await.status, 204);
    let role = caller
        .call(
            "PUT",
            &format!("{path}/role"),
            &[],
            Some(json!({"role": "auditor"})),
        )
        .await;
    assert_eq!(role.status, 204, "{}", role.body);
    assert_eq!(op.find_account("alice@example.org").await.role, Role::Auditor);
}

#[tokio::test]
async fn what_a_person_does_by_a_program_is_theirs() {
    let op = TestOp::start().await;
    let mut rp = client(&op, "console").await;
    let mut admin = op.person_with("admin@example.org", Role::Administrator).await;
    op.person("alice@example.org").await;
    let id = op.find_account("alice@example.org").await.id;
    let own = op.find_account("admin@example.org").await.id;
    let caller = personal(&op, &mut rp, &mut admin, "admin").await;
    assert_eq!(
        caller
            .call("POST", &format!("/api/v1/accounts/{id}/unlock"), &[], None)
            .await
            .status,
        204
    );
    caller.get(&format!("/api/v1/accounts/{id}")).await;
    let entry = audited(&caller, "account.viewed").await;
    assert_eq!(entry["actor"], format!("account:{own}"));
    assert_eq!(
        (&entry["acted_as"], &entry["browser"]),
        (&json!("administrator"), &json!("client:console"))
    );
    let answer = caller
        .call("POST", &format!("/api/v1/accounts/{own}/unlock"), &[], None)
        .await;
    assert_eq!((answer.status, answer.problem()), (403, "not-yours")); // AD-1
}

#[tokio::test]
async fn a_client_is_registered_changed_and_deleted() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    let new = json!({"client_id": "events", "client_name": "Events", "redirect_uris": ["https://events.example/cb"],
        "scope": "openid email"});
    let made = caller.post("/api/v1/clients", new.clone()).await;
    assert_eq!(
        (made.status, made.header("location")),
        (201, "/api/v1/clients/events"),
        "{}",
        made.body
    );
    let secret = made.body["client_secret"].as_str().expect("a secret").to_owned();
    let twice = caller.post("/api/v1/clients", new).await;
    assert_eq!((twice.status, twice.problem()), (409, "conflict"));
    let path = "/api/v1/clients/events";
    let read = caller.get(path).await;
    assert!(read.body.get("client_secret").is_none() && !read.body.to_string().contains(&secret)); // AD-2
    let etag = read.header("etag").to_owned();
    let patch = json!({"scope": null, "client_uri": "https://events.example/"});
    let headers = [
        ("if-match", etag.as_str()),
        ("content-type", "application/merge-patch+json"),
    ];
    let patched = caller.call("PATCH", path, &headers, Some(patch)).await;
    assert_eq!(patched.status, 200, "{}", patched.body);
    assert_eq!(patched.body["client_uri"], "https://events.example/");
    assert_eq!(
        patched.body["redirect_uris"],
        json!(["https://events.example/cb"])
    );
    let etag = patched.header("etag").to_owned();
    let unknown = json!({"redirect_url": "https://events.example/cb"});
    let refused = caller
        .call("PATCH", path, &[("if-match", &etag)], Some(unknown))
        .await;
    assert_eq!(
        (refused.status, &refused.body["errors"][0]["member"]),
        (422, &json!("redirect_url"))
    );
    let whole =
        json!({"client_name": "Events", "redirect_uris": ["https://events.example/new"], "enabled": true});
    let replaced = caller
        .call("PUT", path, &[("if-match", &etag)], Some(whole))
        .await;
    assert_eq!(replaced.status, 200, "{}", replaced.body);
    assert!(replaced.body.get("client_uri").is_none());
    assert_eq!(
        caller
            .call("POST", &format!("{path}/disable"), &[], None)
            .await
            .status,
        204
    );
    assert!(op.app.registry.find("events").is_none()); // DR-6
    assert_eq!(
        caller
            .call("POST", &format!("{path}/enable"), &[], None)
            .await
            .status,
        204
    );
    let rotated = caller.call("POST", &format!("{path}/secrets"), &[], None).await;
    assert_eq!(rotated.status, 201, "{}", rotated.body);
    assert_ne!(rotated.body["client_secret"], secret.as_str());
    for part in ["report", "dependents", "refusals"] {
        assert_eq!(caller.get(&format!("{path}/{part}")).await.status, 200, "{part}");
    }
    let listed = caller.get("/api/v1/clients?q=event").await;
    assert_eq!(
        (&listed.body["total"], &listed.body["items"][0]["client_id"]),
        (&json!(1), &json!("events"))
    );
    assert_eq!(caller.call("DELETE", path, &[], None).await.status, 204);
    assert_eq!(caller.get(path).await.status, 404);
}

#[tokio::test]
async fn an_organization_is_changed_by_version() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let caller = administrator(&op).await;
    let path = "/api/v1/organizations/ofcom";
    let read = caller.get(path).await;
    let etag = read.header("etag").to_owned();
    let change = json!({"name": "Federal Office of Communications", "valid_until": "2030-12-31", "sectors": ["R", "T"],
        "email_domains": ["ofcom.example"], "website": null, "reason": "As written."});
    let changed = caller
        .call("PATCH", path, &[("if-match", &etag)], Some(change))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["name"], "Federal Office of Communications");
    assert_eq!(
        (&changed.body["valid_until"], &changed.body["sectors"]),
        (&json!("2030-12-31"), &json!(["R", "T"]))
    );
    let late = caller
        .call("PATCH", path, &[("if-match", &etag)], Some(json!({"name": "X"})))
        .await;
    assert_eq!((late.status, late.problem()), (412, "precondition-failed")); // G-9
    let etag = changed.header("etag").to_owned();
    for (wrong, member) in [
        (json!({"name": null}), "name"),
        (json!({"member_state": "XX"}), "member_state"),
        (json!({"status": "merged"}), "status"),
        (json!({"valid_from": "2031-01-01"}), "valid_until"),
        (json!({"membership_type": "other"}), "membership_type"),
    ] {
        let refused = caller
            .call("PATCH", path, &[("if-match", &etag)], Some(wrong.clone()))
            .await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["member"]),
            (422, &json!(member)),
            "{wrong}"
        );
    }
    let ended = caller
        .call(
            "PATCH",
            path,
            &[("if-match", &etag)],
            Some(json!({"status": "ended"})),
        )
        .await;
    assert_eq!((ended.status, &ended.body["status"]), (200, &json!("ended")));
    let entry = audited(&caller, "organization.changed").await;
    assert_eq!(entry["actor"], "client:backoffice");
}

#[tokio::test]
async fn requests_and_rights_are_decided() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let caller = administrator(&op).await;
    op.person("alice@example.org").await;
    let account = op.find_account("alice@example.org").await.id;
    let pending = itu_account::domain::affiliation::Stage::Pending;
    let id = op.insert_affiliation(&account, "ofcom", pending).await.id;
    let open = caller.get("/api/v1/affiliation-requests").await;
    assert_eq!(open.body["items"][0]["id"], id.as_str(), "{}", open.body);
    let path = format!("/api/v1/affiliations/{id}");
    assert_eq!(caller.get(&path).await.body["status"], "pending");
    let early = caller
        .post(
            &format!("{path}/ties-rights/grant"),
            json!({"rights": ["documents"]}),
        )
        .await;
    assert_eq!((early.status, early.problem()), (409, "conflict")); // AF-3
    let nothing = caller
        .post(&format!("{path}/reject"), json!({"reason": ""}))
        .await;
    assert_eq!((nothing.status, nothing.problem()), (422, "invalid"));
    assert_eq!(
        caller.post(&format!("{path}/approve"), json!({})).await.status,
        204
    );
    assert_eq!(
        caller.post(&format!("{path}/approve"), json!({})).await.status,
        409
    );
    let granted = caller
        .post(
            &format!("{path}/ties-rights/grant"),
            json!({"rights": ["documents"]}),
        )
        .await;
    assert_eq!(granted.status, 204, "{}", granted.body);
    let read = caller.get(&path).await;
    assert_eq!(read.body["ties_rights"][0]["status"], "granted", "{}", read.body);
    let unknown = caller
        .post(
            &format!("{path}/ties-rights/grant"),
            json!({"rights": ["everything"]}),
        )
        .await;
    assert_eq!(unknown.status, 422);
    let revoked = caller
        .post(
            &format!("{path}/ties-rights/revoke"),
            json!({"rights": ["documents"]}),
        )
        .await;
    assert_eq!(revoked.status, 204, "{}", revoked.body);
    let points = "/api/v1/organizations/ofcom/focal-points";
    let appointed = caller.post(points, json!({"email": "alice@example.org"})).await;
    assert_eq!(appointed.status, 204, "{}", appointed.body);
    assert_eq!(
        caller.get(points).await.body["items"][0]["account_id"],
        account.as_str()
    );
    let stranger = caller.post(points, json!({"email": "nobody@example.org"})).await;
    assert_eq!(stranger.status, 409);
    assert_eq!(
        caller
            .call("DELETE", &format!("{points}/{account}"), &[], None)
            .await
            .status,
        204
    );
    let people = caller
        .get("/api/v1/organizations/ofcom/affiliations?show=people&order=name")
        .await;
    assert_eq!(people.body["total"], 1);
    let removed = caller
        .post(&format!("{path}/remove"), json!({"reason": "Left."}))
        .await;
    assert_eq!(removed.status, 204, "{}", removed.body);
}

#[tokio::test]
async fn nobody_decides_about_themselves_by_a_program() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let mut rp = client(&op, "console").await;
    let mut admin = op.person_with("admin@example.org", Role::Administrator).await;
    let account = op.find_account("admin@example.org").await.id;
    let pending = itu_account::domain::affiliation::Stage::Pending;
    let id = op.insert_affiliation(&account, "ofcom", pending).await.id;
    let caller = personal(&op, &mut rp, &mut admin, "admin:organizations").await;
    let answer = caller
        .post(&format!("/api/v1/affiliations/{id}/approve"), json!({}))
        .await;
    assert_eq!((answer.status, answer.problem()), (403, "not-yours")); // AF-2
}

#[tokio::test]
async fn the_trail_is_searched_by_cursor() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    for number in 0..5 {
        let new = json!({"client_id": format!("c{number}"), "client_name": "C", "redirect_uris": ["https://c.example/cb"]});
        assert_eq!(caller.post("/api/v1/clients", new).await.status, 201);
    }
    let mut path =
        "/api/v1/audit-entries?actor=client:backoffice&kind=client.changed&limit=2&order=oldest".to_owned();
    let mut objects = Vec::new();
    loop {
        let page = caller.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let items = page.body["items"].as_array().expect("items");
        objects.extend(
            items
                .iter()
                .map(|it| it["object"].as_str().expect("one").to_owned()),
        );
        let Some(_) = page.body["next"].as_str() else {
            break;
        };
        path = page
            .header("link")
            .trim_start_matches('<')
            .split('>')
            .next()
            .expect("a URL")
            .to_owned();
    }
    assert_eq!(
        objects,
        ["client:c0", "client:c1", "client:c2", "client:c3", "client:c4"]
    );
    let newest = caller.get("/api/v1/audit-entries?limit=1").await;
    let id = newest.body["items"][0]["id"].to_string();
    let one = caller.get(&format!("/api/v1/audit-entries/{id}")).await;
    assert_eq!((one.status, &one.body["holds"]), (200, &json!(true)));
    assert_eq!(
        caller.get("/api/v1/audit-entries?since=yesterday").await.status,
        400
    );
    for id in ["0", "x", "99999999999999999999"] {
        assert_eq!(
            caller.get(&format!("/api/v1/audit-entries/{id}")).await.status,
            404
        );
    }
}
