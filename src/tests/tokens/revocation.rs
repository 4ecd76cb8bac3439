//! Tests revocation (RFC 7009; security.md UI-4).

use serde_json::json;

use super::*;
use itu_account::oidc::revocation;

pub(super) async fn revokes(op: &Provider, client: &Client, token: &str) {
    let request = parameters([("token", token), ("token_type_hint", "nonsense")]);
    revocation::revoke(&op.app, &op.context, client, &request)
        .await
        .expect("always");
}

#[tokio::test]
async fn a_client_gives_back_its_own_tokens() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);
    let other = op.client("other", json!({})).await;
    let tokens = op.signs_in_at(&web, &alice, "openid offline_access").await;
    let (access, refresh) = (tokens.access_token.as_str(), refresh_token(&tokens));

    for token in [access, &refresh, "nonsense"] {
        revokes(&op, &other, token).await; // RFC 7009 §2.1: its own only
    }
    assert!(op.userinfo(access).await.is_ok());
    revokes(&op, &web, access).await;
    assert_eq!(code_of(op.userinfo(access).await), Code::InvalidToken); // UI-4
    let tokens = op.refreshes(&web, &refresh).await.expect("the grant stands");
    revokes(&op, &web, &refresh_token(&tokens)).await;
    assert_eq!(
        code_of(op.userinfo(&tokens.access_token).await),
        Code::InvalidToken
    ); // UI-4: its grant ends
    assert_eq!(
        code_of(op.refreshes(&web, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    );
}
