//! Userinfo, introspection and revocation (OpenID Connect Core §5.3, RFC 7662, RFC 7009).

use serde_json::json;

use super::*;
use itu_account::oidc::revocation;

async fn revokes(op: &Provider, client: &Client, token: &str) {
    let request = parameters([("token", token), ("token_type_hint", "nonsense")]);
    revocation::revoke(&op.app, &op.context, client, &request)
        .await
        .expect("always");
}

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

#[tokio::test]
async fn a_signed_access_token_is_as_good_as_a_sealed_one() {
    let op = Provider::start().await;
    let alice = op.person().await;
    let metadata = json!({"first_party": true, "access_token_format": "jwt",
        "grant_types": ["authorization_code", "client_credentials"], "scope": "openid email itu_membership api"});
    let client = op.client("jwt", metadata).await;
    let tokens = op
        .signs_in_at(&client, &alice, "openid email itu_membership")
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
    assert!(op.userinfo(&tokens.access_token).await.expect("claims")["email"].is_string());
    assert_eq!(
        op.introspects(&client, &tokens.access_token).await["active"],
        true
    );
    // One kind is refused in the place of another: G-7, JW-4
    assert_eq!(
        code_of(op.userinfo(tokens.id_token.as_deref().unwrap()).await),
        Code::InvalidToken
    );

    revokes(&op, &client, &tokens.access_token).await;
    assert_eq!(
        code_of(op.userinfo(&tokens.access_token).await),
        Code::InvalidToken
    );
    let own = op
        .asks(&client, parameters([("grant_type", "client_credentials")]))
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
    let bare = op.client("bare", metadata).await;
    let own = op
        .asks(&bare, parameters([("grant_type", "client_credentials")]))
        .await;
    let told = serde_json::to_value(own.expect("its own")).expect("JSON");
    assert_eq!(told.get("scope"), None); // RFC 6749 §3.3: an empty scope has no form
}

#[tokio::test]
async fn a_changed_token_is_no_token() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);
    let tokens = op.signs_in_at(&web, &alice, "openid").await;
    let sealed = &tokens.access_token;
    let mut changed = sealed.clone().into_bytes();
    let last = changed.len() - 5;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for bad in [changed.as_str(), &sealed[3..], "at_", "at_x", "a.b.c", "..", ""] {
        assert_eq!(code_of(op.userinfo(bad).await), Code::InvalidToken, "{bad}");
    }
}
