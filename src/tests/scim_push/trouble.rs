//! Tests that whatever goes wrong at a service, or here, every person has one user there in the end, as the person is then
//! (PV-3).

use std::time::Duration;

use serde_json::json;

use super::server::{BASE, Server, Trouble};
use super::{ProvisionedPeople, deliver, provider, service, show, target, target_of};
use crate::shared_signals::survival::people_of;
use crate::support::TestOp;
use itu_account::accounts::suspension;
use itu_account::config::{Authority, Config};
use itu_account::domain::actor::Context;
use itu_account::domain::signal::ReceiverStatus;
use itu_account::domain::{AccountId, ClientId};
use itu_account::jobs;
use itu_account::oidc::shared_signals::{self as signals, NewWebhook};

async fn shop() -> (TestOp, Server, AccountId) {
    let (op, server) = provider().await;
    service(&op, "shop", json!({})).await;
    let id = people_of(&op.app, 1, &["shop"]).await.remove(0);
    (op, server, id)
}

async fn suspends(op: &TestOp, id: &AccountId) {
    suspension::suspend(&op.app, &Context::operator(), id, "lost")
        .await
        .expect("suspended");
}

#[tokio::test]
async fn a_user_who_is_there_already_is_taken_over() {
    let (op, server, id) = shop().await;
    let by_hand = json!({"userName": "p0@example.org", "active": true, "nickName": "P"});
    let existing = server.has(by_hand);
    target(&op, &server, "shop", ProvisionedPeople::Used).await;
    deliver(&op).await;
    let users = server.users();
    assert_eq!((users.len(), &users[0]["id"]), (1, &json!(existing)));
    let account = op.find_account("p0@example.org").await;
    assert_eq!(users[0]["externalId"], account.sub.as_str());
    suspends(&op, &id).await;
    deliver(&op).await;
    assert_eq!(server.user("p0@example.org")["active"], false);
    // It goes from then on to the user that was found.
    server.loses(&existing);
    suspension::lift(&op.app, &Context::operator(), &id)
        .await
        .expect("lifted");
    deliver(&op).await;
    assert_eq!(server.user("p0@example.org")["active"], true, "it is made again");
}

#[tokio::test]
async fn the_user_of_somebody_else_is_nobodys_prey() {
    let (op, server, _) = shop().await;
    let other = json!({"userName": "p0@example.org", "externalId": "somebody-else", "active": true});
    server.has(other);
    let receiver = target(&op, &server, "shop", ProvisionedPeople::Used).await;
    deliver(&op).await;
    assert_eq!(server.users()[0]["externalId"], "somebody-else");
    for _ in 0..10 {
        op.advance(4 * 3600);
        deliver(&op).await;
    }
    let seen = show(&op, &receiver.id).await;
    assert_eq!((seen.queue.waiting, seen.queue.dead), (0, 1)); // EV-5
}

#[tokio::test]
async fn a_service_is_asked_again_when_it_wants_to_be() {
    let (op, server, id) = shop().await;
    let receiver = target(&op, &server, "shop", ProvisionedPeople::Used).await;
    server.fails("POST", Trouble::Status(429, Some("900")));
    deliver(&op).await;
    assert_eq!(server.calls().len(), 1);
    let failing = show(&op, &receiver.id).await.receiver.progress;
    assert_eq!(failing.last_failure.as_deref(), Some("it answered 429"));
    op.advance(890);
    deliver(&op).await;
    assert_eq!(server.calls().len(), 0, "RFC 9110 §10.2.3");
    // Meanwhile the person is suspended: nobody is made who is closed at once.
    suspends(&op, &id).await;
    op.advance(20);
    server.fails("GET", Trouble::Status(503, None));
    deliver(&op).await;
    op.advance(60);
    deliver(&op).await;
    assert_eq!((server.users().len(), server.count("POST")), (0, 0));
    suspension::lift(&op.app, &Context::operator(), &id)
        .await
        .expect("lifted");
    server.fails("POST", Trouble::Status(500, None));
    deliver(&op).await;
    assert_eq!(server.users().len(), 0);
    op.advance(60);
    deliver(&op).await;
    assert_eq!(server.user("p0@example.org")["active"], true);
    assert_eq!(show(&op, &receiver.id).await.receiver.progress.failures, 0);
}

#[tokio::test]
async fn one_person_whom_a_service_refuses_holds_back_no_other() {
    let (op, server) = provider().await;
    service(&op, "shop", json!({})).await;
    people_of(&op.app, 3, &["shop"]).await;
    server.refuses("p1@example.org");
    let receiver = target(&op, &server, "shop", ProvisionedPeople::Used).await;
    for _ in 0..10 {
        deliver(&op).await;
        op.advance(4 * 3600);
    }
    let names: Vec<_> = server.users().iter().map(|it| it["userName"].clone()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let operator = Context::operator();
    let letters = signals::dead_letters(&op.app, &operator, &receiver.id, None, (1, 10)).await;
    let letters = letters.expect("read").rows;
    assert_eq!(letters.len(), 1); // EV-5
    // The text of the server may be about the person: it is not kept.
    assert_eq!(
        letters[0].failure.as_deref(),
        Some("it answered 400 (invalidValue)")
    );
}

#[tokio::test]
async fn a_process_that_ends_before_it_has_the_id_makes_no_second_user() {
    // PV-3
    for is_careless in [true, false] {
        let (op, server, id) = shop().await;
        if is_careless {
            server.is_careless();
        }
        target(&op, &server, "shop", ProvisionedPeople::Used).await;
        jobs::find_people_to_provision(&op.app).await.expect("walked");
        server.fails("POST", Trouble::Mute);
        let mut senders = signals::begin_round(&op.app).await.expect("begun");
        while server.users().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        senders.abort_all();
        while senders.join_next().await.is_some() {}
        op.advance(60);
        suspends(&op, &id).await;
        deliver(&op).await;
        let users = server.users();
        assert_eq!((users.len(), server.count("POST")), (1, 1));
        assert_eq!(users[0]["active"], false);
    }
}

#[tokio::test]
async fn an_account_that_goes_before_its_id_is_known_is_found_and_deleted() {
    let (op, server, _) = shop().await;
    target(&op, &server, "shop", ProvisionedPeople::Used).await;
    jobs::find_people_to_provision(&op.app).await.expect("walked");
    server.fails("POST", Trouble::Mute);
    let mut senders = signals::begin_round(&op.app).await.expect("begun");
    while server.users().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    senders.abort_all();
    while senders.join_next().await.is_some() {}
    let account =
        itu_account::accounts::deletion::begin_for(&op.app, &Context::operator(), "p0@example.org").await;
    assert!(account.expect("begun").is_some());
    op.advance(15 * 24 * 3600);
    jobs::delete_accounts(&op.app).await.expect("deleted");
    deliver(&op).await;
    assert_eq!(server.users().len(), 0);
}

#[tokio::test]
async fn an_answer_without_an_id_is_asked_for_again() {
    let (op, server, _) = shop().await;
    target(&op, &server, "shop", ProvisionedPeople::Used).await;
    server.fails("POST", Trouble::Empty);
    deliver(&op).await;
    assert_eq!((server.users().len(), server.count("POST")), (1, 1));
    assert_eq!(server.count("PUT"), 1);
}

#[tokio::test]
async fn a_dead_server_delays_nobody_and_loses_nothing() {
    // EV-3
    let server = Server::start().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = closed.local_addr().expect("one").port();
    drop(closed);
    let dead = format!("localhost:{port}");
    let op = TestOp::with(|config: &mut Config| {
        server.site.is_allowed(config);
        config
            .fetch
            .allow
            .push(Authority::parse(&dead).expect("host:port"));
    })
    .await;
    service(&op, "shop", json!({})).await;
    service(&op, "gone", json!({})).await;
    people_of(&op.app, 2, &["shop", "gone"]).await;
    let new = target_of("gone", &format!("https://{dead}{BASE}"), ProvisionedPeople::Used);
    let operator = Context::operator();
    let gone = signals::add_scim_target(&op.app, &operator, new).await;
    let gone = gone.expect("a target").id;
    target(&op, &server, "shop", ProvisionedPeople::Used).await;
    deliver(&op).await;
    assert_eq!(server.users().len(), 2);
    let seen = show(&op, &gone).await;
    assert_eq!((seen.queue.waiting, seen.queue.dead), (2, 0));
    assert!(
        seen.receiver
            .progress
            .last_failure
            .is_some_and(|it| it.contains("reached"))
    );
}

#[tokio::test]
async fn a_target_that_was_disabled_looks_at_everybody_again() {
    let (op, server, id) = shop().await;
    let receiver = target(&op, &server, "shop", ProvisionedPeople::Used).await;
    deliver(&op).await;
    let operator = Context::operator();
    let set = async |status| {
        let set = signals::set_status(&op.app, &operator, &receiver.id, status, None).await;
        set.expect("set");
    };
    set(ReceiverStatus::Paused).await;
    suspends(&op, &id).await;
    deliver(&op).await;
    assert_eq!(server.user("p0@example.org")["active"], true);
    set(ReceiverStatus::Enabled).await;
    deliver(&op).await;
    assert_eq!(server.user("p0@example.org")["active"], false);
    set(ReceiverStatus::Disabled).await;
    suspension::lift(&op.app, &operator, &id).await.expect("lifted");
    deliver(&op).await;
    assert_eq!(show(&op, &receiver.id).await.queue.waiting, 0);
    set(ReceiverStatus::Enabled).await;
    op.advance(60);
    deliver(&op).await;
    assert_eq!(server.user("p0@example.org")["active"], true);
}

#[tokio::test]
async fn webhooks_hear_beside_it_as_before() {
    let (op, server, id) = shop().await;
    target(&op, &server, "shop", ProvisionedPeople::Used).await;
    let webhook = NewWebhook {
        client: ClientId::new("shop"),
        endpoint: server.site.at("/hear"),
        kinds: vec![],
        description: String::new(),
    };
    let webhook = signals::add_webhook(&op.app, &Context::operator(), webhook).await;
    let webhook = webhook.expect("a webhook").receiver.id;
    suspends(&op, &id).await;
    let queue = show(&op, &webhook).await.queue;
    assert_eq!(queue.waiting, 1, "one event, and nothing of users");
}
