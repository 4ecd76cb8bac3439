//! Tests introspection (RFC 7662; security.md UI-3).

use serde_json::json;

use crate::support::protocol::{code_of, refresh_token};
use crate::support::{TestOp, parameters};
use itu_account::oidc::Code;
use itu_account::oidc::introspection;

#[tokio::test]
async fn introspection_answers_those_concerned_and_nobody_else() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let other = op.insert_client("other", json!({})).await;
    let guard = op.insert_client("guard", json!({"introspect_all": true})).await;
    let tokens = op
        .issue_tokens(&web, &alice, "openid itu_membership offline_access")
        .await;

    let seen = op.introspect(&web, &tokens.access_token).await;
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
        op.introspect(&other, &tokens.access_token).await,
        json!({"active": false})
    ); // UI-3
    assert_eq!(op.introspect(&guard, &tokens.access_token).await["active"], true);
    assert_eq!(op.introspect(&web, "nonsense").await, json!({"active": false}));
    let refresh = refresh_token(&tokens);
    assert_eq!(op.introspect(&web, &refresh).await["active"], true);
    assert_eq!(op.introspect(&other, &refresh).await, json!({"active": false}));

    let public = op
        .insert_client("public", json!({"token_endpoint_auth_method": "none"}))
        .await;
    let asked = introspection::answer(&op.app, &public, &parameters([("token", "x")])).await;
    assert_eq!(code_of(asked), Code::InvalidClient); // UI-3
    op.advance(600);
    assert_eq!(
        op.introspect(&web, &tokens.access_token).await,
        json!({"active": false})
    );
    assert_eq!(
        code_of(op.read_userinfo(&tokens.access_token).await),
        Code::InvalidToken
    );
}
