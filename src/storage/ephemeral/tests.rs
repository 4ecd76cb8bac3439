//! Tests one contract on each store: in process always, on Redis when `TEST_REDIS_URL` names one.

use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::random;

const TTL: Duration = Duration::from_secs(60);

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told their backend by the environment"
)]
async fn stores() -> Vec<(Ephemeral, Clock)> {
    let clock = Clock::frozen(Clock::System.now());
    let mut stores = vec![(Ephemeral::in_process(clock.clone()), clock)];
    if let Ok(url) = std::env::var("TEST_REDIS_URL") {
        let clock = Clock::frozen(Clock::System.now());
        stores.push((
            Ephemeral::redis(&url, &random::id(), clock.clone())
                .await
                .unwrap(),
            clock,
        ));
    }
    stores
}

#[tokio::test]
async fn a_value_is_there_until_it_expires() {
    for (store, clock) in stores().await {
        let key = random::token();
        store.put(Kind::Interaction, &key, b"value", TTL).await.unwrap();
        assert_eq!(
            store.get(Kind::Interaction, &key).await.unwrap().as_deref(),
            Some(&b"value"[..])
        );
        // G-7: the same key in another namespace is another thing.
        assert_eq!(store.get(Kind::Code, &key).await.unwrap(), None);
        clock.advance(chrono::Duration::seconds(60));
        assert_eq!(store.get(Kind::Interaction, &key).await.unwrap(), None);
        assert_eq!(store.take(Kind::Interaction, &key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_was_taken_is_not_replaced() {
    // G-9
    for (store, _) in stores().await {
        let key = random::token();
        assert!(!store.replace(Kind::Interaction, &key, b"b", TTL).await.unwrap());
        assert_eq!(store.get(Kind::Interaction, &key).await.unwrap(), None);
        store.put(Kind::Interaction, &key, b"a", TTL).await.unwrap();
        assert!(store.replace(Kind::Interaction, &key, b"b", TTL).await.unwrap());
        let taken = store.take(Kind::Interaction, &key).await.unwrap();
        assert_eq!(taken.as_deref(), Some(&b"b"[..]));
        assert!(!store.replace(Kind::Interaction, &key, b"c", TTL).await.unwrap());
        assert_eq!(store.get(Kind::Interaction, &key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn one_of_fifty_takes_it() {
    for (store, _) in stores().await {
        let key = random::token();
        store.put(Kind::Code, &key, b"value", TTL).await.unwrap();
        let takers = (0..50).map(|_| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { store.take(Kind::Code, &key).await.unwrap().is_some() })
        });
        let taken = futures_util::future::join_all(takers).await;
        assert_eq!(taken.into_iter().filter(|it| *it.as_ref().unwrap()).count(), 1); // G-8
    }
}

#[tokio::test]
async fn one_of_fifty_is_first() {
    for (store, _) in stores().await {
        let key = random::token();
        let firsts = (0..50).map(|_| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { store.put_new(Kind::AssertionId, &key, b"", TTL).await.unwrap() })
        });
        let firsts = futures_util::future::join_all(firsts).await;
        assert_eq!(firsts.into_iter().filter(|it| *it.as_ref().unwrap()).count(), 1); // TK-7
    }
}

#[tokio::test]
async fn a_counter_counts_its_window() {
    for (store, clock) in stores().await {
        let key = random::token();
        // The test begins at the start of a window, so that it does not end in between.
        clock.advance(chrono::Duration::seconds(60 - clock.now().timestamp() % 60));
        for expected in 1..=3 {
            assert_eq!(store.count(&key, TTL).await.unwrap(), expected);
        }
        assert_eq!(store.counted(&key, TTL).await.unwrap(), 3);
        clock.advance(chrono::Duration::seconds(60));
        assert_eq!(store.counted(&key, TTL).await.unwrap(), 0);
        assert_eq!(store.count(&key, TTL).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn memory_is_bounded_by_what_lives() {
    let clock = Clock::frozen(Clock::System.now());
    let store = Ephemeral::in_process(clock.clone());
    for _ in 0..100 {
        store
            .put(Kind::Interaction, &random::token(), b"", TTL)
            .await
            .unwrap();
    }
    clock.advance(chrono::Duration::seconds(61));
    store.sweep();
    let Ephemeral::Memory(memory) = &store else {
        unreachable!()
    };
    assert_eq!(memory.kept(), 0); // DS-3
}

#[tokio::test]
async fn a_flood_does_not_grow_the_store_nor_wash_out_what_counts() {
    let clock = Clock::frozen(Clock::System.now());
    let store = Ephemeral::in_process(clock);
    store.put(Kind::Code, "code", b"value", TTL).await.unwrap();
    assert!(store.put_new(Kind::AssertionId, "id", b"", TTL).await.unwrap());
    for at in 0..400_000 {
        store.count(&at.to_string(), TTL).await.unwrap();
    }
    let Ephemeral::Memory(memory) = &store else {
        unreachable!()
    };
    assert!(memory.kept() < 16 * (12_500 + 4096 + 1)); // DS-3
    assert!(store.get(Kind::Code, "code").await.unwrap().is_some());
    assert!(!store.put_new(Kind::AssertionId, "id", b"", TTL).await.unwrap()); // TK-7
}
