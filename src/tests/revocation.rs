//! Tests revocation (RFC 7009; security.md UI-4).

use serde_json::json;

use crate::support::protocol::{code_of, refresh_token};
use crate::support::{TestOp, parameters, visitor};
use itu_account::domain::client::Client;
use itu_account::oidc::Code;
use itu_account::oidc::revocation;

pub(super) async fn revoke(op: &TestOp, client: &Client, token: &str) {
    let request = parameters([("token", token), ("token_type_hint", "nonsense")]);
    revocation::revoke(&op.app, &visitor(), client, &request)
        .await
        .expect("always");
}

#[tokio::test]
async fn a_client_gives_back_its_own_tokens() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let other = op.insert_client("other", json!({})).await;
    let tokens = op.issue_tokens(&web, &alice, "openid offline_access").await;
    let (access, refresh) = (tokens.access_token.as_str(), refresh_token(&tokens));

    for token in [access, &refresh, "nonsense"] {
        revoke(&op, &other, token).await; // RFC 7009 §2.1: its own only
    }
    assert!(op.read_userinfo(access).await.is_ok());
    revoke(&op, &web, access).await;
    assert_eq!(code_of(op.read_userinfo(access).await), Code::InvalidToken); // UI-4
    let tokens = op.refresh(&web, &refresh).await.expect("the grant stands");
    revoke(&op, &web, &refresh_token(&tokens)).await;
    assert_eq!(
        code_of(op.read_userinfo(&tokens.access_token).await),
        Code::InvalidToken
    ); // UI-4: its grant ends
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    );
}
