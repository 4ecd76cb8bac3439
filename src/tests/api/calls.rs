//! Tests what is true of every call: versions, idempotency keys, cursors, limits, and how it refuses (security.md G-1, G-2,
//! G-9, DS-1, DS-2; RFC 9457, RFC 9110).

use itu_account::config::Rate;
use serde_json::json;

use super::{Caller, administrator, client, machine};
use crate::support::TestOp;

#[tokio::test]
async fn a_change_names_the_version_that_was_read() {
    let op = TestOp::start().await;
    op.client("events").await;
    let caller = administrator(&op).await;
    let path = "/api/v1/clients/events";
    let seen = caller.get(path).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    let etag = seen.header("etag").to_owned();
    let named = |name: &str| json!({"client_name": name});
    let without = caller.call("PATCH", path, &[], Some(named("A"))).await;
    assert_eq!(
        (without.status, without.problem()),
        (428, "precondition-required")
    );
    let first = caller
        .call("PATCH", path, &[("if-match", &etag)], Some(named("A")))
        .await;
    assert_eq!(
        (first.status, &first.body["client_name"]),
        (200, &json!("A")),
        "{}",
        first.body
    );
    assert_ne!(first.header("etag"), etag);
    // G-9: whoever has read the version before changes nothing.
    let second = caller
        .call("PATCH", path, &[("if-match", &etag)], Some(named("B")))
        .await;
    assert_eq!((second.status, second.problem()), (412, "precondition-failed"));
    let weak = format!("W/{}", first.header("etag"));
    assert_eq!(
        caller
            .call("PATCH", path, &[("if-match", &weak)], Some(named("B")))
            .await
            .status,
        412
    );
    let current = first.header("etag");
    let known = caller
        .call("GET", path, &[("if-none-match", current)], None)
        .await;
    assert_eq!((known.status, known.header("etag")), (304, current)); // RFC 9110 §13.1.2
}

#[tokio::test]
async fn a_repeated_post_does_nothing_again() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    let new = |name: &str| json!({"client_name": name, "redirect_uris": ["https://a.example/cb"], "scope": "openid"});
    let key = [("idempotency-key", "k1")];
    let first = caller.call("POST", "/api/v1/clients", &key, Some(new("A"))).await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert!(first.body["client_secret"].is_string());
    let again = caller.call("POST", "/api/v1/clients", &key, Some(new("A"))).await;
    assert_eq!(
        (again.status, &again.body["client_id"]),
        (201, &first.body["client_id"])
    );
    assert_eq!(again.header("location"), first.header("location"));
    assert!(again.body.get("client_secret").is_none(), "AD-2");
    let other = caller.call("POST", "/api/v1/clients", &key, Some(new("B"))).await;
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused"));
    // The key of one program is no key of another.
    let rp = client(&op, "second").await;
    let second = machine(&op, &rp, "admin:clients").await;
    let its = second.call("POST", "/api/v1/clients", &key, Some(new("B"))).await;
    assert_eq!(its.status, 201);
    assert_ne!(its.body["client_id"], first.body["client_id"]);
    // What was refused may be tried again with its key.
    let key = [("idempotency-key", "\"k2\"")];
    let wrong = json!({"client_name": "C", "redirect_uris": ["nowhere"]});
    let refused = caller.call("POST", "/api/v1/clients", &key, Some(wrong)).await;
    assert_eq!((refused.status, refused.problem()), (422, "invalid"));
    assert_eq!(
        refused.body["errors"][0]["member"], "redirect_uris",
        "{}",
        refused.body
    );
    assert_eq!(
        caller
            .call("POST", "/api/v1/clients", &key, Some(new("C")))
            .await
            .status,
        201
    );
    let long = "k".repeat(256);
    let malformed = caller
        .call(
            "POST",
            "/api/v1/clients",
            &[("idempotency-key", &long)],
            Some(new("D")),
        )
        .await;
    assert_eq!(malformed.status, 400);
}

#[tokio::test]
async fn a_cursor_goes_through_a_list_once() {
    let op = TestOp::start().await;
    for number in 0..7 {
        op.insert_organization(&format!("o{number}"), &format!("Telco {number}"), "sector_member")
            .await;
    }
    let caller = administrator(&op).await;
    let mut path = "/api/v1/organizations?limit=3&q=telco".to_owned();
    let mut names = Vec::new();
    loop {
        let page = caller.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(page.body["total"], 7);
        let items = page.body["items"].as_array().expect("items");
        names.extend(
            items
                .iter()
                .map(|it| it["name"].as_str().expect("a name").to_owned()),
        );
        let Some(next) = page.body["next"].as_str() else {
            assert!(page.header("link").is_empty());
            break;
        };
        let link = page.header("link");
        assert!(link.contains(next) && link.ends_with("; rel=\"next\"")); // RFC 8288
        path = link
            .trim_start_matches('<')
            .split('>')
            .next()
            .expect("a URL")
            .to_owned();
    }
    assert_eq!(names.len(), 7);
    names.dedup();
    assert_eq!(names.len(), 7);
    // A cursor leads nowhere else: not in another list, and not under other conditions.
    let page = caller.get("/api/v1/organizations?limit=3&q=telco").await;
    let next = page.body["next"].as_str().expect("more");
    for other in ["limit=3&q=tel", "limit=2&q=telco", "q=telco"] {
        let answer = caller
            .get(&format!("/api/v1/organizations?{other}&cursor={next}"))
            .await;
        assert_eq!((answer.status, answer.problem()), (400, "bad-request"), "{other}");
    }
    assert_eq!(
        caller
            .get(&format!("/api/v1/clients?limit=3&cursor={next}"))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_a_reason() {
    let op = TestOp::start().await;
    op.client("events").await;
    let caller = administrator(&op).await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=1&limit=1",
        "cursor=%20",
        "cursor=x",
        "status=gone",
        "x=1",
        "q=%00",
        "q=%zz",
    ] {
        let answer = caller.get(&format!("/api/v1/accounts?{query}")).await;
        assert_eq!((answer.status, answer.problem()), (400, "bad-request"), "{query}"); // G-1, G-2
        assert!(answer.body["detail"].is_string());
    }
    let path = "/api/v1/organizations/x/merge";
    let json = [("content-type", "application/json")];
    for (headers, body, status) in [
        (&json[..], "{", 400),
        (&json, "{\"into\": \"a\\u0000\"}", 400),
        (&json, "{\"into\": 1}", 422),
        (&json, "{\"into\": \"a\", \"more\": 1}", 422),
        (&json, "{\"into\": \"a\", \"into\": \"b\"}", 422),
        (&json, "[]", 422),
        (&[], "{\"into\": \"a\"}", 415),
        (&[("content-type", "text/plain")], "{\"into\": \"a\"}", 415),
    ] {
        let answer = caller.send("POST", path, headers, body.to_owned()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let large = format!("{{\"into\": \"{}\"}}", "a".repeat(70_000));
    assert_eq!(caller.send("POST", path, &json, large).await.status, 413); // DS-1
    for id in ["%00", "a%0ab", "%ff", &"a".repeat(300)] {
        let answer = caller.get(&format!("/api/v1/clients/{id}")).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{id}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    let unknown = caller.get("/api/v1/nothing").await;
    assert_eq!((unknown.status, unknown.problem()), (404, "not-found"));
    let method = caller.call("DELETE", "/api/v1/accounts", &[], None).await;
    assert_eq!((method.status, method.problem()), (405, "method-not-allowed"));
    assert!(method.header("allow").contains("GET"));
    let head = caller.call("HEAD", "/api/v1/accounts", &[], None).await;
    assert_eq!(head.status, 405);
    let described = caller.get("/api/problems/not-found").await;
    assert_eq!((described.status, &described.body["status"]), (200, &json!(404)));
    assert_eq!(caller.get("/api/problems/other").await.status, 404);
    // No script of another origin reads an answer.
    let answer = caller
        .call(
            "GET",
            "/api/v1/accounts",
            &[("origin", "https://evil.example")],
            None,
        )
        .await;
    assert!(answer.headers.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn calls_are_counted_and_the_answer_says_what_is_left() {
    let op = TestOp::with(|config| config.limits.api_calls = vec![Rate::new(3, 3600)]).await;
    let rp = client(&op, "backoffice").await;
    let caller = machine(&op, &rp, "admin:accounts:read").await;
    for left in [2, 1, 0] {
        let answer = caller.get("/api/v1/accounts").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), "\"calls\";q=3;w=3600");
        assert!(
            answer
                .header("ratelimit")
                .starts_with(&format!("\"calls\";r={left};t="))
        );
    }
    let answer = caller.get("/api/v1/accounts").await;
    assert_eq!((answer.status, answer.problem()), (429, "too-many-requests")); // DS-2
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|it| it > 0));
    let rp = client(&op, "other").await;
    assert_eq!(
        machine(&op, &rp, "admin:accounts:read")
            .await
            .get("/api/v1/accounts")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_document_is_for_everybody() {
    let op = TestOp::start().await;
    let stranger = Caller { op: &op, token: None };
    let document = stranger.get("/api/openapi.json").await;
    assert_eq!(
        (document.status, &document.body["openapi"]),
        (200, &json!("3.1.0"))
    );
    assert!(document.header("cache-control").contains("max-age"));
    // An office is held or not, a name is text, sectors are a list: what was before and after has no one form.
    for model in ["Deed", "ImportedMember"] {
        for member in ["before", "after"] {
            let schema = &document.body["components"]["schemas"][model]["properties"][member];
            assert!(schema.is_object(), "{model} {member}: {schema}");
            assert!(schema.get("type").is_none(), "{model} {member}: {schema}");
        }
    }
}
