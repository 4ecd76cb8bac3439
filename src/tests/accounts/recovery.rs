use chrono::Duration;
use futures_util::future::join_all;
use sea_orm::DbErr;

use super::*;
use itu_account::accounts::second_factor::recovery_code;
use itu_account::accounts::{password, recovery};

const NEW: &str = "Harbour-9-violin";

impl Rooms {
    async fn forgets(&self, email: &str) -> Result<(), Error> {
        recovery::request(&self.app, &visitor(), email, Language::En, Some("the request")).await
    }

    async fn resets(&self, token: &str) -> Result<recovery::Done, Error> {
        recovery::complete(&self.app, &visitor(), token, typed_twice(NEW)).await
    }
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_what_the_old_one_opened() {
    // PW-5, PW-6
    let rooms = Rooms::open().await;
    let before = rooms.person("john@example.org").await.started;
    rooms.forgets("john@example.org").await.unwrap();
    let token = rooms.link("john@example.org").await;
    assert_eq!(
        recovery::open(&rooms.app, &token).await.unwrap().email.as_str(),
        "john@example.org"
    );
    let done = rooms.resets(&token).await.unwrap();
    assert_eq!(done.resume.as_deref(), Some("the request"));
    assert!(!rooms.is_signed_in(&before.cookie).await);
    assert!(rooms.logs_in("john@example.org", NEW).await.is_ok());
    assert!(matches!(
        rooms.logs_in("john@example.org", PASSWORD).await,
        Err(Error::WrongCredentials)
    ));
    assert!(matches!(rooms.resets(&token).await, Err(Error::LinkVoid)));
}

#[tokio::test]
async fn a_link_works_once_under_fifty_parallel_tries() {
    // G-8, PW-5
    let rooms = Rooms::open().await;
    rooms.person("john@example.org").await;
    rooms.forgets("john@example.org").await.unwrap();
    let token = rooms.link("john@example.org").await;
    let all = join_all((0..50).map(|_| rooms.resets(&token))).await;
    assert_eq!(all.iter().filter(|it| it.is_ok()).count(), 1);
    // A pool that is exhausted on a busy machine does not answer the link.
    let other = all.iter().find(|it| {
        !matches!(
            it,
            Ok(_) | Err(Error::LinkVoid | Error::Busy | Error::Storage(DbErr::ConnectionAcquire(_)))
        )
    });
    assert!(other.is_none(), "{other:?}");
}

#[tokio::test]
async fn the_newest_link_works_for_half_an_hour() {
    // PW-5
    let rooms = Rooms::open().await;
    rooms.person("john@example.org").await;
    rooms.forgets("john@example.org").await.unwrap();
    let old = rooms.link("john@example.org").await;
    rooms.now_later(Duration::seconds(1));
    rooms.forgets("john@example.org").await.unwrap();
    let new = rooms.link("john@example.org").await;
    assert!(matches!(rooms.resets(&old).await, Err(Error::LinkVoid)));
    rooms.now_later(Duration::minutes(30));
    assert!(matches!(rooms.resets(&new).await, Err(Error::LinkVoid)));
    for wrong in ["", "pr_", "rt_x", &new[3..]] {
        assert!(
            matches!(recovery::open(&rooms.app, wrong).await, Err(Error::LinkVoid)),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn known_and_unknown_addresses_are_answered_alike() {
    // SU-1, SU-2
    let rooms = Rooms::open().await;
    rooms.person("known@example.org").await;
    rooms.now_later(Duration::seconds(1));
    let mut costs = Vec::new();
    for email in ["Known@example.org", "unknown@example.org"] {
        let before = rooms.work().await;
        for _ in 0..3 {
            rooms.forgets(email).await.unwrap();
        }
        assert!(matches!(rooms.forgets(email).await, Err(Error::Throttled { .. })));
        costs.push(Rooms::difference(&before, &rooms.work().await));
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(rooms.mails("known@example.org").await[0].kind, "password_reset");
    assert_eq!(rooms.mails("unknown@example.org").await[0].kind, "no_account");
}

#[tokio::test]
async fn a_reset_finds_the_account_that_logs_in_with_the_address() {
    // SU-2: a tag is cut for uniqueness alone.
    let rooms = Rooms::open().await;
    rooms.person("known+itu@example.org").await;
    rooms.now_later(Duration::seconds(1));
    for email in ["known@example.org", "known+other@example.org"] {
        rooms.forgets(email).await.unwrap();
        assert_eq!(rooms.mails(email).await[0].kind, "no_account", "{email}");
    }
    let to_the_owner = rooms.mails("known+itu@example.org").await;
    assert!(to_the_owner.iter().all(|it| it.kind != "password_reset"));
    rooms.forgets("Known+ITU@Example.ORG").await.unwrap();
    let to_the_owner = rooms.mails("known+itu@example.org").await;
    assert!(to_the_owner.iter().any(|it| it.kind == "password_reset"));
}

#[tokio::test]
async fn a_password_set_meanwhile_is_not_replaced_from_the_session_that_it_ended() {
    // G-9, PW-6: the session was found alive, and had to wait for its turn.
    let rooms = Rooms::open().await;
    let thief = rooms.person("john@example.org").await;
    let session = &thief.started.session;
    rooms.forgets("john@example.org").await.unwrap();
    let link = rooms.link("john@example.org").await;
    rooms.resets(&link).await.unwrap();
    let late = "Lantern-7-cobalt";
    let refused = password::change(&rooms.app, &visitor(), &thief.account, session, typed_twice(late)).await;
    assert!(matches!(refused, Err(Error::ReauthenticationNeeded)));
    assert!(matches!(
        rooms.logs_in("john@example.org", late).await,
        Err(Error::WrongCredentials)
    ));
    let codes = recovery_code::renew(&rooms.app, &visitor(), &thief.account, session).await;
    assert!(matches!(codes, Err(Error::ReauthenticationNeeded)));
}
