//! Tests that each operation answers who may call it, and nobody else: every operation with every scope, every role and
//! every kind of token (security.md AD-1, G-4, G-10; RFC 6750).

use itu_account::domain::powers::{Area, Power, Powers};
use itu_account::domain::role::Role;
use itu_account::http::api::operation::{Operation, Verb};
use itu_account::http::api::operations;

use super::{Caller, client, machine, personal};
use crate::support::{Prover, TestOp};

/// Returns an address of the operation where nothing is, with the parameter that it cannot do without.
fn path_of(operation: &Operation) -> String {
    let path = operation
        .path
        .replace("{id}", "nothing")
        .replace("{account}", "nobody")
        .replace(['{', '}'], "");
    match operation.id {
        "previewClientClaims" => format!("{path}?email=nobody@example.org"),
        _ => path,
    }
}

/// Calls an operation with nothing that it needs: whoever may call it hears what is wrong with the call.
async fn status_of(caller: &Caller<'_>, operation: &Operation) -> u16 {
    let verb = operation.verb.as_str();
    let answer = caller.call(verb, &path_of(operation), &[], None).await;
    assert!(answer.status < 500, "{operation:?}: {}", answer.status);
    answer.status
}

/// Returns `true` if the answer is that of somebody who may call the operation.
fn is_admitted(operation: &Operation, status: u16) -> bool {
    match status {
        401 | 403 => false,
        // Nothing is there, the call lacks its body or its version, or a list is read.
        200 => operation.verb == Verb::Get,
        404 | 415 | 428 => true,
        other => panic!("{operation:?}: {other}"),
    }
}

fn every_scope() -> Vec<&'static str> {
    let of_areas = Area::ALL.into_iter().flat_map(|it| [it.read_scope(), it.scope()]);
    of_areas.chain(["admin"]).collect()
}

fn powers(scope: &str) -> Powers {
    Powers::of_scope(&itu_account::domain::scope::Scope::parse(scope).expect("a scope"))
}

#[tokio::test]
async fn each_operation_needs_a_token_of_its_scope() {
    let op = TestOp::with(|config| config.limits.api_calls = Vec::new()).await;
    let rp = client(&op, "backoffice").await;
    for scope in every_scope() {
        let caller = machine(&op, &rp, scope).await;
        for operation in operations::all() {
            let status = status_of(&caller, operation).await;
            let may = powers(scope).has(operation.power);
            assert_eq!(
                is_admitted(operation, status),
                may,
                "{operation:?} with {scope}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn a_person_has_the_powers_of_both_scope_and_role() {
    let op = TestOp::with(|config| config.limits.api_calls = Vec::new()).await;
    let mut rp = client(&op, "console").await;
    for role in Role::ALL {
        let mut person = op
            .person_with(&format!("{}@example.org", role.as_str()), role)
            .await;
        for scope in every_scope() {
            let caller = personal(&op, &mut rp, &mut person, scope).await;
            let held = powers(scope).limited_to(Powers::of_role(role));
            // A value that the role lacks a part of is not granted at all.
            let is_granted = held == powers(scope);
            for operation in operations::all() {
                let status = status_of(&caller, operation).await;
                let may = is_granted && held.has(operation.power);
                assert_eq!(
                    is_admitted(operation, status),
                    may,
                    "{operation:?} with {scope} of {role:?}: {status}"
                );
            }
        }
    }
}

#[tokio::test]
async fn without_a_token_for_the_api_nothing_opens() {
    let op = TestOp::start().await;
    let mut rp = client(&op, "console").await;
    let mut person = op.person_with("admin@example.org", Role::Administrator).await;
    let url = rp.authorization_url("openid admin", &[]);
    let back = person.goes_through(&url).await;
    let code = rp.takes(&back);
    let for_issuer = rp.redeems(&code).await.expect("tokens").access_token;
    let stranger = Caller { op: &op, token: None };
    let of_userinfo = Caller {
        op: &op,
        token: Some(for_issuer),
    };
    let forged = Caller {
        op: &op,
        token: Some("at_forged".into()),
    };
    for operation in operations::all() {
        for caller in [&stranger, &of_userinfo, &forged] {
            let answer = caller
                .call(operation.verb.as_str(), &path_of(operation), &[], None)
                .await;
            assert_eq!(answer.status, 401, "{operation:?}");
            assert_eq!(answer.problem(), "unauthorized");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(
                answer
                    .header("www-authenticate")
                    .starts_with("Bearer realm=\"administration\"")
            );
            // RFC 6750 §3.1: without a token there is no error to name.
            assert_eq!(
                answer.header("www-authenticate").contains("error="),
                caller.token.is_some()
            );
        }
    }
    // A token in the query would be in logs (UI-1).
    let token = of_userinfo.token.clone().expect("a token");
    let answer = stranger
        .get(&format!("/api/v1/accounts?access_token={token}"))
        .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_scope_that_is_missing_is_named() {
    let op = TestOp::start().await;
    let rp = client(&op, "backoffice").await;
    let reader = machine(&op, &rp, "admin:accounts:read").await;
    let answer = reader.call("PUT", "/api/v1/accounts/x/role", &[], None).await;
    assert_eq!((answer.status, answer.problem()), (403, "insufficient-scope"));
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"admin\"")); // RFC 6750 §3
    for operation in operations::all().filter(|it| it.power == Power::Change(Area::Clients)) {
        let answer = reader
            .call(operation.verb.as_str(), &path_of(operation), &[], None)
            .await;
        assert!(
            answer
                .header("www-authenticate")
                .contains("scope=\"admin:clients\""),
            "{operation:?}"
        );
    }
}

#[tokio::test]
async fn a_bound_token_needs_its_key() {
    let op = TestOp::start().await;
    let metadata = serde_json::json!({"resources": [super::RESOURCE], "grant_types": ["client_credentials"],
        "redirect_uris": [], "response_types": [], "post_logout_redirect_uris": [],
        "scope": "admin:clients:read", "dpop_bound_access_tokens": true});
    let rp = op.client_with("bound", metadata).await;
    let prover = Prover::new(&op);
    let fields = [
        ("grant_type", "client_credentials"),
        ("resource", super::RESOURCE),
    ];
    let proof = prover.proves("POST", "/token", None);
    let answer = rp.posts_with("/token", &fields, &[("dpop", &proof)]).await;
    let answer: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
    let token = answer["access_token"].as_str().expect("a token");
    let path = "/api/v1/clients/bound";
    let scheme = format!("DPoP {token}");
    let proof = prover.proves("GET", path, Some(token));
    let caller = Caller { op: &op, token: None };
    let headers = [("authorization", scheme.as_str()), ("dpop", &proof)];
    let answer = caller.call("GET", path, &headers, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // RFC 9449 §7.1: as a bearer token it is worth nothing, and a proof is of one address.
    let thief = Caller {
        op: &op,
        token: Some(token.to_owned()),
    };
    assert_eq!(thief.get(path).await.status, 401);
    let proof = prover.proves("GET", "/api/v1/clients/other", Some(token));
    let headers = [("authorization", scheme.as_str()), ("dpop", &proof)];
    assert_eq!(caller.call("GET", path, &headers, None).await.status, 401);
}

#[tokio::test]
async fn a_login_that_is_old_does_not_give_roles() {
    let op = TestOp::start().await;
    let mut rp = client(&op, "console").await;
    let mut person = op.person_with("admin@example.org", Role::Administrator).await;
    op.person("alice@example.org").await;
    let alice = op.find_account("alice@example.org").await.id;
    let caller = personal(&op, &mut rp, &mut person, "admin").await;
    op.advance(6 * 60);
    let path = format!("/api/v1/accounts/{alice}/role");
    let body = serde_json::json!({"role": "support"});
    let answer = caller.call("PUT", &path, &[], Some(body.clone())).await;
    assert_eq!((answer.status, answer.problem()), (401, "login-needed")); // SE-4
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("insufficient_user_authentication") && challenge.contains("max_age=\"300\"")); // RFC 9470 §3
    // Nobody acts in office on the own account (AD-1); a fresh login does it for others.
    let caller = {
        person.browser.forget_cookies();
        personal(&op, &mut rp, &mut person, "admin").await
    };
    let own = op.find_account("admin@example.org").await.id;
    let answer = caller
        .call(
            "PUT",
            &format!("/api/v1/accounts/{own}/role"),
            &[],
            Some(body.clone()),
        )
        .await;
    assert_eq!((answer.status, answer.problem()), (403, "not-yours"));
    assert_eq!(caller.call("PUT", &path, &[], Some(body)).await.status, 204);
    assert_eq!(op.find_account("alice@example.org").await.role, Role::Support);
}

#[tokio::test]
async fn nobody_gets_hold_of_a_client_with_more_powers() {
    // AD-1
    let op = TestOp::with(|config| config.limits.api_calls = Vec::new()).await;
    let rp = client(&op, "backoffice").await;
    let caller = machine(&op, &rp, "admin:clients").await;
    let whole = machine(&op, &rp, "admin").await;
    let document = |scope: &str| {
        serde_json::json!({"client_name": "Tool", "grant_types": ["client_credentials"], "redirect_uris": [],
            "response_types": [], "resources": [super::RESOURCE], "scope": scope})
    };
    let refused = |answer: &super::Answer, scope: &str| {
        assert_eq!(
            (answer.status, answer.problem()),
            (403, "insufficient-scope"),
            "{scope}: {}",
            answer.body
        );
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{challenge}");
    };
    let own = [
        "catalogue",
        "admin:clients",
        "admin:clients:read",
        "ssf.manage",
        "grant_management_query",
    ];
    for scope in every_scope().into_iter().chain(["scim", "scim:read"]).chain(own) {
        let may = scope.starts_with("admin:clients") || own.contains(&scope);
        let created = caller.post("/api/v1/clients", document(scope)).await;
        if may {
            assert_eq!(created.status, 201, "{scope}: {}", created.body);
            continue;
        }
        refused(&created, scope);
        let created = whole.post("/api/v1/clients", document(scope)).await;
        assert_eq!(created.status, 201, "{scope}: {}", created.body);
        let id = created.body["client_id"].as_str().expect("an id");
        let path = format!("/api/v1/clients/{id}");
        let version = created.header("etag").to_owned();
        let named = [("if-match", version.as_str())];
        for (verb, body) in [
            ("PATCH", serde_json::json!({"scope": "catalogue"})),
            ("PATCH", serde_json::json!({"client_name": "Mine"})),
            ("PUT", document("catalogue")),
        ] {
            refused(&caller.call(verb, &path, &named, Some(body)).await, scope);
        }
        refused(
            &caller.call("POST", &format!("{path}/secrets"), &[], None).await,
            scope,
        );
        let stop = caller.call("POST", &format!("{path}/disable"), &[], None).await;
        assert_eq!(stop.status, 204, "{scope}: to disable takes away");
        refused(
            &caller.call("POST", &format!("{path}/enable"), &[], None).await,
            scope,
        );
        let gone = caller.call("DELETE", &path, &[], None).await;
        assert_eq!(gone.status, 204, "{scope}");
    }
    // Nor does a program make more of itself, or of one that it may change.
    for id in ["backoffice", "tool"] {
        if id == "tool" {
            let mut small = document("catalogue");
            small["client_id"] = id.into();
            assert_eq!(caller.post("/api/v1/clients", small).await.status, 201);
        }
        let path = format!("/api/v1/clients/{id}");
        let version = caller.get(&path).await.header("etag").to_owned();
        let body = Some(serde_json::json!({"scope": "catalogue admin"}));
        let answer = caller.call("PATCH", &path, &[("if-match", &version)], body).await;
        refused(&answer, "admin");
    }
}

#[tokio::test]
async fn an_administrator_has_no_more_of_clients_than_the_token_says() {
    // AD-1
    let op = TestOp::start().await;
    let mut rp = client(&op, "console").await;
    let mut person = op.person_with("admin@example.org", Role::Administrator).await;
    let caller = personal(&op, &mut rp, &mut person, "admin:clients").await;
    let rotated = caller
        .call("POST", "/api/v1/clients/console/secrets", &[], None)
        .await;
    assert_eq!((rotated.status, rotated.problem()), (403, "insufficient-scope"));
    let caller = personal(&op, &mut rp, &mut person, "admin").await;
    let rotated = caller
        .call("POST", "/api/v1/clients/console/secrets", &[], None)
        .await;
    assert_eq!(rotated.status, 201, "{}", rotated.body);
}
