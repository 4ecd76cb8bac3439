use chrono::Duration;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DbErr};

use super::*;
use itu_account::accounts::second_factor::recovery_code;
use itu_account::accounts::{password, recovery};
use itu_account::storage::login_throttles;

const NEW: &str = "Harbour-9-violin";

impl TestOp {
    async fn request_reset(&self, email: &str) -> Result<(), Error> {
        let request = recovery::Request {
            resume: Some("the request"),
            ..recovery::Request::of(email)
        };
        recovery::request(&self.app, &visitor(), request).await.map(drop)
    }

    async fn complete_reset(&self, token: &str) -> Result<recovery::Done, Error> {
        recovery::complete(&self.app, &visitor(), token, typed_twice(NEW)).await
    }
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_what_the_old_one_opened() {
    // PW-5, PW-6
    let op = TestOp::start().await;
    let before = op.sign_up_and_verify("john@example.org").await.started;
    op.request_reset("john@example.org").await.unwrap();
    let token = op.reset_token("john@example.org").await;
    assert_eq!(
        recovery::open(&op.app, &token).await.unwrap().email.as_str(),
        "john@example.org"
    );
    let done = op.complete_reset(&token).await.unwrap();
    assert_eq!(done.resume.as_deref(), Some("the request"));
    assert!(!op.is_signed_in(&before.cookie).await);
    assert!(op.attempt_login("john@example.org", NEW).await.is_ok());
    assert!(matches!(
        op.attempt_login("john@example.org", PASSWORD).await,
        Err(Error::WrongCredentials)
    ));
    assert!(matches!(op.complete_reset(&token).await, Err(Error::LinkVoid)));
}

#[tokio::test]
async fn a_link_works_once_under_fifty_parallel_tries() {
    // G-8, PW-5
    let op = TestOp::start().await;
    op.sign_up_and_verify("john@example.org").await;
    op.request_reset("john@example.org").await.unwrap();
    let token = op.reset_token("john@example.org").await;
    let all = join_all((0..50).map(|_| op.complete_reset(&token))).await;
    assert_eq!(all.iter().filter(|it| it.is_ok()).count(), 1);
    // A pool that is exhausted on a busy machine does not answer the link.
    let other = all.iter().find(|outcome| {
        !matches!(
            outcome,
            Ok(_) | Err(Error::LinkVoid | Error::Busy | Error::Storage(DbErr::ConnectionAcquire(_)))
        )
    });
    assert!(other.is_none(), "{other:?}");
}

#[tokio::test]
async fn the_newest_link_works_for_half_an_hour() {
    // PW-5
    let op = TestOp::start().await;
    op.sign_up_and_verify("john@example.org").await;
    op.request_reset("john@example.org").await.unwrap();
    let old = op.reset_token("john@example.org").await;
    op.clock.advance(Duration::seconds(1));
    op.request_reset("john@example.org").await.unwrap();
    let new = op.reset_token("john@example.org").await;
    assert!(matches!(op.complete_reset(&old).await, Err(Error::LinkVoid)));
    op.clock.advance(Duration::minutes(30));
    assert!(matches!(op.complete_reset(&new).await, Err(Error::LinkVoid)));
    for wrong in ["", "pr_", "rt_x", &new[3..]] {
        assert!(
            matches!(recovery::open(&op.app, wrong).await, Err(Error::LinkVoid)),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn known_and_unknown_addresses_are_answered_alike() {
    // SU-1, SU-2
    let op = TestOp::start().await;
    op.sign_up_and_verify("known@example.org").await;
    op.clock.advance(Duration::seconds(1));
    let mut costs = Vec::new();
    for email in ["Known@example.org", "unknown@example.org"] {
        let before = op.work().await;
        for _ in 0..3 {
            op.request_reset(email).await.unwrap();
        }
        assert!(matches!(
            op.request_reset(email).await,
            Err(Error::Throttled { .. })
        ));
        costs.push(difference(&before, &op.work().await));
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(
        op.outbox().to("known@example.org").await[0].kind,
        "password_reset"
    );
    assert_eq!(op.outbox().to("unknown@example.org").await[0].kind, "no_account");
}

#[tokio::test]
async fn a_reset_finds_the_account_that_logs_in_with_the_address() {
    // SU-2: a tag is cut for uniqueness alone.
    let op = TestOp::start().await;
    op.sign_up_and_verify("known+itu@example.org").await;
    op.clock.advance(Duration::seconds(1));
    for email in ["known@example.org", "known+other@example.org"] {
        op.request_reset(email).await.unwrap();
        assert_eq!(op.outbox().to(email).await[0].kind, "no_account", "{email}");
    }
    let to_the_owner = op.outbox().to("known+itu@example.org").await;
    assert!(to_the_owner.iter().all(|it| it.kind != "password_reset"));
    op.request_reset("Known+ITU@Example.ORG").await.unwrap();
    let to_the_owner = op.outbox().to("known+itu@example.org").await;
    assert!(to_the_owner.iter().any(|it| it.kind == "password_reset"));
}

#[tokio::test]
async fn a_password_set_meanwhile_is_not_replaced_from_the_session_that_it_ended() {
    // G-9, PW-6: the session was found alive, and had to wait for its turn.
    let op = TestOp::start().await;
    let thief = op.sign_up_and_verify("john@example.org").await;
    let session = &thief.started.session;
    op.request_reset("john@example.org").await.unwrap();
    let link = op.reset_token("john@example.org").await;
    op.complete_reset(&link).await.unwrap();
    let late = "Lantern-7-cobalt";
    let refused = password::change(&op.app, &visitor(), &thief.account, session, typed_twice(late)).await;
    assert!(matches!(refused, Err(Error::ReauthenticationNeeded)));
    assert!(matches!(
        op.attempt_login("john@example.org", late).await,
        Err(Error::WrongCredentials)
    ));
    let codes = recovery_code::renew(&op.app, &visitor(), &thief.account, session).await;
    assert!(matches!(codes, Err(Error::ReauthenticationNeeded)));
}

#[tokio::test]
async fn failures_that_a_node_of_the_release_before_counted_are_forgotten_too() {
    // PW-4: its counters name no subject.
    let op = TestOp::start().await;
    let account = op.sign_up_and_verify("john@example.org").await.account;
    let fails = async || op.attempt_login("john@example.org", "Not-the-password-1").await;
    let run = async |sql: &str| {
        op.app
            .db
            .execute_unprepared(sql)
            .await
            .expect("a row")
            .rows_affected()
    };
    assert!(matches!(fails().await, Err(Error::WrongCredentials)));
    assert_eq!(run("UPDATE login_throttles SET subject = ''").await, 1);
    assert!(matches!(fails().await, Err(Error::WrongCredentials)));
    // One more failure names the subject.
    let of_before = "UPDATE login_throttles SET subject = '', failures = 100 WHERE subject <> ''";
    assert_eq!(run(of_before).await, 1);
    let second_factor = format!("f:{}", account.id);
    for key in ["a:other", second_factor.as_str()] {
        let insert = format!(
            "INSERT INTO login_throttles (\"key\", failures, updated_at, subject) \
             SELECT '{key}', 100, updated_at, '' FROM login_throttles WHERE failures = 100 LIMIT 1"
        );
        assert_eq!(run(&insert).await, 1);
    }
    let right = op.attempt_login("john@example.org", PASSWORD).await;
    assert!(matches!(right, Err(Error::WrongCredentials)), "stopped");
    op.request_reset("john@example.org").await.unwrap();
    let token = op.reset_token("john@example.org").await;
    op.complete_reset(&token).await.unwrap();
    op.attempt_login("john@example.org", NEW).await.expect("a login");
    // Those of others stay, and those of the second factor, which a mailbox does not forgive.
    for key in ["a:other", second_factor.as_str()] {
        let left = login_throttles::find(&op.app.db, key).await.unwrap();
        assert_eq!(left.expect("a counter").failures, 100, "{key}");
    }
    assert!(
        password::unlock(&op.app, &visitor(), "john@example.org")
            .await
            .unwrap()
    );
    let left = login_throttles::find(&op.app.db, &second_factor).await;
    assert_eq!(left.unwrap(), None);
}
