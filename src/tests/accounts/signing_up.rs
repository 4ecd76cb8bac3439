use chrono::Duration;
use futures_util::future::join_all;

use super::*;
use itu_account::accounts::terms;
use itu_account::domain::account::EmailAddress;
use itu_account::storage::accounts as rows;

#[tokio::test]
async fn the_account_exists_only_after_the_code() {
    let op = TestOp::start().await;
    let handle = op.sign_up("john@example.org").await.unwrap();
    let key = EmailAddress::parse("john@example.org").unwrap().key();
    assert!(
        rows::find_by_email(op.app.db.read(), &key)
            .await
            .unwrap()
            .is_none()
    ); // SU-5
    assert!(matches!(
        op.attempt_login("john@example.org", PASSWORD).await,
        Err(Error::WrongCredentials)
    ));

    let code = op.outbox().code("john@example.org").await;
    let done = op
        .verify_signup(&handle, &format!(" {} {} ", &code[..4], &code[4..]))
        .await
        .unwrap();
    assert_eq!(done.account.email.as_str(), "john@example.org");
    assert!(done.account.email_verified && done.account.newsletter);
    assert_eq!(done.choice, choice());
    assert_eq!(done.resume.as_deref(), Some("the request")); // AZ-6
    assert!(op.is_signed_in(&done.started.cookie).await);
    assert_eq!(terms::due(&op.app, &done.account).await.unwrap(), None);
    assert!(op.attempt_login("JOHN@Example.org", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn every_field_is_checked_on_the_server() {
    // SU-6
    let op = TestOp::start().await;
    let wrong = signup::Details {
        email: "john",
        password: accounts::NewPassword {
            password: "short",
            ..typed_twice(PASSWORD)
        },
        profile: ProfileInput {
            gender: "x",
            ..profile()
        },
        ..details("")
    };
    let Err(Error::Fields(errors)) = signup::begin(&op.app, &visitor(), wrong, None).await else {
        panic!("refused");
    };
    let fields: Vec<_> = errors.keys().copied().collect();
    assert_eq!(fields, ["email", "gender", "password"]);
    let different = signup::Details {
        password: accounts::NewPassword {
            password: PASSWORD,
            confirmation: "Tulip-lamp-43",
        },
        ..details("john@example.org")
    };
    let refused = signup::begin(&op.app, &visitor(), different, None).await;
    assert!(matches!(refused, Err(Error::Fields(errors)) if errors.contains_key("password_confirmation")));
    let handle = signup::begin(&op.app, &visitor(), details("john@example.org"), None)
        .await
        .unwrap();
    let without_terms = signup::Submission {
        newsletter: false,
        accept_terms: false,
        ..submission(&op)
    };
    let refused = signup::submit(&op.app, &visitor(), handle.expose(), without_terms).await;
    assert!(matches!(refused, Err(Error::Fields(errors)) if errors.contains_key("accept_terms")));
    // SU-6: what was not shown is not accepted.
    let label = terms::offer(&op.app, Language::En).label();
    for shown in ["", "2020-01 2020-01", &label[3..], &label.replacen("en", "fr", 1)] {
        let of_nothing = signup::Submission {
            shown: shown.to_owned(),
            ..submission(&op)
        };
        let refused = signup::submit(&op.app, &visitor(), handle.expose(), of_nothing).await;
        assert!(
            matches!(refused, Err(Error::Fields(errors)) if errors.contains_key("accept_terms")),
            "{shown}"
        );
    }
    // A later step is not taken before an earlier one (G-6).
    assert!(matches!(
        op.verify_signup(&handle, "12345678").await,
        Err(Error::StepMissing)
    ));
}

#[tokio::test]
async fn known_and_unknown_addresses_cost_the_same() {
    // SU-1
    let op = TestOp::start().await;
    op.sign_up_and_verify("known@example.org").await;
    op.clock.advance(Duration::hours(2));
    let mut costs = Vec::new();
    for email in ["unknown@example.org", "Known+tag@example.org"] {
        let before = op.work().await;
        let handle = op.sign_up(email).await.unwrap();
        let wrong = op.verify_signup(&handle, "00000000").await;
        assert!(matches!(wrong, Err(Error::Fields(errors)) if errors["code"] == "error.code_left"));
        costs.push(difference(&before, &op.work().await));
    }
    assert_eq!(costs[0], costs[1]);
    // SU-2: the owner is notified at the stored address; the address that was typed gets no mail.
    assert_eq!(
        op.outbox().to("known@example.org").await[0].kind,
        "account_exists"
    );
    assert!(op.outbox().to("Known+tag@example.org").await.is_empty());
}

#[tokio::test]
async fn no_code_completes_a_sign_up_for_a_taken_address() {
    // SU-1: a code that was mailed before the address was taken is refused, too.
    let op = TestOp::start().await;
    let slow = op.sign_up("john@example.org").await.unwrap();
    let code = op.outbox().code("john@example.org").await;
    op.clock.advance(Duration::seconds(1));
    op.sign_up_and_verify("john@example.org").await;
    assert!(matches!(
        op.verify_signup(&slow, &code).await,
        Err(Error::Fields(errors)) if errors["code"] == "error.code_left"
    ));
}

#[tokio::test]
async fn a_code_works_once_under_fifty_parallel_tries() {
    // G-8, SU-3
    let op = TestOp::start().await;
    let handle = op.sign_up("john@example.org").await.unwrap();
    let code = op.outbox().code("john@example.org").await;
    let all = join_all((0..50).map(|_| op.verify_signup(&handle, &code))).await;
    assert_eq!(all.iter().filter(|it| it.is_ok()).count(), 1);
    assert_eq!(
        rows::list_credentials_after(op.app.db.read(), "", 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn attempts_are_counted_before_the_comparison() {
    // SU-3, SU-4: five of fifty parallel guesses are counted; after that the right code is void, too.
    let op = TestOp::start().await;
    let handle = op.sign_up("john@example.org").await.unwrap();
    let code = op.outbox().code("john@example.org").await;
    let guess = if code == "00000000" {
        "00000001"
    } else {
        "00000000"
    };
    let all = join_all((0..50).map(|_| op.verify_signup(&handle, guess))).await;
    let heard = all
        .iter()
        .filter(|it| matches!(it, Err(Error::Fields(it)) if it["code"] == "error.code_left"))
        .count();
    // Four answers state how many attempts are left; the fifth states that only a new code helps.
    assert_eq!(heard, 4);
    let mut left: Vec<_> = all
        .iter()
        .filter_map(|outcome| match outcome {
            Err(Error::Fields(errors)) => errors["code"].count,
            _ => None,
        })
        .collect();
    left.sort_unstable();
    assert_eq!(left, [1, 2, 3, 4]);
    assert!(matches!(
        op.verify_signup(&handle, &code).await,
        Err(Error::CodeVoid)
    ));

    // The limit is fifteen attempts an hour over all codes of the address.
    for _ in 0..2 {
        op.clock.advance(Duration::minutes(2));
        signup::resend(&op.app, &visitor(), handle.expose())
            .await
            .unwrap();
        for _ in 0..4 {
            assert!(matches!(
                op.verify_signup(&handle, guess).await,
                Err(Error::Fields(errors)) if errors["code"] == "error.code_left"
            ));
        }
        assert!(matches!(
            op.verify_signup(&handle, guess).await,
            Err(Error::CodeVoid)
        ));
    }
    op.clock.advance(Duration::minutes(2));
    signup::resend(&op.app, &visitor(), handle.expose())
        .await
        .unwrap();
    let code = op.outbox().code("john@example.org").await;
    assert!(matches!(
        op.verify_signup(&handle, &code).await,
        Err(Error::Throttled { .. })
    ));
}

#[tokio::test]
async fn a_new_code_voids_the_old_and_comes_not_too_often() {
    // SU-3
    let op = TestOp::start().await;
    let handle = op.sign_up("john@example.org").await.unwrap();
    let first = op.outbox().code("john@example.org").await;
    let visitor = visitor();
    let again = || signup::resend(&op.app, &visitor, handle.expose());
    assert!(
        matches!(again().await, Err(Error::Throttled { retry_after }) if retry_after == Duration::seconds(60))
    );
    for _ in 0..3 {
        op.clock.advance(Duration::seconds(61));
        again().await.unwrap();
    }
    assert!(matches!(
        op.verify_signup(&handle, &first).await,
        Err(Error::Fields(errors)) if errors["code"] == "error.code_left"
    ));
    op.clock.advance(Duration::seconds(61));
    assert!(matches!(again().await, Err(Error::Throttled { .. })));
    let code = op.outbox().code("john@example.org").await;
    op.clock.advance(Duration::minutes(10));
    assert!(matches!(
        op.verify_signup(&handle, &code).await,
        Err(Error::CodeVoid)
    ));
}

#[tokio::test]
async fn going_back_keeps_the_code_that_was_mailed() {
    let op = TestOp::start().await;
    let handle = op.sign_up("john@example.org").await.unwrap();
    let code = op.outbox().code("john@example.org").await;
    op.submit_signup(&handle, submission(&op)).await.unwrap();
    assert!(op.verify_signup(&handle, &code).await.is_ok());
}

#[tokio::test]
async fn an_unfinished_sign_up_is_forgotten_after_a_day() {
    // SU-5
    let op = TestOp::start().await;
    let handle = op.sign_up("john@example.org").await.unwrap();
    op.clock.advance(Duration::hours(25));
    assert!(signup::find(&op.app, handle.expose()).await.unwrap().is_none());
    assert!(accounts::retention::sweep(&op.app).await.unwrap() >= 1);
    assert!(matches!(
        op.verify_signup(&handle, "12345678").await,
        Err(Error::NoSignup)
    ));
}
