use chrono::Duration;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Statement};

use super::*;
use itu_account::accounts::{password, profile as profiles, sessions};

const WRONG: &str = "Tulip-lamp-43";

#[tokio::test]
async fn a_failure_has_one_answer_and_one_cost() {
    // PW-3, SU-1
    let rooms = Rooms::open().await;
    rooms.person("known@example.org").await;
    let mut costs = Vec::new();
    for email in ["unknown@example.org", "known@example.org"] {
        let before = rooms.work().await;
        assert!(matches!(
            rooms.logs_in(email, WRONG).await,
            Err(Error::WrongCredentials)
        ));
        costs.push(Rooms::difference(&before, &rooms.work().await));
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(costs[0][0], 1);
}

#[tokio::test]
async fn failures_make_strangers_wait_but_not_the_owners_browser() {
    // PW-4
    let rooms = Rooms::open().await;
    rooms.person("john@example.org").await;
    let owner = rooms.logs_in("john@example.org", PASSWORD).await.unwrap();
    for email in ["john@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            assert!(matches!(
                rooms.logs_in(email, WRONG).await,
                Err(Error::WrongCredentials)
            ));
        }
        let waits = rooms.logs_in(email, PASSWORD).await;
        assert!(
            matches!(waits, Err(Error::Throttled { retry_after }) if retry_after == Duration::seconds(30))
        );
    }
    let known = Browser {
        known_browser: Some(&owner.known_browser),
        session: None,
    };
    assert!(
        rooms
            .logs_in_from("john@example.org", PASSWORD, known)
            .await
            .is_ok()
    );
    rooms.now_later(Duration::seconds(30));
    assert!(rooms.logs_in("john@example.org", PASSWORD).await.is_ok());
    assert!(matches!(
        rooms.logs_in("john@example.org", WRONG).await,
        Err(Error::WrongCredentials)
    ));
}

#[tokio::test]
async fn a_burst_of_guesses_is_answered_five_times() {
    // PW-4: guesses beside each other are no way around the wait.
    let rooms = Rooms::open().await;
    rooms.person("john@example.org").await;
    let all = join_all((0..20).map(|_| rooms.logs_in("john@example.org", WRONG))).await;
    let answered = all
        .iter()
        .filter(|it| matches!(it, Err(Error::WrongCredentials)))
        .count();
    assert_eq!(answered, 5);
}

#[tokio::test]
async fn a_hundred_failures_disable_the_password_until_a_reset_or_unlock() {
    // PW-4
    let rooms = Rooms::open().await;
    rooms.person("john@example.org").await;
    let mut failures = 0;
    while failures < 100 {
        match rooms.logs_in("john@example.org", WRONG).await {
            Err(Error::WrongCredentials) => failures += 1,
            Err(Error::Throttled { retry_after }) => rooms.now_later(retry_after),
            other => panic!("{other:?}"),
        }
    }
    rooms.now_later(Duration::minutes(15));
    assert!(matches!(
        rooms.logs_in("john@example.org", PASSWORD).await,
        Err(Error::WrongCredentials)
    ));
    let told = rooms.mails("john@example.org").await;
    assert_eq!(told.iter().filter(|it| it.kind == "password_disabled").count(), 1);
    assert!(
        password::unlock(&rooms.app, &Context::operator(), "john@example.org")
            .await
            .unwrap()
    );
    assert!(rooms.logs_in("john@example.org", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn logging_in_again_keeps_the_session_and_changes_its_cookie() {
    // SE-2, SE-4
    let rooms = Rooms::open().await;
    let first = rooms.person("john@example.org").await.started;
    rooms.now_later(Duration::minutes(6));
    let browser = Browser {
        known_browser: None,
        session: Some(&first.session),
    };
    let again = rooms
        .logs_in_from("john@example.org", PASSWORD, browser)
        .await
        .unwrap()
        .started;
    assert_eq!(
        (&again.session.sid, &again.session.id),
        (&first.session.sid, &first.session.id)
    );
    assert!(again.session.authenticated_at > first.session.authenticated_at);
    assert!(!rooms.is_signed_in(&first.cookie).await && rooms.is_signed_in(&again.cookie).await);
}

#[tokio::test]
async fn another_persons_login_ends_the_session_of_the_browser() {
    let rooms = Rooms::open().await;
    let john = rooms.person("john@example.org").await.started;
    rooms.person("jane@example.org").await;
    let browser = Browser {
        known_browser: None,
        session: Some(&john.session),
    };
    let jane = rooms
        .logs_in_from("jane@example.org", PASSWORD, browser)
        .await
        .unwrap();
    assert!(!rooms.is_signed_in(&john.cookie).await && rooms.is_signed_in(&jane.started.cookie).await);
}

#[tokio::test]
async fn a_person_has_twenty_sessions_and_ends_them() {
    // SE-2, SE-3
    let rooms = Rooms::open().await;
    let first = rooms.person("john@example.org").await;
    let mut last = None;
    for _ in 0..20 {
        rooms.now_later(Duration::seconds(1));
        last = Some(rooms.logs_in("john@example.org", PASSWORD).await.unwrap().started);
    }
    let last = last.unwrap();
    let id = &first.account.id;
    assert_eq!(sessions::list(&rooms.app, id).await.unwrap().len(), 20);
    assert!(!rooms.is_signed_in(&first.started.cookie).await);
    assert_eq!(
        sessions::end_others(&rooms.app, &visitor(), id, &last.session.id)
            .await
            .unwrap(),
        19
    );
    assert!(rooms.is_signed_in(&last.cookie).await);
    sessions::end_everywhere(&rooms.app, &visitor(), id)
        .await
        .unwrap();
    assert!(!rooms.is_signed_in(&last.cookie).await);
}

#[tokio::test]
async fn sessions_end_by_rest_and_a_cookie_is_one_well_formed_value() {
    // SE-1, SE-2
    let rooms = Rooms::open().await;
    let started = rooms.person("john@example.org").await.started;
    for wrong in [
        "",
        "x",
        &started.cookie.expose()[1..],
        &format!("{}x", started.cookie.expose()),
    ] {
        assert!(!rooms.is_signed_in(&Secret::new(wrong)).await);
    }
    rooms.now_later(Duration::minutes(59));
    assert!(rooms.is_signed_in(&started.cookie).await);
    rooms.now_later(Duration::minutes(61));
    assert!(!rooms.is_signed_in(&started.cookie).await);
}

#[tokio::test]
async fn a_new_browser_is_told_once_an_hour() {
    // LG-4
    let rooms = Rooms::open().await;
    rooms.person("john@example.org").await;
    let first = rooms.logs_in("john@example.org", PASSWORD).await.unwrap();
    rooms.logs_in("john@example.org", PASSWORD).await.unwrap();
    rooms.now_later(Duration::hours(2));
    let known = Browser {
        known_browser: Some(&first.known_browser),
        session: None,
    };
    rooms
        .logs_in_from("john@example.org", PASSWORD, known)
        .await
        .unwrap();
    let mails = rooms.mails("john@example.org").await;
    assert_eq!(mails.iter().filter(|it| it.kind == "new_sign_in").count(), 1);
}

#[tokio::test]
async fn new_terms_are_due_at_the_next_login() {
    let rooms = Rooms::open().await;
    rooms.person("john@example.org").await;
    let db = rooms.app.db.read();
    let new = Statement::from_sql_and_values(
        db.get_database_backend(),
        "INSERT INTO terms_versions (version, effective_from) VALUES ($1, $2)",
        ["2026-06".into(), rooms.app.clock.now().into()],
    );
    db.execute_raw(new).await.unwrap();
    let login = rooms.logs_in("john@example.org", PASSWORD).await.unwrap();
    assert!(login.started.session.terms_due);
    let old = profiles::accept_terms(&rooms.app, &visitor(), &login.account, "2020-01").await;
    assert!(matches!(old, Err(Error::Conflict)));
    profiles::accept_terms(&rooms.app, &visitor(), &login.account, "2026-06")
        .await
        .unwrap();
    let found = sessions::find(&rooms.app, login.started.cookie.expose())
        .await
        .unwrap()
        .unwrap();
    assert!(!found.0.terms_due);
    assert!(
        !rooms
            .logs_in("john@example.org", PASSWORD)
            .await
            .unwrap()
            .started
            .session
            .terms_due
    );
}

#[tokio::test]
async fn a_password_is_changed_by_who_has_just_logged_in() {
    // SE-4, PW-6
    let rooms = Rooms::open().await;
    let here = rooms.person("john@example.org").await;
    let there = rooms.logs_in("john@example.org", PASSWORD).await.unwrap().started;
    let new = "Harbour-9-violin";
    let session = &here.started.session;
    password::change(&rooms.app, &visitor(), &here.account, session, typed_twice(new))
        .await
        .unwrap();
    assert!(rooms.is_signed_in(&here.started.cookie).await && !rooms.is_signed_in(&there.cookie).await);
    assert!(
        rooms
            .mails("john@example.org")
            .await
            .iter()
            .any(|it| it.kind == "password_changed")
    );
    assert!(matches!(
        rooms.logs_in("john@example.org", PASSWORD).await,
        Err(Error::WrongCredentials)
    ));
    rooms.now_later(Duration::minutes(5));
    let late = password::change(&rooms.app, &visitor(), &here.account, session, typed_twice(new)).await;
    assert!(matches!(late, Err(Error::ReauthenticationNeeded)));
}
