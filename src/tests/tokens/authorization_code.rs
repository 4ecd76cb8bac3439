//! Tests authorization codes and the tokens that they buy (RFC 6749 §4.1, OpenID Connect Core §3.1.3).

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_code_buys_what_was_granted_and_no_more() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);

    let tokens = op.signs_in_at(&web, &alice, "openid email").await;

    assert_eq!((tokens.token_type, tokens.expires_in), ("Bearer", 600)); // TK-4
    assert_eq!(tokens.scope.to_string(), "openid email");
    let id = op.id_token(&tokens);
    assert_eq!(id["iss"], "http://localhost:8080");
    assert_eq!(
        (id["sub"].as_str(), id["aud"].as_str()),
        (Some(alice.account.sub.as_str()), Some("web"))
    );
    assert_eq!(
        (id["nonce"].as_str(), id["sid"].as_str()),
        (Some("n-0"), Some(alice.session.sid.as_str()))
    );
    assert_eq!(id["auth_time"], op.now().timestamp()); // whole seconds
    assert_eq!(id["acr"], "https://refeds.org/profile/sfa"); // contract.md
    assert_eq!(id["amr"], json!(["pwd"])); // RFC 8176
    assert_eq!(id["exp"].as_i64().unwrap() - id["iat"].as_i64().unwrap(), 600);
    assert!(id.get("azp").is_none() && id["at_hash"].as_str().is_some_and(|it| it.len() == 22));
    assert_eq!(id["email_verified"], true); // id_token_claims: scopes, for a web client of an administrator
    let header = header_of(tokens.id_token.as_deref().unwrap());
    assert!(header["alg"] == "RS256" && header["kid"].is_string()); // oidcc-idtoken-signature

    let userinfo = op.userinfo(&tokens.access_token).await.expect("claims");
    assert_eq!(userinfo["sub"], id["sub"]);
    assert!(userinfo["email"].is_string() && userinfo.get("name").is_none()); // UI-2
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_a_replay_ends_what_it_bought() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);
    let code = op.code(&web, &alice, "openid offline_access").await;

    let tokens = op.redeems(&web, &code).await.expect("first use");
    assert_eq!(code_of(op.redeems(&web, &code).await), Code::InvalidGrant); // RFC 6749 §4.1.2, TK-2

    assert_eq!(
        code_of(op.userinfo(&tokens.access_token).await),
        Code::InvalidToken
    );
    assert_eq!(
        code_of(op.refreshes(&web, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    );
    assert_eq!(
        op.introspects(&web, &tokens.access_token).await,
        json!({"active": false})
    );
}

#[tokio::test]
async fn of_fifty_redemptions_one_wins() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);
    let code = op.code(&web, &alice, "openid").await;

    let all = (0..50).map(|_| op.redeems(&web, &code));
    let answers = futures_util::future::join_all(all).await;

    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1); // G-8
}

#[tokio::test]
async fn a_failed_attempt_spends_the_code() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);
    let code = op.code(&web, &alice, "openid").await;

    let elsewhere = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "https://rp.example/"),
    ];
    assert_eq!(
        code_of(op.asks(&web, parameters(elsewhere)).await),
        Code::InvalidGrant
    ); // RFC 6749 §4.1.3
    assert_eq!(code_of(op.redeems(&web, &code).await), Code::InvalidGrant); // TK-2

    let late = op.code(&web, &alice, "openid").await;
    op.wait(60);
    assert_eq!(code_of(op.redeems(&web, &late).await), Code::InvalidGrant); // TK-1
}

#[tokio::test]
async fn a_code_is_for_its_client() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);
    let other = op.client("other", json!({"first_party": true})).await;
    let code = op.code(&web, &alice, "openid").await;
    assert_eq!(code_of(op.redeems(&other, &code).await), Code::InvalidGrant); // trap 5: 400, not 401
    assert!(op.redeems(&web, &code).await.is_ok()); // another client cannot spend it
}

#[tokio::test]
async fn nothing_is_issued_for_who_may_no_longer() {
    let op = Provider::start().await;
    let (web, alice) = (op.web().await, op.person().await);
    let code = op.code(&web, &alice, "openid").await;
    itu_account::oidc::end_session::end(&op.app, &op.context, &alice.session, &alice.account)
        .await
        .expect("out");
    assert_eq!(code_of(op.redeems(&web, &code).await), Code::InvalidGrant); // G-10, LO-3

    // The client is not first-party, and has no consent.
    let foreign = op.client("foreign", json!({})).await;
    let bob = op.person().await;
    let code = op.code(&foreign, &bob, "openid").await;
    assert_eq!(code_of(op.redeems(&foreign, &code).await), Code::InvalidGrant); // G-10

    let strict = json!({"first_party": true, "access_policy": {"affiliation": "approved"}});
    let strict = op.client("strict", strict).await;
    let code = op.code(&strict, &bob, "openid").await;
    assert_eq!(code_of(op.redeems(&strict, &code).await), Code::InvalidGrant); // contract.md, access_policy
}

#[tokio::test]
async fn each_client_gets_the_signature_that_it_registered() {
    let op = Provider::start().await;
    let alice = op.person().await;
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        let metadata = json!({"first_party": true, "id_token_signed_response_alg": alg,
            "userinfo_signed_response_alg": alg, "id_token_claims": "lean"});
        let client = op.client(&format!("with-{}", alg.to_lowercase()), metadata).await;
        let tokens = op.signs_in_at(&client, &alice, "openid email").await;
        assert_eq!(header_of(tokens.id_token.as_deref().unwrap())["alg"], alg);
        assert!(op.id_token(&tokens).get("email").is_none()); // trap 12
        let info = op.userinfo(&tokens.access_token).await.expect("claims");
        assert!(info["iss"].is_string() && info["aud"] == client.id.as_str()); // oidcc-userinfo-rs256
        assert!(info.get("nonce").is_none() && info["email"].is_string());
    }
}

#[tokio::test]
async fn the_token_endpoint_knows_its_grants() {
    let op = Provider::start().await;
    let web = op.web().await;
    assert_eq!(
        code_of(op.asks(&web, Parameters::default()).await),
        Code::InvalidRequest
    );
    let password = [("grant_type", "password"), ("username", "a"), ("password", "b")];
    assert_eq!(
        code_of(op.asks(&web, parameters(password)).await),
        Code::UnsupportedGrantType
    ); // TK-9
    let narrow = op.client("narrow", json!({})).await;
    let credentials = || parameters([("grant_type", "client_credentials")]);
    assert_eq!(
        code_of(op.asks(&narrow, credentials()).await),
        Code::UnauthorizedClient
    );

    let own = op.asks(&web, credentials()).await.expect("its own");
    assert_eq!(own.scope.to_string(), "catalogue"); // TK-4: no user scopes
    assert!(own.id_token.is_none() && own.refresh_token.is_none());
    let seen = op.introspects(&web, &own.access_token).await;
    assert_eq!(
        (seen["active"].as_bool(), seen["sub"].as_str()),
        (Some(true), Some("web"))
    );
    assert_eq!(
        code_of(op.userinfo(&own.access_token).await),
        Code::InsufficientScope
    );
}
