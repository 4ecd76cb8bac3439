//! Tests the hashes of passwords: what each failure costs, and that the queue is bounded (security.md PW-2, PW-3).

use super::*;

fn hashing(passes: u32, queue: usize) -> Hasher {
    let parameters = Parameters {
        memory_kib: 19_456,
        passes,
        parallel: 1,
        queue,
    };
    Hasher::new(parameters, b"pepper").unwrap()
}

fn password(text: &str) -> Password {
    Password::typed(text).unwrap()
}

#[tokio::test]
async fn a_password_is_verified_with_its_pepper() {
    let hashing = hashing(2, 64);
    let hash = hashing.hash(&password("Tulip-lamp-42")).await.unwrap();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1,keyid="),
        "{hash}"
    ); // PW-2
    assert_eq!(
        hashing
            .verify(&password("Tulip-lamp-42"), Some(&hash))
            .await
            .unwrap(),
        Verdict::Right
    );
    assert_eq!(
        hashing
            .verify(&password("Tulip-lamp-43"), Some(&hash))
            .await
            .unwrap(),
        Verdict::Wrong
    );
    assert_eq!(
        hashing.verify(&password("Tulip-lamp-42"), None).await.unwrap(),
        Verdict::Wrong
    );
    assert_eq!(hashing.count(), 4); // PW-3: an unknown account costs a hash too
    let parameters = Parameters {
        memory_kib: 19_456,
        passes: 2,
        parallel: 1,
        queue: 1,
    };
    let other = Hasher::new(parameters, b"another").unwrap();
    // Its pepper is another.
    let verdict = other.verify(&password("Tulip-lamp-42"), Some(&hash)).await;
    assert!(matches!(verdict, Ok(Verdict::Unverifiable(_))));
}

#[tokio::test]
async fn risen_parameters_ask_for_a_new_hash() {
    // PW-2
    let hash = hashing(2, 64).hash(&password("Tulip-lamp-42")).await.unwrap();
    let verdict = hashing(3, 64)
        .verify(&password("Tulip-lamp-42"), Some(&hash))
        .await
        .unwrap();
    assert_eq!(verdict, Verdict::RightButOutdated);
}

#[tokio::test]
async fn a_hash_from_elsewhere_is_right_but_outdated() {
    let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert_eq!(hashing(2, 64).inspect(phc), Ok(Origin::Foreign));
    let verdict = hashing(2, 64)
        .verify(&password("password"), Some(phc))
        .await
        .unwrap();
    assert_eq!(verdict, Verdict::RightButOutdated);
}

#[tokio::test]
async fn a_hash_from_elsewhere_may_be_of_what_was_typed() {
    // PW-1: passlib 1.7.4 made it of an e and a diaeresis.
    let hash = "$pbkdf2-sha256$1000$e29tTen9//8/p1SqFcIYQw$ABP030ack9SO0P8JEsmj0IARNffOqsQPfuEY.HZ2H4o";
    for (typed, verdict) in [
        ("Zoe\u{308}-lamp-42", Verdict::RightButOutdated),
        ("Zo\u{eb}-lamp-42", Verdict::Wrong),
    ] {
        let verified = hashing(2, 64).verify(&password(typed), Some(hash)).await;
        assert_eq!(verified.unwrap(), verdict, "{typed}");
    }
}

#[tokio::test]
async fn an_own_hash_comes_back_and_one_with_another_pepper_does_not() {
    let hashing = hashing(2, 64);
    let own = hashing.hash(&password("Tulip-lamp-42")).await.unwrap();
    assert_eq!(hashing.inspect(&own), Ok(Origin::Own));
    let costly = own.replace("m=19456", "m=1048576");
    assert!(matches!(hashing.inspect(&costly), Err(Refusal::Costly { .. })));
    let parameters = Parameters {
        memory_kib: 19_456,
        passes: 2,
        parallel: 1,
        queue: 1,
    };
    let other = Hasher::new(parameters, b"another").unwrap();
    assert_eq!(other.inspect(&own), Err(Refusal::Pepper));
}

#[tokio::test]
async fn a_full_queue_is_refused() {
    // PW-2
    let hashing = hashing(2, 2);
    let password = password("Tulip-lamp-42");
    let all = futures_util::future::join_all((0..8).map(|_| hashing.hash(&password))).await;
    let busy = all.iter().filter(|it| matches!(it, Err(Error::Busy))).count();
    assert_eq!((busy, hashing.count()), (5, 3));
    assert!(hashing.hash(&password).await.is_ok());
}

const OF_ELSEWHERE: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

#[tokio::test]
async fn a_wrong_password_costs_one_of_our_hashes_whatever_is_stored() {
    // PW-3, SU-1
    let hashing = hashing(2, 64);
    let own = hashing.hash(&password("Tulip-lamp-42")).await.unwrap();
    let wrong = password("Tulip-lamp-43");
    for (stored, foreign) in [
        (None, 0),
        (Some(own.as_str()), 0),
        (Some("$argon2id$v=19$m=256"), 0),
        (Some(OF_ELSEWHERE), 1),
    ] {
        let before = hashing.count();
        let verdict = hashing.verify(&wrong, stored).await.unwrap();
        assert!(!verdict.is_right());
        assert_eq!(hashing.count() - before, 1 + foreign, "{stored:?}");
    }
    // A right one is hashed again by whoever asked.
    let before = hashing.count();
    let verdict = hashing.verify(&password("password"), Some(OF_ELSEWHERE)).await;
    assert_eq!(verdict.unwrap(), Verdict::RightButOutdated);
    assert_eq!(hashing.count() - before, 1);
}

#[tokio::test]
async fn each_spelling_of_a_guess_has_a_turn_of_its_own() {
    // PW-2: the first, the second, and one of ours.
    let hashing = hashing(2, 0);
    let guess = password("Zoe\u{308}-lamp-42");
    assert_eq!(
        hashing.verify(&guess, Some(OF_ELSEWHERE)).await.unwrap(),
        Verdict::Wrong
    );
    assert_eq!(hashing.count(), 3);
    let turns = futures_util::future::join(hashing.verify(&guess, Some(OF_ELSEWHERE)), async {
        // Between the two, somebody else is served, though nobody may wait.
        loop {
            match hashing.hash(&guess).await {
                Err(Error::Busy) => tokio::task::yield_now().await,
                other => break other,
            }
        }
    });
    let (verified, hashed) = turns.await;
    assert!(hashed.is_ok());
    assert!(matches!(verified, Ok(Verdict::Wrong) | Err(Error::Busy)));
}

#[tokio::test]
async fn what_cannot_be_verified_is_said_once() {
    let hashing = hashing(2, 64);
    let verdict = hashing
        .verify(&password("Tulip-lamp-42"), Some("$2y$99$x"))
        .await
        .unwrap();
    let Verdict::Unverifiable(reason) = verdict else {
        panic!("{verdict:?}")
    };
    assert!(!reason.contains("$99$"), "{reason}");
    assert!(hashing.is_news("a") && !hashing.is_news("a") && hashing.is_news("b"));
}
