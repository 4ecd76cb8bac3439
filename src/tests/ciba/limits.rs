//! Tests the limits of what a service can find out or cause by its requests.

use super::*;
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::oidc::clients::{self, NewClient, Registration, Update};

/// Returns a client that registered itself and that an administrator lets ask for people.
async fn stranger(op: &TestOp) -> RelyingParty {
    let of = |more: Value| {
        let mut metadata = json!({"client_name": "Stranger", "redirect_uris": ["https://rp.example/cb"],
            "scope": "openid"});
        if let (Some(all), Some(more)) = (metadata.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        serde_json::from_value(metadata).expect("metadata")
    };
    let asks = || {
        of(json!({"grant_types": ["authorization_code", GRANT], "backchannel_token_delivery_mode": "poll"}))
    };
    let (id, context) = (ClientId::new("stranger"), Context::operator());
    let by_client = |metadata| NewClient {
        id: Some(id.clone()),
        registration: Registration::ByClient(metadata),
        secret: None,
    };
    let by_itself = clients::add(&op.app, &context, by_client(asks())).await;
    assert!(by_itself.is_err()); // DV-3
    let plain = of(json!({}));
    let made = clients::add(&op.app, &context, by_client(plain)).await;
    let before = clients::find(&op.app, &id).await.expect("a client");
    let mut update = Update::of(&before);
    update.definition.metadata = asks();
    clients::update(&op.app, &context, update)
        .await
        .expect("approved");
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
    let shape = |given: &Given| {
        (
            given.id().len(),
            given.0["expires_in"].clone(),
            given.0["interval"].clone(),
        )
    };
    assert_eq!(shape(&somebody), shape(&nobody)); // SU-1, CIBA §13
    for wait in [0, 5, 1] {
        op.advance(wait);
        assert_eq!(
            stranger.gets_error(&somebody).await,
            stranger.gets_error(&nobody).await
        );
    }
    op.advance(600);
    assert_eq!(stranger.gets_error(&nobody).await, "expired_token");
    assert!(op.outbox().to("nobody@example.org").await.is_empty());
}

#[tokio::test]
async fn few_requests_wait_for_a_person_at_a_time() {
    let op = TestOp::start().await;
    let (bank, stranger) = (bank(&op).await, stranger(&op).await);
    let mut alice = somebody(&op).await;
    let mails = op.outbox().to(ALICE).await.len();
    for _ in 0..3 {
        bank.is_given(ALICE, &[]).await;
    }
    let (status, answer) = bank.asks_for(ALICE, &[]).await;
    let too_many = (429, &json!("temporarily_unavailable"));
    assert_eq!((status, &answer["error"]), too_many); // DV-3
    // SU-1: a self-registered client gets the usual answer, and no mail is sent.
    stranger.is_given(ALICE, &[("scope", "openid")]).await;
    assert_eq!(op.outbox().to(ALICE).await.len(), mails + 3);
    // A request that was decided no longer counts as waiting, nor does one that has expired.
    alice.answers("deny").await;
    bank.is_given(ALICE, &[]).await;
    assert_eq!(bank.asks_for(ALICE, &[]).await.0, 429);
    op.advance(3600);
    for _ in 0..3 {
        bank.is_given(ALICE, &[]).await;
    }
}

#[tokio::test]
async fn a_person_is_mailed_ten_times_an_hour_at_most() {
    let op = TestOp::start().await;
    let (bank, stranger) = (bank(&op).await, stranger(&op).await);
    let mut alice = somebody(&op).await;
    for n in 0..10 {
        match n % 2 {
            0 => drop(bank.is_given(ALICE, &[]).await),
            _ => drop(stranger.is_given(ALICE, &[("scope", "openid")]).await),
        }
        alice.answers("deny").await;
    }
    // The limit counts the person, whichever client asks and however the address is written.
    let (status, answer) = bank.asks_for("ALICE@example.org", &[]).await;
    let too_many = (429, &json!("temporarily_unavailable"));
    assert_eq!((status, &answer["error"]), too_many); // DV-3
    // SU-1: an address without an account has the same limit.
    for _ in 0..10 {
        stranger
            .is_given("nobody@example.org", &[("scope", "openid")])
            .await;
    }
    let fields = [("scope", "openid")];
    assert_eq!(stranger.asks_for("nobody@example.org", &fields).await.0, 429);
    op.advance(3600);
    bank.is_given(ALICE, &[]).await;
}

#[tokio::test]
async fn a_client_that_registered_itself_asks_twenty_times_an_hour() {
    let op = TestOp::start().await;
    let stranger = stranger(&op).await;
    let scope = ("scope", "openid");
    for n in 0..20 {
        let (status, _) = stranger.asks_for(&format!("p{n}@example.org"), &[scope]).await;
        assert_eq!(status, 200);
    }
    for person in ["somebody.else@example.org", ALICE] {
        assert_eq!(stranger.asks_for(person, &[scope]).await.0, 429, "{person}"); // DS-2
    }
}
