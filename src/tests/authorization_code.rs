//! Tests authorization codes and the tokens that they buy (RFC 6749 §4.1, OpenID Connect Core §3.1.3).

use serde_json::json;

use crate::support::protocol::{code_of, header_of, refresh_token};
use crate::support::{TestOp, parameters, visitor};
use itu_account::domain::authorization::Grant;
use itu_account::oidc::{Code, Parameters, codes};

#[tokio::test]
async fn no_client_redeems_the_code_of_a_test_login() {
    // AD-11
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    for is_test in [true, false] {
        let grant = Grant {
            is_test,
            ..op.grant(&web, &alice, "openid")
        };
        let code = codes::issue(&op.app, &web, &grant).await.expect("a code");
        assert_eq!(op.redeem(&web, &code).await.is_err(), is_test);
    }
}

#[tokio::test]
async fn a_code_buys_what_was_granted_and_no_more() {
    let op = TestOp::at("http://localhost:8080").await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);

    let tokens = op.issue_tokens(&web, &alice, "openid email").await;

    assert_eq!((tokens.token_type, tokens.expires_in), ("Bearer", 600)); // TK-4
    assert_eq!(tokens.scope.to_string(), "openid email");
    let id = op.id_token_claims(&tokens);
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

    let userinfo = op.read_userinfo(&tokens.access_token).await.expect("claims");
    assert_eq!(userinfo["sub"], id["sub"]);
    assert!(userinfo["email"].is_string() && userinfo.get("name").is_none()); // UI-2
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_a_replay_ends_what_it_bought() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let code = op.issue_code(&web, &alice, "openid offline_access").await;

    let tokens = op.redeem(&web, &code).await.expect("first use");
    assert_eq!(code_of(op.redeem(&web, &code).await), Code::InvalidGrant); // RFC 6749 §4.1.2, TK-2

    assert_eq!(
        code_of(op.read_userinfo(&tokens.access_token).await),
        Code::InvalidToken
    );
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    );
    assert_eq!(
        op.introspect(&web, &tokens.access_token).await,
        json!({"active": false})
    );
}

#[tokio::test]
async fn of_fifty_redemptions_one_wins() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let code = op.issue_code(&web, &alice, "openid").await;

    let all = (0..50).map(|_| op.redeem(&web, &code));
    let answers = futures_util::future::join_all(all).await;

    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1); // G-8
}

#[tokio::test]
async fn a_failed_attempt_spends_the_code() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let code = op.issue_code(&web, &alice, "openid").await;

    let elsewhere = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "https://rp.example/"),
    ];
    assert_eq!(
        code_of(op.exchange(&web, parameters(elsewhere)).await),
        Code::InvalidGrant
    ); // RFC 6749 §4.1.3
    assert_eq!(code_of(op.redeem(&web, &code).await), Code::InvalidGrant); // TK-2

    let late = op.issue_code(&web, &alice, "openid").await;
    op.advance(60);
    assert_eq!(code_of(op.redeem(&web, &late).await), Code::InvalidGrant); // TK-1
}

#[tokio::test]
async fn a_code_is_for_its_client() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let other = op.insert_client("other", json!({"first_party": true})).await;
    let code = op.issue_code(&web, &alice, "openid").await;
    assert_eq!(code_of(op.redeem(&other, &code).await), Code::InvalidGrant); // RFC 6749 §5.2
    assert!(op.redeem(&web, &code).await.is_ok()); // another client cannot spend it
}

#[tokio::test]
async fn nothing_is_issued_for_who_may_no_longer() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let code = op.issue_code(&web, &alice, "openid").await;
    itu_account::oidc::end_session::end(&op.app, &visitor(), &alice.session, &alice.account)
        .await
        .expect("out");
    assert_eq!(code_of(op.redeem(&web, &code).await), Code::InvalidGrant); // G-10, LO-3

    // The client is not first-party, and has no consent.
    let foreign = op.insert_client("foreign", json!({})).await;
    let bob = op.sign_in().await;
    let code = op.issue_code(&foreign, &bob, "openid").await;
    assert_eq!(code_of(op.redeem(&foreign, &code).await), Code::InvalidGrant); // G-10

    let strict = json!({"first_party": true, "access_policy": {"affiliation": "approved"}});
    let strict = op.insert_client("strict", strict).await;
    let code = op.issue_code(&strict, &bob, "openid").await;
    assert_eq!(code_of(op.redeem(&strict, &code).await), Code::InvalidGrant); // contract.md, access_policy
}

#[tokio::test]
async fn each_client_gets_the_signature_that_it_registered() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        let metadata = json!({"first_party": true, "id_token_signed_response_alg": alg,
            "userinfo_signed_response_alg": alg, "id_token_claims": "lean"});
        let client = op
            .insert_client(&format!("with-{}", alg.to_lowercase()), metadata)
            .await;
        let tokens = op.issue_tokens(&client, &alice, "openid email").await;
        assert_eq!(header_of(tokens.id_token.as_deref().unwrap())["alg"], alg);
        assert!(op.id_token_claims(&tokens).get("email").is_none()); // OpenID Connect Core §5.4
        let info = op.read_userinfo(&tokens.access_token).await.expect("claims");
        assert!(info["iss"].is_string() && info["aud"] == client.id.as_str()); // oidcc-userinfo-rs256
        assert!(info.get("nonce").is_none() && info["email"].is_string());
    }
}

#[tokio::test]
async fn the_token_endpoint_knows_its_grants() {
    let op = TestOp::start().await;
    let web = op.insert_web_client().await;
    assert_eq!(
        code_of(op.exchange(&web, Parameters::default()).await),
        Code::InvalidRequest
    );
    let password = [("grant_type", "password"), ("username", "a"), ("password", "b")];
    assert_eq!(
        code_of(op.exchange(&web, parameters(password)).await),
        Code::UnsupportedGrantType
    ); // TK-9
    let narrow = op.insert_client("narrow", json!({})).await;
    let credentials = || parameters([("grant_type", "client_credentials")]);
    assert_eq!(
        code_of(op.exchange(&narrow, credentials()).await),
        Code::UnauthorizedClient
    );

    let own = op.exchange(&web, credentials()).await.expect("its own");
    assert_eq!(own.scope.to_string(), "catalogue"); // TK-4: no user scopes
    assert!(own.id_token.is_none() && own.refresh_token.is_none());
    let seen = op.introspect(&web, &own.access_token).await;
    assert_eq!(
        (seen["active"].as_bool(), seen["sub"].as_str()),
        (Some(true), Some("web"))
    );
    assert_eq!(
        code_of(op.read_userinfo(&own.access_token).await),
        Code::InsufficientScope
    );
}
