use crate::support::TestOp;
use crate::support::work::{challenge, solve, solve_with};
use itu_account::app::App;
use itu_account::limits::Limit;
use itu_account::proof_of_work::{Effort, Form, Reason, Sender, challenge as new_challenge, verify};

const SENDER: Sender<'_> = Sender {
    network: "192.0.2.1",
    browser: "the browser",
};

async fn effort(op: &TestOp, solution: &str) -> Effort {
    verify(&op.app, Form::SignUp, SENDER, solution)
        .await
        .expect("a store")
}

async fn asked(op: &TestOp) -> String {
    new_challenge(&op.app, Form::SignUp, SENDER)
        .await
        .expect("a challenge")
}

#[tokio::test]
async fn a_solution_counts_once() {
    // DS-5, G-8
    let op = TestOp::start().await;
    let solution = solve(&asked(&op).await);
    let both = tokio::join!(effort(&op, &solution), effort(&op, &solution));
    assert!(
        matches!(
            both,
            (Effort::Verified, Effort::Refused(Reason::Replayed))
                | (Effort::Refused(Reason::Replayed), Effort::Verified)
        ),
        "{both:?}"
    );
    op.advance(3590);
    assert_eq!(effort(&op, &solution).await, Effort::Refused(Reason::Replayed));
}

#[tokio::test]
async fn a_solution_from_before_the_store_began_does_not_count_again() {
    // ST-1: a store in memory has forgotten what was spent; one in Redis has not.
    let op = TestOp::start().await;
    let solution = solve(&asked(&op).await);
    assert_eq!(effort(&op, &solution).await, Effort::Verified);
    op.advance(1);
    let app = App::open((*op.app.config).clone(), op.clock.clone()).await;
    let app = app.expect("the service starts");
    let again = verify(&app, Form::SignUp, SENDER, &solution).await;
    let again = again.expect("a store");
    assert!(
        matches!(again, Effort::Refused(Reason::Expired | Reason::Replayed)),
        "{again:?}"
    );
    // What was made since counts.
    let fresh = new_challenge(&app, Form::SignUp, SENDER)
        .await
        .expect("a challenge");
    let fresh = verify(&app, Form::SignUp, SENDER, &solve(&fresh)).await;
    assert_eq!(fresh.expect("a store"), Effort::Verified);
}

#[tokio::test]
async fn a_solution_counts_for_an_hour() {
    // DS-5
    let op = TestOp::start().await;
    let [early, late] = [solve(&asked(&op).await), solve(&asked(&op).await)];
    op.advance(3599);
    assert_eq!(effort(&op, &early).await, Effort::Verified);
    op.advance(1);
    assert_eq!(effort(&op, &late).await, Effort::Refused(Reason::Expired));
    // What it says of its end is under the MAC.
    let longer = late.replacen(&(op.now().timestamp()).to_string(), "9999999999", 1);
    assert_ne!(longer, late);
    assert_eq!(effort(&op, &longer).await, Effort::Refused(Reason::Foreign));
}

#[tokio::test]
async fn a_solution_counts_for_its_own_form_and_browser() {
    // DS-5, G-7
    let op = TestOp::start().await;
    let solution = solve(&asked(&op).await);
    let other = Sender {
        browser: "another",
        ..SENDER
    };
    for (form, sender) in [
        (Form::Recovery, SENDER),
        (Form::Login, SENDER),
        (Form::SignUp, other),
    ] {
        let effort = verify(&op.app, form, sender, &solution).await.expect("a store");
        assert_eq!(effort, Effort::Refused(Reason::Foreign), "{form:?} {sender:?}");
    }
    // A person may be on another network by now.
    let roaming = Sender {
        network: "198.51.100.7",
        ..SENDER
    };
    let moved = verify(&op.app, Form::SignUp, roaming, &solution).await;
    assert_eq!(moved.expect("a store"), Effort::Verified);
}

#[tokio::test]
async fn a_solution_that_is_too_easy_does_not_count() {
    // DS-5
    let op = TestOp::start().await;
    let asked_for = asked(&op).await;
    assert_eq!(
        effort(&op, &solve_with(&asked_for, 8)).await,
        Effort::Refused(Reason::Wrong)
    );
    let (_, rest) = asked_for.split_once('.').expect("bits first");
    assert_eq!(
        effort(&op, &solve(&format!("1.{rest}"))).await,
        Effort::Refused(Reason::Foreign)
    );
    let (text, counters) = solve(&asked_for)
        .split_once('~')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("two parts");
    let shorter = counters.rsplit_once('.').expect("several").0;
    let solution = format!("{text}~{shorter}");
    assert_eq!(effort(&op, &solution).await, Effort::Refused(Reason::Wrong));
    // Nothing of that has spent the challenge.
    assert_eq!(effort(&op, &format!("{text}~{counters}")).await, Effort::Verified);
    for nonsense in ["x", "12.a.b.c~1", "~", "12.1.a.b~zz", &"9".repeat(500)] {
        assert_eq!(
            effort(&op, nonsense).await,
            Effort::Refused(Reason::Malformed),
            "{nonsense}"
        );
    }
    assert_eq!(effort(&op, "").await, Effort::Missing);
}

#[tokio::test]
async fn the_work_grows_with_the_failures_of_the_network() {
    // DS-5
    let op = TestOp::start().await;
    let bits = async |network: &str| {
        let sender = Sender { network, ..SENDER };
        let text = new_challenge(&op.app, Form::SignUp, sender).await.expect("asked");
        text.split_once('.')
            .expect("bits")
            .0
            .parse::<u32>()
            .expect("a number")
    };
    let before = bits("192.0.2.1").await;
    let [early, late] = [solve(&asked(&op).await), solve(&asked(&op).await)];
    let fails = async |times: u64| {
        for _ in 0..times {
            op.app.limits.count(Limit::SignInFailures, "192.0.2.1").await.ok();
        }
    };
    fails(60).await;
    assert_eq!(bits("192.0.2.1").await, before + 2);
    assert_eq!(bits("192.0.2.2").await, before);
    // What was begun before is still taken, while it is not far behind.
    assert_eq!(effort(&op, &early).await, Effort::Verified);
    fails(30).await;
    assert_eq!(effort(&op, &late).await, Effort::Refused(Reason::TooEasy));
}

#[tokio::test]
async fn a_page_that_is_shown_again_has_another_challenge() {
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let (page, form) = zoe.fills_in_details().await;
    let solution = solve(&challenge(&page));
    let form = form.with("work", &solution).with("job_title", "");
    let again = zoe.browser.send(form).await;
    assert_eq!(again.field_errors(), ["job_title"]);
    assert_ne!(challenge(&again), challenge(&page));
    assert_eq!(
        again.attribute_of("input[name=work]", "value").as_deref(),
        Some("")
    );
    assert!(!again.body.contains(&solution));
}
