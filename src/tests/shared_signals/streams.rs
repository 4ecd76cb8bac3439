//! Tests the management of a stream (SSF 1.0 §7, §8.1): by its own service, with a token of its own, and by nobody else.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    HEAR, SCOPE, call, deliver, event_type, heard, overview, provider, service, stream, token, uses,
};
use crate::support::{ISSUER, TestOp};

const STREAMS: &str = "/ssf/streams";

#[tokio::test]
async fn the_configuration_says_what_there_is() {
    let op = TestOp::start().await;
    let path = (Method::GET, "/.well-known/ssf-configuration");
    let (status, said) = call(&op, path, None, None).await;
    assert_eq!(status, 200);
    // SSF 1.0 §7.1, CAEP Interoperability Profile §2.3
    assert_eq!(said["issuer"], ISSUER);
    assert_eq!(said["spec_version"], "1_0");
    assert_eq!(said["default_subjects"], "ALL");
    assert_eq!(
        said["delivery_methods_supported"],
        json!(["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"])
    );
    assert_eq!(said["authorization_schemes"][0]["spec_urn"], "urn:ietf:rfc:6749");
    let (_, openid) = call(
        &op,
        (Method::GET, "/.well-known/openid-configuration"),
        None,
        None,
    )
    .await;
    assert_eq!(said["jwks_uri"], openid["jwks_uri"]);
    for name in [
        "configuration",
        "status",
        "add_subject",
        "remove_subject",
        "verification",
    ] {
        let address = said[format!("{name}_endpoint")].as_str().expect(name);
        let path = address.strip_prefix(ISSUER).expect("ours");
        let (status, _) = call(&op, (Method::POST, path), None, Some(&json!({}))).await;
        assert_eq!(status, 401, "{name}");
    }
}

#[tokio::test]
async fn a_service_makes_reads_changes_and_deletes_its_stream() {
    let (op, site) = provider().await;
    let shop = service(&op, "shop", json!({})).await;
    let made = stream(&op, &shop, &site, HEAR).await;
    let id = made["stream_id"].as_str().expect("an id").to_owned();
    assert_eq!((&made["iss"], &made["aud"]), (&json!(ISSUER), &json!("shop")));
    assert_eq!(made["events_supported"], made["events_delivered"]);
    assert_eq!(made["events_supported"].as_array().map(Vec::len), Some(8));
    assert_eq!(made["delivery"]["endpoint_url"], site.at(HEAR));
    assert!(!made.to_string().contains("of-the-receiver"), "{made}");

    let manage = token(&shop, "ssf.manage").await;
    let one = format!("{STREAMS}?stream_id={id}");
    let read = call(&op, (Method::GET, &one), Some(&manage), None).await;
    assert_eq!(read, (200, made.clone()));
    let all = call(&op, (Method::GET, STREAMS), Some(&manage), None).await;
    assert_eq!(all, (200, json!([made])));
    // §8.1.1.1: a client has one.
    let again = call(&op, (Method::POST, STREAMS), Some(&manage), Some(&json!({}))).await;
    assert_eq!(again.0, 409, "{}", again.1);

    let (revoked, unknown) = (event_type("session-revoked"), "https://example.org/unknown");
    let patch = json!({ "stream_id": id, "events_requested": [revoked, unknown], "iss": ISSUER });
    let (status, patched) = call(&op, (Method::PATCH, STREAMS), Some(&manage), Some(&patch)).await;
    assert_eq!(status, 200, "{patched}");
    assert_eq!(patched["events_requested"], json!([revoked, unknown]));
    assert_eq!(patched["events_delivered"], json!([revoked]));
    assert_eq!(patched["description"], "the sessions of the shop"); // as it was
    let wrong = json!({ "stream_id": id, "aud": "another" });
    let (status, _) = call(&op, (Method::PATCH, STREAMS), Some(&manage), Some(&wrong)).await;
    assert_eq!(status, 400); // §8.1.1.3
    let (status, replaced) = call(
        &op,
        (Method::PUT, STREAMS),
        Some(&manage),
        Some(&json!({ "stream_id": id })),
    )
    .await;
    assert_eq!(status, 200, "{replaced}");
    assert_eq!(replaced["delivery"]["method"], "urn:ietf:rfc:8936"); // §8.1.1.1
    assert_eq!(replaced["description"], "");

    assert_eq!(
        call(&op, (Method::DELETE, &one), Some(&manage), None).await.0,
        204
    );
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(call(&op, (method, &one), Some(&manage), None).await.0, 404);
    }
    let gone = json!({ "stream_id": id });
    for method in [Method::PATCH, Method::PUT] {
        assert_eq!(
            call(&op, (method, STREAMS), Some(&manage), Some(&gone)).await.0,
            404
        );
    }
    let (status, all) = call(&op, (Method::GET, STREAMS), Some(&manage), None).await;
    assert_eq!((status, all), (200, json!([])));
}

#[tokio::test]
async fn nobody_else_has_the_stream() {
    // EV-6
    let (op, site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    let other = service(&op, "other", json!({})).await;
    let made = stream(&op, &shop, &site, HEAR).await;
    let one = format!(
        "{STREAMS}?stream_id={}",
        made["stream_id"].as_str().expect("an id")
    );
    let foreign = token(&other, "ssf.manage").await;
    assert_eq!(call(&op, (Method::GET, &one), Some(&foreign), None).await.0, 404);
    assert_eq!(
        call(&op, (Method::DELETE, &one), Some(&foreign), None).await.0,
        404
    );
    assert_eq!(call(&op, (Method::GET, &one), None, None).await.0, 401);
    assert_eq!(call(&op, (Method::GET, &one), Some("invalid"), None).await.0, 401);
    // Whoever reads cannot change.
    let reads = token(&shop, "ssf.read").await;
    assert_eq!(call(&op, (Method::GET, &one), Some(&reads), None).await.0, 200);
    assert_eq!(call(&op, (Method::DELETE, &one), Some(&reads), None).await.0, 403);
    // A person has none, whatever they granted.
    let mut alice = op.person("alice@example.org").await;
    let tokens = uses(&mut alice, &mut shop, SCOPE).await;
    let (status, _) = call(&op, (Method::GET, &one), Some(&tokens.access_token), None).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn what_cannot_be_a_stream_is_refused() {
    let (op, site) = provider().await;
    let shop = service(&op, "shop", json!({})).await;
    let manage = token(&shop, "ssf.manage").await;
    let push = |url: Value| json!({ "delivery": { "method": "urn:ietf:rfc:8935", "endpoint_url": url } });
    for bad in [
        json!([]),
        json!("text"),
        json!({ "events_requested": "session-revoked" }),
        json!({ "events_requested": ["with space"] }),
        json!({ "delivery": { "method": "urn:example:pigeon" } }),
        json!({ "description": "x".repeat(1001) }),
        push(json!(null)),
        // DR-3
        push(json!("http://rp.example/hear")),
        push(json!("https://127.0.0.1/hear")),
        push(json!("https://rp.example:8443/hear")),
        json!({ "delivery": { "method": "urn:ietf:rfc:8935", "endpoint_url": site.at(HEAR),
            "authorization_header": "a\nb" } }),
    ] {
        let (status, answer) = call(&op, (Method::POST, STREAMS), Some(&manage), Some(&bad)).await;
        assert_eq!(status, 400, "{bad}: {answer}");
        assert!(answer["err"].is_string() && answer["description"].is_string());
    }
}

#[tokio::test]
async fn a_verification_echoes_the_state_and_rests_between_two() {
    let (op, site) = provider().await;
    let shop = service(&op, "shop", json!({})).await;
    let made = stream(&op, &shop, &site, HEAR).await;
    let manage = token(&shop, "ssf.manage").await;
    let body = json!({ "stream_id": made["stream_id"], "state": "VGhpcyBpcyBhbiBleGFtcGxl" });
    let verification = (Method::POST, "/ssf/verification");
    assert_eq!(
        call(&op, verification.clone(), Some(&manage), Some(&body))
            .await
            .0,
        204
    );
    assert_eq!(
        call(&op, verification.clone(), Some(&manage), Some(&body))
            .await
            .0,
        429
    );
    deliver(&op).await;
    let sets = heard(&op, &site).await;
    assert_eq!(sets.len(), 1);
    let (kind, event) = sets[0].event();
    assert_eq!(kind, "verification");
    assert_eq!(event, json!({ "state": "VGhpcyBpcyBhbiBleGFtcGxl" })); // SSF 1.0 §8.1.4.2
    assert_eq!(
        sets[0].claims["sub_id"],
        json!({ "format": "opaque", "id": made["stream_id"] })
    );
    assert_eq!(sets[0].header["typ"], "secevent+jwt");
    assert_eq!(site.headers(HEAR)[0]["authorization"], super::HEADER); // §6.1.1
    assert_eq!(site.headers(HEAR)[0]["content-type"], "application/secevent+jwt"); // RFC 8935 §2.1
    let rest = made["min_verification_interval"].as_i64().expect("seconds");
    op.advance(rest);
    assert_eq!(call(&op, verification, Some(&manage), Some(&body)).await.0, 204);
}

#[tokio::test]
async fn a_paused_stream_keeps_and_a_disabled_one_forgets() {
    let (op, site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    let made = stream(&op, &shop, &site, HEAR).await;
    let manage = token(&shop, "ssf.manage").await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid profile").await;
    let set = async |status: &str| {
        let body = json!({ "stream_id": made["stream_id"], "status": status, "reason": "maintenance" });
        let (code, answer) = call(&op, (Method::POST, "/ssf/status"), Some(&manage), Some(&body)).await;
        assert_eq!(code, 200, "{answer}");
        assert_eq!(
            (&answer["status"], &answer["reason"]),
            (&json!(status), &json!("maintenance"))
        );
        let at = format!(
            "/ssf/status?stream_id={}",
            made["stream_id"].as_str().expect("an id")
        );
        assert_eq!(
            call(&op, (Method::GET, &at), Some(&manage), None).await,
            (200, answer)
        );
    };
    set("paused").await;
    alice.browser.get("/logout").await;
    super::events::changes_password(&mut alice).await;
    deliver(&op).await;
    assert_eq!(heard(&op, &site).await.len(), 0);
    assert!(overview(&op, "shop").await.queue.waiting > 0);
    set("enabled").await; // SSF 1.0 §8.1.2: what waited is sent
    deliver(&op).await;
    let before = heard(&op, &site).await.len();
    assert!(before > 0);
    set("disabled").await;
    super::events::changes_password(&mut alice).await;
    assert_eq!(overview(&op, "shop").await.queue.waiting, 0);
    set("enabled").await;
    deliver(&op).await;
    assert_eq!(heard(&op, &site).await.len(), before);
}

#[tokio::test]
async fn a_service_takes_a_person_out_and_back_in() {
    let (op, site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    let made = stream(&op, &shop, &site, HEAR).await;
    let manage = token(&shop, "ssf.manage").await;
    let mut alice = op.person("alice@example.org").await;
    let tokens = uses(&mut alice, &mut shop, "openid email").await;
    let by_subject = json!({ "format": "iss_sub", "iss": ISSUER, "sub": tokens.claims.subject().as_str() });
    let by_address = json!({ "format": "email", "email": "Alice@example.org" });
    let (add, remove) = ("/ssf/subjects/add", "/ssf/subjects/remove");
    let about = |subject: &Value| json!({ "stream_id": made["stream_id"], "subject": subject });
    for subject in [by_subject, by_address] {
        let body = about(&subject);
        assert_eq!(
            call(&op, (Method::POST, remove), Some(&manage), Some(&body))
                .await
                .0,
            204
        );
        let before = heard(&op, &site).await.len();
        super::events::changes_password(&mut alice).await;
        deliver(&op).await;
        assert_eq!(heard(&op, &site).await.len(), before, "{subject}");
        assert_eq!(overview(&op, "shop").await.queue.waiting, 0);
        assert_eq!(
            call(&op, (Method::POST, add), Some(&manage), Some(&body)).await.0,
            200
        );
        super::events::changes_password(&mut alice).await;
        deliver(&op).await;
        assert!(heard(&op, &site).await.len() > before, "{subject}");
    }
    // SSF 1.0 §9.1: the answer says nothing of whether there is such a person.
    let nobody = about(&json!({ "format": "email", "email": "nobody@example.org" }));
    assert_eq!(
        call(&op, (Method::POST, add), Some(&manage), Some(&nobody))
            .await
            .0,
        200
    );
    assert_eq!(
        call(&op, (Method::POST, remove), Some(&manage), Some(&nobody))
            .await
            .0,
        204
    );
    for bad in [
        json!({ "format": "phone_number", "phone_number": "+41" }),
        json!({}),
    ] {
        let body = about(&bad);
        assert_eq!(
            call(&op, (Method::POST, add), Some(&manage), Some(&body)).await.0,
            400
        );
    }
}
