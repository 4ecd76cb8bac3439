//! Tests that each route of the table admits whoever is of its audience, and nobody else (security.md G-4, AD-1): every route
//! with everybody who may come.

use axum::http::StatusCode;

use crate::support::{TestOp, rows};
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::role::Role;
use itu_account::http::router;
use itu_account::http::routes::Audience;
use itu_account::oidc::clients::{self, Whom};

/// Returns `true` if a person with this role, the office of a Focal Point or not, and a client of their own or not, is of the
/// audience.
fn is_of(audience: Audience, role: Role, is_focal_point: bool, is_owner: bool) -> bool {
    match audience {
        Audience::Public | Audience::Client | Audience::SignedIn | Audience::OwnData => true,
        Audience::FocalPoint => is_focal_point || role == Role::Administrator,
        Audience::Staff => matches!(role, Role::Support | Role::Auditor | Role::Administrator),
        Audience::Support => matches!(role, Role::Support | Role::Administrator),
        Audience::ClientOwner => is_owner || role == Role::Administrator,
        Audience::Auditor => matches!(role, Role::Auditor | Role::Administrator),
        Audience::Administrator => role == Role::Administrator,
    }
}

#[tokio::test]
async fn each_route_admits_its_audience_only() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let mut people = Vec::new();
    for role in Role::ALL {
        let email = format!("{}@example.org", role.as_str());
        people.push((role, false, false, op.person_with(&email, role).await));
    }
    let focal_point = op.person("focal-point@example.org").await;
    let account = op.find_account(&focal_point.email).await.id;
    let stage = rows::approved(op.now());
    let affiliation = op.insert_affiliation(&account, "ofcom", stage).await;
    op.insert_focal_point(&affiliation).await;
    people.push((Role::User, true, false, focal_point));
    op.client("shop").await;
    op.client("other").await;
    let owner = op.person("owner@example.org").await;
    let account = op.find_account(&owner.email).await.id;
    let (operator, shop) = (Context::operator(), ClientId::new("shop"));
    let owned = clients::add_owner(&op.app, &operator, &shop, &Whom::Account(&account)).await;
    owned.expect("an owner");
    people.push((Role::User, false, true, owner));
    // Somebody else, whom pages are about.
    let other = op.person("other@example.org").await;
    let other = op.find_account(&other.email).await.id;

    let routes = router::routes(&op.app);
    for (pattern, audience) in routes.table() {
        if matches!(audience, Audience::Public | Audience::Client) {
            continue;
        }
        let path = pattern
            .replace("{organization}", "ofcom")
            .replace("clients/{id}", "clients/shop")
            .replace("accounts/{id}", &format!("accounts/{other}"))
            .replace(['{', '}'], "");
        let stranger = op.browser().get(&path).await;
        assert_eq!(stranger.url.path(), "/login", "{path} to a stranger"); // G-4
        let stranger = op.browser().post(&path, &[]).await;
        assert!(stranger.url.path() == "/login" || stranger.status == StatusCode::METHOD_NOT_ALLOWED);
        for (role, is_focal_point, is_owner, person) in &mut people {
            if person.browser.cookie("__Host-itu_sid").is_none() {
                person.logs_in().await;
            }
            let context = format!("{path} to {role:?}, Focal Point: {is_focal_point}, owner: {is_owner}");
            let seen = person.browser.get(&path).await;
            assert!(!seen.status.is_server_error(), "{context}");
            if !is_of(*audience, *role, *is_focal_point, *is_owner) {
                // G-4: an object of other people answers 404, whatever one would do to it.
                assert_eq!(seen.status, StatusCode::NOT_FOUND, "{context}");
                let answer = person.browser.post(&path, &[("csrf", "x")]).await;
                let is_refused = matches!(
                    answer.status,
                    StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
                );
                assert!(is_refused, "POST {context}: {}", answer.status);
                continue;
            }
            let is_own = matches!(audience, Audience::SignedIn | Audience::OwnData);
            if !is_own && (!pattern.contains('{') || path.contains(other.as_str())) {
                assert_ne!(seen.status, StatusCode::NOT_FOUND, "{context}");
            }
            // A client is its owners' and the administrators'.
            if *audience == Audience::ClientOwner && *role != Role::Administrator && pattern.contains('{') {
                let foreign = path.replace("clients/shop", "clients/other");
                let seen = person.browser.get(&foreign).await;
                assert_eq!(seen.status, StatusCode::NOT_FOUND, "{foreign}");
                let answer = person.browser.post(&foreign, &[("csrf", "x")]).await;
                assert!(
                    answer.status.is_client_error(),
                    "POST {foreign}: {}",
                    answer.status
                );
            }
            // An organization is its own Focal Points' and the administrators'.
            if *audience == Audience::FocalPoint && *role != Role::Administrator && pattern.contains('{') {
                let foreign = path.replace("ofcom", "telco");
                let seen = person.browser.get(&foreign).await;
                assert_eq!(seen.status, StatusCode::NOT_FOUND, "{foreign}");
                let answer = person.browser.post(&foreign, &[("csrf", "x")]).await;
                let is_refused = answer.status.is_client_error();
                assert!(is_refused, "POST {foreign}: {}", answer.status);
            }
        }
    }
    for audience in [
        Audience::FocalPoint,
        Audience::Staff,
        Audience::Auditor,
        Audience::ClientOwner,
        Audience::Administrator,
    ] {
        assert!(
            routes.table().iter().any(|(_, it)| *it == audience),
            "{audience:?}"
        );
    }
}
