//! Tests the way to a receiver: what it refuses is tried again and then kept as a dead letter, what it cannot hear waits,
//! nothing of one person overtakes what was before it, and nobody waits for another.

use chrono::Duration;
use serde_json::json;

use super::events::changes_password;
use super::survival::people_of;
use super::{HEAR, deliver, heard_at, kinds, overview, provider, service, stream, until, uses};
use crate::support::{RelyingParty, Site, TestOp};
use itu_account::accounts::suspension;
use itu_account::app::App;
use itu_account::domain::actor::Context;
use itu_account::domain::signal::ReceiverStatus;
use itu_account::domain::{AccountId, ClientId};
use itu_account::jobs;
use itu_account::oidc::shared_signals as signals;
use itu_account::storage::accounts;

async fn listening(op: &TestOp, site: &Site, name: &str, path: &str) -> RelyingParty {
    let rp = service(op, name, json!({})).await;
    site.answers(path, 202, &[], "");
    stream(op, &rp, site, path).await;
    rp
}

#[tokio::test]
async fn what_is_refused_waits_and_holds_back_the_same_person_alone() {
    // EV-4
    let (op, site) = provider().await;
    let mut shop = listening(&op, &site, "shop", HEAR).await;
    let mut alice = op.person("alice@example.org").await;
    let mut bob = op.person("bob@example.org").await;
    uses(&mut alice, &mut shop, "openid").await;
    uses(&mut bob, &mut shop, "openid").await;
    site.answers(HEAR, 400, &[], r#"{"err":"invalid_key"}"#);
    changes_password(&mut alice).await;
    deliver(&op).await;
    assert_eq!(site.asked(HEAR), 1);
    let first = heard_at(&op, &site, HEAR).await.remove(0);
    // The receiver accepts again. What is of Bob goes, what is of Alice waits behind the first.
    site.answers(HEAR, 202, &[], "");
    changes_password(&mut alice).await;
    changes_password(&mut bob).await;
    deliver(&op).await;
    let subject = |it: &super::Set| it.claims["sub_id"].to_string();
    let sets = heard_at(&op, &site, HEAR).await;
    assert!(sets.len() > 1);
    assert!(sets[1..].iter().all(|it| !subject(it).contains(&subject(&first))));
    op.advance(5);
    deliver(&op).await;
    let sets = heard_at(&op, &site, HEAR).await;
    let of_alice: Vec<_> = sets.iter().filter(|it| subject(it) == subject(&first)).collect();
    // Twice the first, with the same identifier, then the next.
    assert_eq!(of_alice[0].id(), of_alice[1].id());
    assert_ne!(of_alice[1].id(), of_alice[2].id());
    assert_eq!(of_alice.len(), 3);
    assert_eq!(overview(&op, "shop").await.queue.waiting, 0);
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter_and_can_be_replayed() {
    // EV-5
    let (op, site) = provider().await;
    let mut shop = listening(&op, &site, "shop", HEAR).await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid").await;
    site.answers(HEAR, 400, &[], "");
    changes_password(&mut alice).await;
    for _ in 0..12 {
        op.advance(3 * 3600);
        deliver(&op).await;
    }
    let tried = site.asked(HEAR);
    assert_eq!(tried, 8);
    let seen = overview(&op, "shop").await;
    assert_eq!((seen.queue.waiting, seen.queue.dead), (0, 1));
    let (context, id) = (Context::operator(), &seen.receiver.id);
    let letters = signals::dead_letters(&op.app, &context, id, None, (1, signals::PAGE))
        .await
        .expect("letters");
    assert_eq!(
        letters.rows[0].failure.as_deref(),
        Some("it answered 400, where 200 is expected")
    );
    site.answers(HEAR, 202, &[], "");
    assert_eq!(
        signals::replay(&op.app, &context, id, None)
            .await
            .expect("replayed"),
        1
    );
    deliver(&op).await;
    assert_eq!(site.asked(HEAR), tried + 1);
    let sets = heard_at(&op, &site, HEAR).await;
    assert_eq!(sets[0].id(), sets[tried].id());
    let seen = overview(&op, "shop").await;
    assert_eq!(
        (
            seen.queue.waiting,
            seen.queue.dead,
            seen.receiver.progress.delivered
        ),
        (0, 0, 1)
    );
}

#[tokio::test]
async fn a_dead_receiver_rests_and_gets_all_in_order_afterwards() {
    let (op, site) = provider().await;
    let mut shop = listening(&op, &site, "shop", HEAR).await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid profile").await;
    site.answers(HEAR, 503, &[], "");
    for _ in 0..3 {
        changes_password(&mut alice).await;
        deliver(&op).await;
    }
    assert_eq!(site.asked(HEAR), 1); // it rests
    let seen = overview(&op, "shop").await;
    assert_eq!(seen.queue.waiting, 3);
    assert_eq!(seen.receiver.progress.failures, 1);
    assert!(seen.receiver.progress.last_failure.is_some());
    op.advance(5);
    deliver(&op).await;
    op.advance(5);
    deliver(&op).await;
    assert_eq!(site.asked(HEAR), 2); // longer each time
    site.answers(HEAR, 202, &[], "");
    op.advance(15 * 60);
    deliver(&op).await;
    assert_eq!(kinds(&op, &site, HEAR).await, ["credential-change"; 3]);
    let times: Vec<_> = heard_at(&op, &site, HEAR)
        .await
        .iter()
        .map(|it| it.claims["toe"].clone())
        .collect();
    assert!(times.is_sorted_by_key(|it| it.as_i64()));
    let seen = overview(&op, "shop").await;
    assert_eq!((seen.queue.waiting, seen.receiver.progress.failures), (0, 0));
}

#[tokio::test]
async fn people_of_whom_nothing_can_be_sent_keep_nobody_else_back() {
    // EV-3, EV-4, EV-5
    let (op, site) = provider().await;
    service(&op, "shop", json!({})).await;
    let new = signals::NewWebhook {
        client: ClientId::new("shop"),
        endpoint: site.at(HEAR),
        kinds: vec![],
        description: String::new(),
    };
    let context = Context::operator();
    signals::add_webhook(&op.app, &context, new)
        .await
        .expect("a webhook");
    let people = people_of(&op.app, 20, &["shop"]).await;
    // More than are sent at once, as any of them may come first.
    let (stuck, others) = people.split_at(9);
    let mut subjects = Vec::new();
    for id in &people {
        let account = accounts::find(op.app.db.read(), id).await.expect("read");
        subjects.push(account.expect("an account").sub.to_string());
    }
    site.fails_about(subjects[..9].to_vec());
    let suspends = async |who: &[AccountId]| {
        for id in who {
            suspension::suspend(&op.app, &context, id, "a test")
                .await
                .expect("suspended");
        }
    };
    let heard = || {
        let bodies = site.received(HEAR);
        let has = |it: &&String| bodies.iter().any(|body| body.contains(it.as_str()));
        subjects[9..].iter().filter(has).count()
    };
    suspends(stuck).await;
    deliver(&op).await;
    op.advance(5);
    deliver(&op).await;
    suspends(&others[..5]).await;
    op.advance(30);
    deliver(&op).await;
    assert_eq!(heard(), 5);
    // Hours later it is still so, and nothing is given up: nobody refused anything.
    for _ in 0..20 {
        op.advance(15 * 60);
        deliver(&op).await;
    }
    let seen = overview(&op, "shop").await;
    assert_eq!((seen.queue.waiting, seen.queue.dead), (9, 0));
    suspends(&others[5..]).await;
    op.advance(5);
    deliver(&op).await;
    assert_eq!(heard(), 11);
    assert_eq!(overview(&op, "shop").await.queue.waiting, 9);
    // One refusal after many failures is the first of eight.
    site.fails_about(vec![]);
    site.answers(HEAR, 400, &[], "");
    op.advance(15 * 60);
    deliver(&op).await;
    let seen = overview(&op, "shop").await.queue;
    assert_eq!((seen.waiting, seen.dead), (9, 0));
    site.answers(HEAR, 202, &[], "");
    op.advance(15 * 60);
    deliver(&op).await;
    assert_eq!(overview(&op, "shop").await.queue.waiting, 0);
}

#[tokio::test]
async fn what_nobody_takes_is_given_up_after_seven_days_and_forgotten_after_thirty_more() {
    let (op, site) = provider().await;
    let mut shop = listening(&op, &site, "shop", HEAR).await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid").await;
    site.answers(HEAR, 503, &[], "");
    changes_password(&mut alice).await;
    deliver(&op).await;
    let sweep = async || signals::sweep(&op.app).await.expect("swept");
    op.advance(signals::TRIED.num_seconds());
    sweep().await;
    assert_eq!(overview(&op, "shop").await.queue.waiting, 1);
    op.advance(1);
    sweep().await;
    let seen = overview(&op, "shop").await.queue;
    assert_eq!((seen.waiting, seen.dead), (0, 1));
    op.advance((signals::DEAD_KEPT + Duration::seconds(1)).num_seconds());
    sweep().await;
    assert_eq!(overview(&op, "shop").await.queue.dead, 0);
}

#[tokio::test]
async fn one_receiver_is_sent_to_by_one_node_at_a_time() {
    let (op, site) = provider().await;
    let mut shop = listening(&op, &site, "shop", HEAR).await;
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let mut person = op.person(&format!("{name}@example.org")).await;
        uses(&mut person, &mut shop, "openid").await;
        changes_password(&mut person).await;
        people.push(person);
    }
    let config = (*op.app.config).clone();
    let other = App::open(config, op.clock.clone()).await.expect("another node");
    let (here, there) = tokio::join!(jobs::deliver_events(&op.app), jobs::deliver_events(&other));
    here.and(there).expect("delivered");
    deliver(&op).await;
    assert_eq!(site.asked(HEAR), 3, "each once");
}

#[tokio::test]
async fn a_slow_receiver_delays_nobody() {
    let (op, site) = provider().await;
    let mut slow = listening(&op, &site, "slow", "/slow").await;
    let mut quick = listening(&op, &site, "quick", "/quick").await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut slow, "openid").await;
    uses(&mut alice, &mut quick, "openid").await;
    // It answers no sooner than a second request comes, which is sent below.
    site.has_meet("/slow", 2);
    changes_password(&mut alice).await;
    let mut round = signals::begin_round(&op.app).await.expect("begun");
    until("both are asked", async || {
        site.asked("/slow") > 0 && site.asked("/quick") > 0
    })
    .await;
    // While one still answers, the other hears of the next act.
    changes_password(&mut alice).await;
    until("the quick one hears again", async || {
        signals::begin_round(&op.app).await.expect("begun").detach_all();
        site.asked("/quick") >= 2
    })
    .await;
    assert_eq!(site.asked("/slow"), 1);
    round.abort_all();
}

#[tokio::test]
async fn an_administrator_pauses_and_the_receiver_is_told() {
    let (op, site) = provider().await;
    let mut shop = listening(&op, &site, "shop", HEAR).await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid").await;
    let (context, id) = (Context::operator(), overview(&op, "shop").await.receiver.id);
    let set = async |status| {
        let done = signals::set_status(&op.app, &context, &id, status, Some("moving")).await;
        done.expect("set");
    };
    set(ReceiverStatus::Paused).await;
    changes_password(&mut alice).await;
    deliver(&op).await;
    let sets = heard_at(&op, &site, HEAR).await;
    assert_eq!(sets.len(), 1);
    // SSF 1.0 §8.1.5
    let told = sets[0].event();
    assert_eq!(
        told,
        (
            "stream-updated".into(),
            json!({ "status": "paused", "reason": "moving" })
        )
    );
    set(ReceiverStatus::Enabled).await;
    deliver(&op).await;
    let told = kinds(&op, &site, HEAR).await;
    assert_eq!(told.len(), 3, "{told:?}");
}
