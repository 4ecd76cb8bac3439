//! Tests introspection (RFC 7662; security.md UI-3).

use serde_json::json;

use super::*;
use itu_account::oidc::introspection;

#[tokio::test]
async fn introspection_tells_those_concerned_and_nobody_else() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);
    let other = op.client("other", json!({})).await;
    let guard = op.client("guard", json!({"introspect_all": true})).await;
    let tokens = op
        .signs_in_at(&web, &alice, "openid itu_membership offline_access")
        .await;

    let seen = op.introspects(&web, &tokens.access_token).await;
    assert_eq!(
        (seen["active"].as_bool(), seen["client_id"].as_str()),
        (Some(true), Some("web"))
    );
    assert_eq!(seen["sub"], alice.account.sub.as_str());
    assert_eq!(seen["affiliation_status"], "none"); // product.md: always there with the scope
    assert_eq!(
        (&seen["ties_rights"], &seen["focal_point"]),
        (&json!([]), &json!(false))
    );
    assert!(seen.get("email").is_none());
    assert_eq!(
        op.introspects(&other, &tokens.access_token).await,
        json!({"active": false})
    ); // UI-3
    assert_eq!(op.introspects(&guard, &tokens.access_token).await["active"], true);
    assert_eq!(op.introspects(&web, "nonsense").await, json!({"active": false}));
    let refresh = refresh_token(&tokens);
    assert_eq!(op.introspects(&web, &refresh).await["active"], true);
    assert_eq!(op.introspects(&other, &refresh).await, json!({"active": false}));

    let public = op
        .client("public", json!({"token_endpoint_auth_method": "none"}))
        .await;
    let asked = introspection::answer(&op.app, &public, &parameters([("token", "x")])).await;
    assert_eq!(code_of(asked), Code::InvalidClient); // UI-3
    op.wait(600);
    assert_eq!(
        op.introspects(&web, &tokens.access_token).await,
        json!({"active": false})
    );
    assert_eq!(
        code_of(op.userinfo(&tokens.access_token).await),
        Code::InvalidToken
    );
}
