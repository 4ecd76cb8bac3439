//! Tests refresh tokens: rotation, reuse, and the events that end them (RFC 6749 §6; security.md TK-5).

use std::collections::HashSet;

use serde_json::json;

use crate::support::protocol::{code_of, refresh_token};
use crate::support::{TestOp, parameters, visitor};
use itu_account::accounts::sessions;
use itu_account::domain::authorization::Consent;
use itu_account::domain::scope::Scope;
use itu_account::oidc::Code;
use itu_account::oidc::{consent, end_session};
use itu_account::storage::consents;

const OFFLINE: &str = "openid email offline_access";

#[tokio::test]
async fn a_refresh_token_is_rotated_and_says_the_same_of_the_person() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let first = op.issue_tokens(&web, &alice, OFFLINE).await;
    op.advance(100);

    let second = op.refresh(&web, &refresh_token(&first)).await.expect("rotated");

    let (old, new) = (op.id_token_claims(&first), op.id_token_claims(&second));
    for same in ["iss", "sub", "aud", "auth_time", "sid", "acr"] {
        assert_eq!(old[same], new[same], "{same}"); // OpenID Connect Core §12.2
    }
    assert!(new["iat"].as_i64() > old["iat"].as_i64() && new.get("nonce").is_none());
    assert_ne!(refresh_token(&first), refresh_token(&second));
    assert!(op.refresh(&web, &refresh_token(&second)).await.is_ok());
}

#[tokio::test]
async fn a_lost_answer_is_forgiven_and_a_theft_is_not() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let first = op.issue_tokens(&web, &alice, OFFLINE).await;
    let second = op.refresh(&web, &refresh_token(&first)).await.expect("rotated");
    op.advance(10);
    let again = op.refresh(&web, &refresh_token(&first)).await;
    let again = again.expect("the answer again"); // TK-5
    assert_eq!(refresh_token(&again), refresh_token(&second));
    assert!(op.read_userinfo(&again.access_token).await.is_ok());
    let third = op
        .refresh(&web, &refresh_token(&again))
        .await
        .expect("the family stands"); // TK-5
    assert!(op.read_userinfo(&third.access_token).await.is_ok());

    // Its successor was used: the old token is void at once.
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&first)).await),
        Code::InvalidGrant
    );
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&third)).await),
        Code::InvalidGrant
    ); // TK-5
    assert_eq!(
        code_of(op.read_userinfo(&third.access_token).await),
        Code::InvalidToken
    ); // UI-5

    let first = op.issue_tokens(&web, &alice, OFFLINE).await;
    let second = op.refresh(&web, &refresh_token(&first)).await.expect("rotated");
    op.advance(11);
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&first)).await),
        Code::InvalidGrant
    );
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&second)).await),
        Code::InvalidGrant
    ); // TK-5
}

#[tokio::test]
async fn a_lost_answer_of_a_public_client_is_not_given_again() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let public = json!({"token_endpoint_auth_method": "none", "first_party": true,
        "grant_types": ["authorization_code", "refresh_token"]});
    let public = op.insert_client("public", public).await;
    let first = op.issue_tokens(&public, &alice, OFFLINE).await;
    let second = op
        .refresh(&public, &refresh_token(&first))
        .await
        .expect("rotated");
    // Nobody can tell the client from a thief; whichever of them is first gets the one successor.
    assert_eq!(
        code_of(op.refresh(&public, &refresh_token(&first)).await),
        Code::InvalidGrant
    ); // TK-5
    assert!(op.refresh(&public, &refresh_token(&second)).await.is_ok());
}

#[tokio::test]
async fn fifty_uses_at_once_are_one_rotation() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, OFFLINE).await;
    let token = refresh_token(&tokens);

    let answers = futures_util::future::join_all((0..50).map(|_| op.refresh(&web, &token))).await;

    // G-8: there is one successor, and each of them has it (TK-5).
    let successors: HashSet<_> = answers
        .into_iter()
        .map(|it| refresh_token(&it.expect("the same answer")))
        .collect();
    assert_eq!(successors.len(), 1);
    for successor in successors {
        assert!(op.refresh(&web, &successor).await.is_ok());
    }
}

#[tokio::test]
async fn a_refresh_token_is_its_clients_alone() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let both = json!({"first_party": true, "grant_types": ["authorization_code", "refresh_token"]});
    let other = op.insert_client("other", both).await;
    let tokens = op.issue_tokens(&web, &alice, OFFLINE).await;
    assert_eq!(
        code_of(op.refresh(&other, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    ); // RFC 6749 §5.2
    assert!(op.refresh(&web, &refresh_token(&tokens)).await.is_ok());
    for other_kind in ["", "rt_short", tokens.access_token.as_str()] {
        assert!(op.refresh(&web, other_kind).await.is_err()); // G-7
    }
}

#[tokio::test]
async fn a_scope_may_only_shrink() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, OFFLINE).await;
    let with = |token: String, scope: &'static str| {
        let (op, web) = (&op, &web);
        async move {
            let request = [
                ("grant_type", "refresh_token"),
                ("refresh_token", &token),
                ("scope", scope),
            ];
            op.exchange(web, parameters(request)).await
        }
    };
    let wider = with(refresh_token(&tokens), "openid profile").await;
    assert_eq!(code_of(wider), Code::InvalidScope); // RFC 6749 §6; the token is not spent
    let less = with(refresh_token(&tokens), "openid").await.expect("less");
    assert_eq!(less.scope.to_string(), "openid");
    assert!(
        op.read_userinfo(&less.access_token)
            .await
            .expect("claims")
            .get("email")
            .is_none()
    );
    let again = op.refresh(&web, &refresh_token(&less)).await.expect("all of it");
    assert_eq!(again.scope.to_string(), OFFLINE);
}

#[tokio::test]
async fn idle_or_old_tokens_end() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let day = 24 * 3600;
    let mut tokens = op.issue_tokens(&web, &alice, OFFLINE).await;
    let idle = op.issue_tokens(&web, &alice, OFFLINE).await;
    for _ in 0..2 {
        op.advance(13 * day);
        tokens = op.refresh(&web, &refresh_token(&tokens)).await.expect("in use");
    }
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&idle)).await),
        Code::InvalidGrant
    ); // TK-5
    op.advance(4 * day);
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    ); // absolute
}

#[tokio::test]
async fn a_logout_ends_what_was_not_granted_to_outlive_it() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let offline = op.issue_tokens(&web, &alice, OFFLINE).await;
    let online = op.issue_tokens(&web, &alice, "openid").await;
    assert!(online.refresh_token.is_none()); // TK-5
    end_session::end(&op.app, &visitor(), &alice.session, &alice.account)
        .await
        .expect("out");

    assert_eq!(
        code_of(op.read_userinfo(&online.access_token).await),
        Code::InvalidToken
    ); // LO-3
    assert!(op.read_userinfo(&offline.access_token).await.is_ok()); // OpenID Connect Core §11
    let offline = op
        .refresh(&web, &refresh_token(&offline))
        .await
        .expect("it outlives the session");

    sessions::end_everywhere(&op.app, &visitor(), &alice.account.id)
        .await
        .expect("out");
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&offline)).await),
        Code::InvalidGrant
    ); // SE-3
    assert_eq!(
        code_of(op.read_userinfo(&offline.access_token).await),
        Code::InvalidToken
    ); // UI-5
}

#[tokio::test]
async fn a_session_ended_on_purpose_ends_all_that_came_of_it() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, OFFLINE).await;
    let ended = sessions::end(
        &op.app,
        &visitor(),
        &alice.account.id,
        &alice.session.id,
        "by_the_person",
    )
    .await;
    assert!(ended.expect("ended"));
    assert_eq!(
        code_of(op.refresh(&web, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    ); // SE-3
    assert_eq!(
        code_of(op.read_userinfo(&tokens.access_token).await),
        Code::InvalidToken
    );
}

#[tokio::test]
async fn the_access_policy_refuses_and_the_family_stays() {
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, OFFLINE).await;
    let mut strict = (*web).clone();
    strict.settings.access_policy = serde_json::from_value(json!({"affiliation": "approved"})).unwrap();
    assert_eq!(
        code_of(op.refresh(&strict, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    );
    assert!(op.refresh(&web, &refresh_token(&tokens)).await.is_ok()); // contract.md, access_policy
}

#[tokio::test]
async fn what_is_registered_no_longer_is_not_to_be_had_by_refresh() {
    // G-10
    let op = TestOp::start().await;
    let (web, alice) = (op.insert_web_client().await, op.sign_in().await);
    let tokens = op.issue_tokens(&web, &alice, "openid email offline_access").await;
    let mut less = (*web).clone();
    less.metadata.scope = Scope::parse("openid offline_access").expect("a scope");
    let fewer = op.refresh(&less, &refresh_token(&tokens)).await.expect("tokens");
    assert_eq!(fewer.scope.to_string(), "openid offline_access");
    less.metadata.scope = Scope::parse("catalogue").expect("a scope");
    let none = op.refresh(&less, &refresh_token(&fewer)).await;
    assert_eq!(code_of(none), Code::InvalidGrant);
}

#[tokio::test]
async fn a_withdrawn_consent_ends_what_the_service_has() {
    let op = TestOp::start().await;
    let alice = op.sign_in().await;
    let metadata = json!({"grant_types": ["authorization_code", "refresh_token"], "scope": OFFLINE});
    let foreign = op.insert_client("foreign", metadata).await;
    let consent = Consent {
        account: alice.account.id.clone(),
        client_id: foreign.id.clone(),
        scope: Scope::parse(OFFLINE).expect("a scope"),
        claims: Vec::new(),
        redirect_hosts: Vec::new(),
        grant_id: None,
        first_given_at: op.now(),
        given_at: op.now(),
    };
    consents::put(&op.app.db, &consent).await.expect("agreed");
    let online = op.issue_tokens(&foreign, &alice, "openid").await;
    assert!(online.refresh_token.is_none()); // TK-5: by consent to offline_access
    let tokens = op.issue_tokens(&foreign, &alice, OFFLINE).await;
    assert!(op.read_userinfo(&tokens.access_token).await.is_ok());

    let withdrawn = consent::withdraw(&op.app, &visitor(), &alice.account.id, &foreign.id).await;
    assert!(withdrawn.expect("withdrawn"));

    for access in [&online.access_token, &tokens.access_token] {
        assert_eq!(code_of(op.read_userinfo(access).await), Code::InvalidToken); // AZ-13, G-10
    }
    assert_eq!(
        code_of(op.refresh(&foreign, &refresh_token(&tokens)).await),
        Code::InvalidGrant
    );
}
