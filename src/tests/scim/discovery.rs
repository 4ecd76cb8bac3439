//! Tests of the documents that describe the provider, and of who may read at all.

use serde_json::json;

use super::{MEDIA_TYPE, send, token_of};
use crate::support::TestOp;

#[tokio::test]
async fn whoever_connects_reads_first_what_there_is() {
    let op = TestOp::start().await;
    let config = send(&op, "GET", "/ServiceProviderConfig", &[], None).await;
    assert_eq!(config.status, 200);
    assert_eq!(config.json["bulk"]["supported"], false); // RFC 7643 §5
    for supported in ["patch", "filter", "sort", "etag"] {
        assert_eq!(config.json[supported]["supported"], true, "{supported}");
    }
    assert_eq!(config.json["pagination"]["cursor"], true); // RFC 9865 §4
    assert_eq!(
        config.json["meta"]["location"],
        "https://id.example.test/scim/v2/ServiceProviderConfig"
    );
    for (path, number) in [("/ResourceTypes", 2), ("/Schemas", 5)] {
        let all = send(&op, "GET", path, &[], None).await;
        assert_eq!(all.json["totalResults"], number, "{path}");
        for one in all.json["Resources"].as_array().expect("a list") {
            let id = one["id"].as_str().expect("an id");
            let again = send(&op, "GET", &format!("{path}/{id}"), &[], None).await;
            assert_eq!(&again.json, one);
        }
        // RFC 7644 §4
        let filtered = send(&op, "GET", &format!("{path}?filter=id%20pr"), &[], None).await;
        assert_eq!(filtered.error(), (403, ""));
        let unknown = send(&op, "GET", &format!("{path}/nothing"), &[], None).await;
        assert_eq!(unknown.error(), (404, ""));
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(send(&op, method, path, &[], None).await.error(), (405, ""));
        }
    }
    let user = send(
        &op,
        "GET",
        "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
        &[],
        None,
    )
    .await;
    for attribute in user.json["attributes"].as_array().expect("a list") {
        let is_active = attribute["name"] == "active";
        let expected = if is_active { "readWrite" } else { "readOnly" };
        assert_eq!(attribute["mutability"], expected, "{attribute}");
    }
}

#[tokio::test]
async fn only_a_client_with_the_scope_reads() {
    let op = TestOp::start().await;
    let service = op.scim_service("events", json!({})).await;
    for path in ["/Users", "/Users/x", "/Groups", "/Groups/x"] {
        let anonymous = send(&op, "GET", path, &[], None).await;
        assert_eq!(anonymous.error(), (401, ""), "{path}");
        // RFC 7644 §2, RFC 6750 §3
        assert!(
            anonymous
                .header("www-authenticate")
                .starts_with("Bearer realm=\"scim\"")
        );
        let wrong = send(&op, "GET", path, &[("authorization", "Bearer at_x")], None).await;
        assert_eq!(wrong.error(), (401, ""));
        assert!(wrong.header("www-authenticate").contains("invalid_token"));
    }
    let other = format!("Bearer {}", token_of(&service.rp, "other").await);
    let refused = send(&op, "GET", "/Users", &[("authorization", &other)], None).await;
    assert_eq!(refused.error(), (403, ""));
    assert!(refused.header("www-authenticate").contains("insufficient_scope"));
    // UI-1: a token never comes in the query.
    let in_query = format!("/Users?access_token={}", service.token);
    assert_eq!(send(&op, "GET", &in_query, &[], None).await.status, 400);
    assert_eq!(service.gets("/Users").await.status, 200);
    // AZ-14: the token of a person is none of the client itself.
    let mut rp = service.rp;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    let person = format!("Bearer {}", tokens.access_token);
    let refused = send(&op, "GET", "/Users", &[("authorization", &person)], None).await;
    assert_eq!(refused.error(), (403, ""));
}

#[tokio::test]
async fn what_is_not_offered_is_refused_in_the_words_of_the_standard() {
    let op = TestOp::start().await;
    let service = op.scim_service("events", json!({})).await;
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": []});
    assert_eq!(
        service.sends("POST", "/Bulk", &[], Some(bulk)).await.error(),
        (501, "")
    );
    for (method, path) in [
        ("POST", "/Users"),
        ("DELETE", "/Users/x"),
        ("POST", "/Groups"),
        ("PUT", "/Groups/x"),
        ("PATCH", "/Groups/x"),
        ("DELETE", "/Groups/x"),
    ] {
        let refused = service.sends(method, path, &[], Some(json!({}))).await;
        assert_eq!(refused.error(), (405, ""), "{method} {path}");
        assert!(refused.header("allow").contains("GET"));
    }
    for path in ["/Me", "/Users/x/y", "/nothing", "/"] {
        assert_eq!(service.gets(path).await.error(), (404, ""), "{path}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let refused = send(&op, "POST", "/Users/.search", &form, Some(json!({}))).await;
    assert_eq!(refused.status, 401); // who asks comes before what
    let bearer = format!("Bearer {}", service.token);
    let text = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    let refused = send(&op, "POST", "/Users/.search", &text, Some(json!({}))).await;
    assert_eq!(refused.error(), (415, ""));
    let json = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let refused = send(
        &op,
        "POST",
        "/Users/.search",
        &json,
        Some(json!({"filter": "id pr"})),
    )
    .await;
    assert_eq!(refused.error(), (400, "invalidSyntax"));
    assert_eq!(MEDIA_TYPE, refused.header("content-type"));
}

#[tokio::test]
async fn a_client_that_asks_too_often_waits() {
    let op = TestOp::with(|config| config.limits.scim.truncate(0)).await;
    let free = op.scim_service("events", json!({})).await;
    assert_eq!(free.gets("/Users").await.status, 200);
    let op = TestOp::with(|config| config.limits.scim[0].count = 2).await;
    let service = op.scim_service("events", json!({})).await;
    for _ in 0..2 {
        assert_eq!(service.gets("/Users").await.status, 200);
    }
    let refused = service.gets("/Users").await;
    assert_eq!(refused.error(), (429, "")); // DS-2
    assert!(refused.header("retry-after").parse::<u64>().expect("seconds") <= 60);
    let other = op.scim_service("bookshop", json!({})).await;
    assert_eq!(other.gets("/Users").await.status, 200);
}
