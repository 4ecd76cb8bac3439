use chrono::Duration;
use futures_util::future::{join_all, try_join_all};
use sea_orm::{ConnectionTrait, DbErr};

use super::*;
use itu_account::accounts::{password, sessions, terms};
use itu_account::domain::account::Account;
use itu_account::domain::profile::Language;
use itu_account::domain::session::Due;
use itu_account::storage::{Transaction, login_throttles};

const WRONG: &str = "Tulip-lamp-43";

#[tokio::test]
async fn a_failure_has_one_answer_and_one_cost() {
    // PW-3, SU-1
    let op = TestOp::start().await;
    op.sign_up_and_verify("known@example.org").await;
    let mut costs = Vec::new();
    for email in ["unknown@example.org", "known@example.org"] {
        let before = op.work().await;
        assert!(matches!(
            op.attempt_login(email, WRONG).await,
            Err(Error::WrongCredentials)
        ));
        costs.push(difference(&before, &op.work().await));
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(costs[0][0], 1);
}

#[tokio::test]
async fn failures_make_strangers_wait_but_not_the_owners_browser() {
    // PW-4
    let op = TestOp::start().await;
    op.sign_up_and_verify("john@example.org").await;
    let owner = op.attempt_login("john@example.org", PASSWORD).await.unwrap();
    for email in ["john@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            assert!(matches!(
                op.attempt_login(email, WRONG).await,
                Err(Error::WrongCredentials)
            ));
        }
        let waits = op.attempt_login(email, PASSWORD).await;
        assert!(
            matches!(waits, Err(Error::Throttled { retry_after }) if retry_after == Duration::seconds(30))
        );
    }
    let known = Browser {
        known_browser: Some(&owner.known_browser),
        session: None,
    };
    assert!(
        op.attempt_login_from("john@example.org", PASSWORD, known)
            .await
            .is_ok()
    );
    op.clock.advance(Duration::seconds(30));
    assert!(op.attempt_login("john@example.org", PASSWORD).await.is_ok());
    assert!(matches!(
        op.attempt_login("john@example.org", WRONG).await,
        Err(Error::WrongCredentials)
    ));
}

#[tokio::test]
async fn a_burst_of_guesses_is_answered_five_times() {
    // PW-4: guesses beside each other are no way around the wait.
    let op = TestOp::start().await;
    op.sign_up_and_verify("john@example.org").await;
    let all = join_all((0..20).map(|_| op.attempt_login("john@example.org", WRONG))).await;
    let answered = all
        .iter()
        .filter(|it| matches!(it, Err(Error::WrongCredentials)))
        .count();
    assert_eq!(answered, 5);
}

#[tokio::test]
async fn a_counter_that_nobody_began_is_held_too() {
    // PW-4: a row that is not there cannot be locked, and each guess would find that nobody failed before.
    let op = TestOp::start().await;
    let now = op.clock.now();
    let guesses = (0..6).map(|_| {
        op.app.db.write(async |tx: &Transaction| {
            let before = login_throttles::hold(tx, "a:somebody", now).await?;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            login_throttles::count_failure(tx, "a:somebody", now).await?;
            Ok::<_, DbErr>(before.failures)
        })
    });
    let mut before = try_join_all(guesses).await.unwrap();
    before.sort_unstable();
    assert_eq!(before, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_hundred_failures_disable_the_password_until_a_reset_or_unlock() {
    // PW-4
    let op = TestOp::start().await;
    op.sign_up_and_verify("john@example.org").await;
    let mut failures = 0;
    while failures < 100 {
        match op.attempt_login("john@example.org", WRONG).await {
            Err(Error::WrongCredentials) => failures += 1,
            Err(Error::Throttled { retry_after }) => op.clock.advance(retry_after),
            other => panic!("{other:?}"),
        }
    }
    op.clock.advance(Duration::minutes(15));
    assert!(matches!(
        op.attempt_login("john@example.org", PASSWORD).await,
        Err(Error::WrongCredentials)
    ));
    let mails = op.outbox().to("john@example.org").await;
    assert_eq!(
        mails.iter().filter(|it| it.kind == "password_disabled").count(),
        1
    );
    assert!(
        password::unlock(&op.app, &Context::operator(), "john@example.org")
            .await
            .unwrap()
    );
    assert!(op.attempt_login("john@example.org", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn logging_in_again_keeps_the_session_and_changes_its_cookie() {
    // SE-2, SE-4
    let op = TestOp::start().await;
    let first = op.sign_up_and_verify("john@example.org").await.started;
    op.clock.advance(Duration::minutes(6));
    let browser = Browser {
        known_browser: None,
        session: Some(&first.session),
    };
    let again = op
        .attempt_login_from("john@example.org", PASSWORD, browser)
        .await
        .unwrap()
        .started;
    assert_eq!(
        (&again.session.sid, &again.session.id),
        (&first.session.sid, &first.session.id)
    );
    assert!(again.session.authenticated_at > first.session.authenticated_at);
    assert!(!op.is_signed_in(&first.cookie).await && op.is_signed_in(&again.cookie).await);
}

#[tokio::test]
async fn another_persons_login_ends_the_session_of_the_browser() {
    let op = TestOp::start().await;
    let john = op.sign_up_and_verify("john@example.org").await.started;
    op.sign_up_and_verify("jane@example.org").await;
    let browser = Browser {
        known_browser: None,
        session: Some(&john.session),
    };
    let jane = op
        .attempt_login_from("jane@example.org", PASSWORD, browser)
        .await
        .unwrap();
    assert!(!op.is_signed_in(&john.cookie).await && op.is_signed_in(&jane.started.cookie).await);
}

#[tokio::test]
async fn a_person_has_twenty_sessions_and_ends_them() {
    // SE-2, SE-3
    let op = TestOp::start().await;
    let first = op.sign_up_and_verify("john@example.org").await;
    let mut last = None;
    for _ in 0..20 {
        op.clock.advance(Duration::seconds(1));
        last = Some(
            op.attempt_login("john@example.org", PASSWORD)
                .await
                .unwrap()
                .started,
        );
    }
    let last = last.unwrap();
    let id = &first.account.id;
    assert_eq!(sessions::list(&op.app, id).await.unwrap().len(), 20);
    assert!(!op.is_signed_in(&first.started.cookie).await);
    assert_eq!(
        sessions::end_others(&op.app, &visitor(), id, &last.session.id)
            .await
            .unwrap(),
        19
    );
    assert!(op.is_signed_in(&last.cookie).await);
    sessions::end_everywhere(&op.app, &visitor(), id).await.unwrap();
    assert!(!op.is_signed_in(&last.cookie).await);
}

#[tokio::test]
async fn sessions_end_by_rest_and_a_cookie_is_one_well_formed_value() {
    // SE-1, SE-2
    let op = TestOp::start().await;
    let started = op.sign_up_and_verify("john@example.org").await.started;
    for wrong in [
        "",
        "x",
        &started.cookie.expose()[1..],
        &format!("{}x", started.cookie.expose()),
    ] {
        assert!(!op.is_signed_in(&Secret::new(wrong)).await);
    }
    op.clock.advance(Duration::minutes(59));
    assert!(op.is_signed_in(&started.cookie).await);
    op.clock.advance(Duration::minutes(61));
    assert!(!op.is_signed_in(&started.cookie).await);
}

#[tokio::test]
async fn a_new_browser_is_notified_once_an_hour() {
    // LG-4
    let op = TestOp::start().await;
    op.sign_up_and_verify("john@example.org").await;
    let first = op.attempt_login("john@example.org", PASSWORD).await.unwrap();
    op.attempt_login("john@example.org", PASSWORD).await.unwrap();
    op.clock.advance(Duration::hours(2));
    let known = Browser {
        known_browser: Some(&first.known_browser),
        session: None,
    };
    op.attempt_login_from("john@example.org", PASSWORD, known)
        .await
        .unwrap();
    let mails = op.outbox().to("john@example.org").await;
    assert_eq!(mails.iter().filter(|it| it.kind == "new_sign_in").count(), 1);
}

#[tokio::test]
async fn terms_are_due_until_the_versions_in_force_are_accepted() {
    let op = TestOp::start().await;
    let done = op.sign_up_and_verify("john@example.org").await;
    let (account, session) = (done.account, done.started.session);
    assert_eq!(terms::due(&op.app, &account).await.unwrap(), None);
    let forget = "DELETE FROM document_acceptances";
    op.app.db.execute_unprepared(forget).await.unwrap();
    for of_before in [None, Some("2020-01".to_owned())] {
        let account = Account {
            privacy_version: of_before,
            ..account.clone()
        };
        assert_eq!(terms::due(&op.app, &account).await.unwrap(), Some(Due::Terms));
        // The address comes first.
        let unverified = Account {
            email_verified: false,
            ..account
        };
        let due = terms::due(&op.app, &unverified).await.unwrap();
        assert_eq!(due, Some(Due::EmailVerification));
    }
    for old in ["2020-01 2020-01", "fr 2020-01 2020-01"] {
        let refused = terms::accept(&op.app, &visitor(), &session, old).await;
        assert!(matches!(refused, Err(Error::Conflict)));
    }
    // SE-3: a session that has ended accepts nothing in the name of its person.
    let label = terms::offer(&op.app, Language::En).label();
    sessions::end(&op.app, &visitor(), &account.id, &session.id, "")
        .await
        .unwrap();
    let late = terms::accept(&op.app, &visitor(), &session, &label).await;
    assert!(matches!(late, Err(Error::ReauthenticationNeeded)));
}

#[tokio::test]
async fn a_password_is_changed_by_who_has_just_logged_in() {
    // SE-4, PW-6
    let op = TestOp::start().await;
    let here = op.sign_up_and_verify("john@example.org").await;
    let there = op
        .attempt_login("john@example.org", PASSWORD)
        .await
        .unwrap()
        .started;
    let new = "Harbour-9-violin";
    let session = &here.started.session;
    password::change(&op.app, &visitor(), &here.account, session, typed_twice(new))
        .await
        .unwrap();
    assert!(op.is_signed_in(&here.started.cookie).await && !op.is_signed_in(&there.cookie).await);
    assert!(
        op.outbox()
            .to("john@example.org")
            .await
            .iter()
            .any(|it| it.kind == "password_changed")
    );
    assert!(matches!(
        op.attempt_login("john@example.org", PASSWORD).await,
        Err(Error::WrongCredentials)
    ));
    op.clock.advance(Duration::minutes(5));
    let late = password::change(&op.app, &visitor(), &here.account, session, typed_twice(new)).await;
    assert!(matches!(late, Err(Error::ReauthenticationNeeded)));
}
