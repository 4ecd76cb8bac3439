//! What a service can find out or cause by asking.

use super::*;
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::domain::client::Origin;
use crate::oidc::clients;

/// A client that nobody vouched for.
async fn stranger(op: &TestOp) -> RelyingParty {
    let metadata = json!({"client_name": "Stranger", "grant_types": [GRANT], "response_types": [],
        "backchannel_token_delivery_mode": "poll", "scope": "openid"});
    let metadata = serde_json::from_value(metadata).expect("metadata");
    let (id, context) = (ClientId::new("stranger"), Context::operator());
    let made = clients::add(&op.app, &context, Some(id), metadata, Origin::Registration, None).await;
    let secret = made.expect("a client").secret.map(|it| it.expose().to_owned());
    RelyingParty::discover(op.router.clone(), "stranger", secret, String::from(ISSUER)).await
}

#[tokio::test]
async fn a_stranger_does_not_learn_who_has_an_account() {
    let op = TestOp::start().await;
    let stranger = stranger(&op).await;
    op.person(ALICE).await;
    let scope = ("scope", "openid");
    let (somebody, nobody) = (
        stranger.is_given(ALICE, &[scope]).await,
        stranger.is_given("nobody@example.org", &[scope]).await,
    );
    let shape = |it: &Given| {
        (
            it.id().len(),
            it.0["expires_in"].clone(),
            it.0["interval"].clone(),
        )
    };
    assert_eq!(shape(&somebody), shape(&nobody)); // SU-1, CIBA §13
    for wait in [0, 5, 1] {
        op.advance(wait);
        assert_eq!(stranger.is_told(&somebody).await, stranger.is_told(&nobody).await);
    }
    op.advance(600);
    assert_eq!(stranger.is_told(&nobody).await, "expired_token");
    assert!(op.outbox().to("nobody@example.org").await.is_empty());
}

#[tokio::test]
async fn nobody_is_asked_without_end() {
    let op = TestOp::start().await;
    let (bank, stranger) = (bank(&op).await, stranger(&op).await);
    let scope = ("scope", "openid");
    somebody(&op).await;
    for _ in 0..15 {
        bank.is_given(ALICE, &[]).await;
        stranger.is_given(ALICE, &[scope]).await;
    }
    // The person is counted, whoever asks and however the address is written.
    let (status, answer) = bank.asks_for("ALICE@example.org", &[]).await;
    assert_eq!(
        (status, &answer["error"]),
        (429, &json!("temporarily_unavailable"))
    ); // DS-2
    op.advance(600);
    bank.is_given(ALICE, &[]).await;
    // Who registered itself learns of nobody whether they have an account (SU-1): it has asked fifteen times already.
    for _ in 0..5 {
        assert_eq!(stranger.asks_for("nobody@example.org", &[scope]).await.0, 200);
    }
    for person in ["somebody.else@example.org", ALICE] {
        assert_eq!(stranger.asks_for(person, &[scope]).await.0, 429, "{person}");
    }
    bank.is_given(ALICE, &[]).await;
}
