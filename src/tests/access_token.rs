//! Tests access tokens, sealed or signed (RFC 9068; security.md G-7, JW-4).

use serde_json::json;

use super::revocation::revoke;
use crate::support::protocol::{code_of, header_of};
use crate::support::{TestOp, parameters};
use itu_account::oidc::Code;

#[tokio::test]
async fn a_signed_access_token_is_as_good_as_a_sealed_one() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let metadata = json!({"first_party": true, "access_token_format": "jwt",
        "grant_types": ["authorization_code", "client_credentials"], "scope": "openid email itu_membership api"});
    let client = op.insert_client("jwt", metadata).await;
    let tokens = op
        .issue_tokens(&client, &alice, "openid email itu_membership")
        .await;

    assert_eq!(header_of(&tokens.access_token)["typ"], "at+jwt"); // RFC 9068 §2.1
    let claims = op
        .app
        .keys
        .verify_own(&tokens.access_token, "at+jwt")
        .expect("our signature");
    for required in [
        "iss",
        "exp",
        "aud",
        "sub",
        "client_id",
        "iat",
        "jti",
        "scope",
        "auth_time",
        "acr",
        "amr",
    ] {
        assert!(claims.get(required).is_some(), "{required}"); // RFC 9068 §2.2
    }
    assert_eq!(claims["affiliation_status"], "none"); // product.md
    assert!(claims.get("email").is_none());
    assert!(op.read_userinfo(&tokens.access_token).await.expect("claims")["email"].is_string());
    assert_eq!(op.introspect(&client, &tokens.access_token).await["active"], true);
    // G-7, JW-4: one kind is refused in the place of another.
    assert_eq!(
        code_of(op.read_userinfo(tokens.id_token.as_deref().unwrap()).await),
        Code::InvalidToken
    );

    revoke(&op, &client, &tokens.access_token).await;
    assert_eq!(
        code_of(op.read_userinfo(&tokens.access_token).await),
        Code::InvalidToken
    );
    let own = op
        .exchange(&client, parameters([("grant_type", "client_credentials")]))
        .await
        .expect("its own");
    let claims = op
        .app
        .keys
        .verify_own(&own.access_token, "at+jwt")
        .expect("our signature");
    assert_eq!(
        (claims["sub"].as_str(), claims["scope"].as_str()),
        (Some("jwt"), Some("api"))
    );
    let metadata = json!({"grant_types": ["client_credentials"], "response_types": [], "scope": "openid"});
    let bare = op.insert_client("bare", metadata).await;
    let own = op
        .exchange(&bare, parameters([("grant_type", "client_credentials")]))
        .await;
    let returned = serde_json::to_value(own.expect("its own")).expect("JSON");
    assert_eq!(returned.get("scope"), None); // RFC 6749 §3.3: an empty scope has no form
}

#[tokio::test]
async fn a_changed_token_is_no_token() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, "openid").await;
    let sealed = &tokens.access_token;
    let mut changed = sealed.clone().into_bytes();
    let last = changed.len() - 5;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for bad in [changed.as_str(), &sealed[3..], "at_", "at_x", "a.b.c", "..", ""] {
        assert_eq!(code_of(op.read_userinfo(bad).await), Code::InvalidToken, "{bad}");
    }
}
