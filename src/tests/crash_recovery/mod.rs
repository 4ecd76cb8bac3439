//! Tests `kill -9` in the middle of the main journey, at many points: the person goes on or is asked again; nothing
//! acknowledged is lost, no mail is lost or there twice (security.md ST-1, ST-2).

mod person;

use person::{Killer, Person};

use itu_account::testing;

use crate::support::product::Demo;

/// The number of points, if `KILL_POINTS` does not name another.
const POINTS: u32 = 30;

#[expect(clippy::disallowed_methods, reason = "the environment says how long to test")]
fn points() -> u32 {
    let named = std::env::var("KILL_POINTS").ok();
    named.map_or(POINTS, |it| it.parse().expect("KILL_POINTS is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_goes_on_after_a_kill_at_any_point() {
    let points = points();
    let mut demo = Demo::starts_on(Some(testing::database_url().await));
    // A journey without a kill counts the requests.
    let requests = journey(&mut demo, "undisturbed", None).await;
    assert!(
        requests > 15,
        "the journey is not what it was: {requests} requests"
    );
    for point in 0..points {
        let at = 1 + point * requests / points;
        // The kill comes while the request is under way, at different depths.
        let after = std::time::Duration::from_micros(u64::from(point * 7919 % POINTS) * 700);
        journey(&mut demo, &format!("point{point}"), Some((at, after))).await;
    }
}

/// Runs from sign-up at the events site to TIES rights in its claims. Returns how many requests it took.
async fn journey(demo: &mut Demo, name: &str, kill: Option<(u32, std::time::Duration)>) -> u32 {
    let email = format!("{name}@survivors.example");
    let mut killer = Killer::new(kill);
    let mut person = Person::new(&email, "Long-Bridge-47-river");

    person.signs_in_at_events(demo, &mut killer).await;
    person
        .waits_for("#affiliation_status", "pending", demo, &mut killer)
        .await;

    let mut focal = Person::new("focal.kr@msn.example", &demo.password.clone());
    focal.decides_about(&email, demo, &mut killer).await;

    person
        .waits_for("#affiliation_status", "approved", demo, &mut killer)
        .await;
    person
        .waits_for("#ties_rights", "documents", demo, &mut killer)
        .await;

    // One account, one request and one decision have one mail each.
    for (to, kind, times) in [
        (email.as_str(), "affiliation_changed", 2),
        (email.as_str(), "ties_changed", 1),
    ] {
        let mails = person.mails(demo, to, kind, &email).await;
        assert_eq!(mails, times, "{name}: mails {kind} to {to}");
    }
    killer.requests()
}
