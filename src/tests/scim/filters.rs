//! Tests of filters and of what is returned (RFC 7644 §3.4.2.2, §3.9).

use serde_json::json;

use super::{OWN, SEARCH, Service, encoded};
use crate::support::{TestOp, rows};

/// Returns a service with three people.
async fn three(op: &TestOp) -> Service<'_> {
    let service = op.scim_service("events", json!({})).await;
    for (name, first, last, job) in [
        ("alice", "Alice", "Zürcher", "Engineer"),
        ("bob", "Bob", "Bell", ""),
        ("carol", "Carol", "Morse", "Lawyer"),
    ] {
        let mut account = rows::account(&format!("{name}@example.org"), op.now());
        account.profile.first_name = first.into();
        account.profile.last_name = last.into();
        account.profile.job_title = job.into();
        op.insert_account(account.clone(), None).await;
        op.insert_use(&account, "events").await;
        op.advance(60);
    }
    service
}

#[tokio::test]
async fn each_kind_of_filter_finds_whom_it_is_for() {
    let op = TestOp::start().await;
    let service = three(&op).await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let carol = op.find_account("carol@example.org").await;
    op.insert_affiliation(&carol.id, "telco", rows::approved(op.now()))
        .await;
    let bob = op.find_account("bob@example.org").await;
    let changed = bob.updated_at.to_rfc3339();
    let by_id = format!(r#"id eq "{}""#, bob.sub);
    let since = format!(r#"meta.lastModified ge "{changed}""#);
    let after = format!(r#"meta.lastModified gt "{changed}""#);
    let between = format!(r#"{since} and meta.lastModified le "{changed}""#);
    let member = format!(r#"{OWN}:membershipType eq "sector_member""#);
    let own = format!(r#"{OWN}:organizationId eq "telco""#);
    for (filter, found) in [
        (r#"userName eq "Alice@Example.org""#, "alice"),
        (
            r#"userName eq "alice@example.org" or userName eq "bob@example.org""#,
            "alice bob",
        ),
        (
            r#"emails eq "bob@example.org" or emails.value eq "x@example.org""#,
            "bob",
        ),
        (
            r#"emails[value eq "carol@example.org" and primary eq true]"#,
            "carol",
        ),
        (r#"userName sw "b""#, "bob"),
        (r#"userName ew "@example.org" and not (userName co "o")"#, ""),
        (r#"userName ne "bob@example.org""#, "alice carol"),
        (by_id.as_str(), "bob"),
        (&by_id.replace("id", "externalId"), "bob"),
        (&since, "bob carol"),
        (&after, "carol"),
        (&between, "bob"),
        (r#"name.familyName eq "ZÜRCHER""#, "alice"),
        (r#"name.familyName gt "m" and title pr"#, "alice carol"),
        ("not (title pr)", "bob"),
        (
            r#"(userName sw "a" or userName sw "c") and active eq true"#,
            "alice carol",
        ),
        (r#"groups.value eq "telco""#, "carol"),
        (r#"groups[value eq "telco" and display eq "telco"]"#, "carol"),
        (&own, "carol"),
        (&member, "carol"),
        (
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization co "elc""#,
            "carol",
        ),
        (r#"userName eq "no address""#, ""),
        (
            r#"meta.resourceType eq "User" and schemas co "enterprise""#,
            "carol",
        ),
    ] {
        let answer = service.filters("/Users", filter).await;
        assert_eq!(answer.status, 200, "{filter}: {answer:?}");
        let mut names = answer.names();
        names.sort_unstable();
        let names: Vec<&str> = names.iter().map(|it| it.split('@').next().unwrap()).collect();
        assert_eq!(names.join(" "), found, "{filter}");
        assert_eq!(answer.json["totalResults"], names.len());
    }
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused() {
    let op = TestOp::start().await;
    let service = three(&op).await;
    for filter in [
        "",
        "userName",
        r#"userName eq alice"#,
        r#"nickName eq "x""#,
        r#"active gt true"#,
        r#"name eq "x""#,
        r#"meta.lastModified eq "today""#,
        r#"members eq "x""#,
        "a".repeat(5000).as_str(),
    ] {
        let answer = service.filters("/Users", filter).await;
        assert_eq!(answer.error(), (400, "invalidFilter"), "{filter}");
    }
    let injected = service.filters("/Users", r#"userName eq "' OR 1=1 --""#).await;
    assert_eq!(injected.json["totalResults"], 0); // G-14
    let doubled = service.gets("/Users?filter=title%20pr&filter=title%20pr").await;
    assert_eq!(doubled.error(), (400, "invalidSyntax")); // G-2
}

#[tokio::test]
async fn attributes_are_chosen_or_left_out() {
    let op = TestOp::start().await;
    let service = three(&op).await;
    let filter = encoded(r#"userName sw "a""#);
    let chosen = service
        .gets(&format!(
            "/Users?filter={filter}&attributes=userName,name.givenName"
        ))
        .await;
    let user = chosen.json["Resources"][0].as_object().expect("an object");
    let mut names: Vec<&String> = user.keys().collect();
    names.sort();
    assert_eq!(names, ["id", "name", "schemas", "userName"]);
    assert_eq!(user["name"], json!({"givenName": "Alice"}));
    let id = user["id"].as_str().expect("an id");
    let left = service
        .gets(&format!("/Users/{id}?excludedAttributes=emails,{OWN},id"))
        .await;
    assert_eq!((left.json.get("emails"), left.json.get(OWN)), (None, None));
    assert_eq!(left.json["id"], id);
    // The entity tag is that of the whole resource, whatever of it is asked for.
    assert_eq!(
        left.header("etag"),
        service.gets(&format!("/Users/{id}")).await.header("etag")
    );
    let both = service.gets("/Users?attributes=id&excludedAttributes=id").await;
    assert_eq!(both.error(), (400, "invalidValue"));
}

#[tokio::test]
async fn a_search_by_post_is_the_same_as_a_list() {
    let op = TestOp::start().await;
    let service = three(&op).await;
    let body = json!({"schemas": [SEARCH], "filter": "title pr", "sortBy": "name.familyName",
        "sortOrder": "descending", "attributes": ["userName"], "startIndex": 1, "count": 10});
    let found = service
        .sends("POST", "/Users/.search", &[], Some(body.clone()))
        .await;
    assert_eq!(found.names(), ["alice@example.org", "carol@example.org"]);
    let query = "filter=title%20pr&sortBy=name.familyName&sortOrder=descending&attributes=userName&count=10";
    assert_eq!(service.gets(&format!("/Users?{query}")).await.json, found.json);
    // RFC 7644 §3.4.3: at the base, all types are searched.
    op.insert_organization("telco", "Telco", "sector_member").await;
    let all = json!({"schemas": [SEARCH], "filter": r#"displayName eq "telco" or userName sw "b""#});
    let found = service.sends("POST", "/.search", &[], Some(all)).await;
    assert_eq!(found.names(), ["bob@example.org", "Telco"]);
    let everything = json!({"schemas": [SEARCH], "startIndex": 3, "count": 2});
    let found = service.sends("POST", "/.search", &[], Some(everything)).await;
    assert_eq!(found.json["totalResults"], 7); // three people, three rights, one organization
    assert_eq!(found.json["Resources"].as_array().unwrap().len(), 2);
    let unknown = json!({"schemas": [SEARCH], "filter": "nickName pr"});
    let refused = service.sends("POST", "/.search", &[], Some(unknown)).await;
    assert_eq!(refused.error(), (400, "invalidFilter"));
}
