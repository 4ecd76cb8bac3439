//! Tests that a Focal Point works through a queue of 40 requests by the keyboard alone, one by one and several at once, with
//! the script and without it. In between the session rests too long, and nothing of what was chosen is lost (SE-2).

use std::time::{Duration, Instant};

use fantoccini::key::Key;

use super::driver::{Browser, Device};
use super::server::Server;
use crate::support::traces::count;
use crate::support::{PASSWORD, rows};
use itu_account::domain::affiliation::Stage;
use itu_account::storage::affiliations;

const FOCAL_POINT: &str = "fp@ofcom.example";
const QUEUE: &str = "/focal-point/ofcom/requests";
const REQUESTS: i64 = 40;

impl Browser {
    async fn enters_the_password(&self) {
        self.types_into("password", PASSWORD).await;
        self.presses_keys([Key::Enter.into()]).await;
    }
}

async fn fills_the_queue(server: &Server) {
    let op = &server.op;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    for number in 0..REQUESTS {
        let email = format!("person{number}@ofcom.example");
        op.insert_account(rows::account(&email, op.now()), None).await;
        let account = op.find_account(&email).await.id;
        let at = op.now() - chrono::Duration::days(REQUESTS - number);
        let request = rows::affiliation(&account, "ofcom", Stage::Pending, at);
        affiliations::insert(&op.app.db, &request)
            .await
            .expect("a request");
    }
}

async fn decided(server: &Server, status: &str) -> i64 {
    let sql =
        format!("SELECT COUNT(*) AS n FROM affiliations WHERE status = '{status}' AND id LIKE '%ofcom'");
    count(&server.op, &sql).await
}

async fn works_through(device: Device) {
    let server = Server::starts().await;
    fills_the_queue(&server).await;
    server
        .op
        .insert_focal_point_of("ofcom", FOCAL_POINT, device.language)
        .await;
    let focal = Browser::open(&device.label("queue"), device).await;
    let begun = Instant::now();
    focal.goes_to(&server.at("/login?next=focal-point")).await;
    focal.types_into("email", FOCAL_POINT).await;
    focal.enters_the_password().await;
    focal.comes_to(QUEUE).await;
    focal.shows("queue").await;

    // One by one: the oldest is on top.
    focal.enters("#requests li:first-child h2 a").await;
    focal.sees("#decision-form").await;
    focal.shows("request").await;
    focal.enters("#approve").await;
    focal.comes_to(QUEUE).await;
    focal.sees("#flash").await;
    focal.enters("#requests li:first-child h2 a").await;
    focal.types_into("reason", "Not known here").await;
    focal.enters("#reject").await;
    focal.comes_to(QUEUE).await;
    focal.sees("#flash").await;

    // Three are rejected with one reason. The Focal Point rested before: the password is needed, and the three stay ticked.
    for row in 1..=3 {
        focal.ticks(&format!("#requests li:nth-child({row}) input")).await;
    }
    server.op.advance(16 * 60);
    focal.enters("#reject-all").await;
    focal.comes_to("/reauthenticate").await;
    focal.enters_the_password().await;
    focal.comes_to(QUEUE).await;
    focal.sees("#form-notice").await;
    focal.sees("#requests li:nth-child(3) input:checked").await;
    focal.enters("#reject-all").await;
    focal.comes_to(&format!("{QUEUE}/confirm")).await;
    assert_eq!(focal.count("#chosen > li").await, 3);
    focal.shows("to-reject").await;
    focal.types_into("reason", "Left in spring").await;
    focal.enters("#confirm").await;
    focal.sees("#decided").await;
    focal.shows("rejected").await;
    assert_eq!(decided(&server, "rejected").await, 4);

    // The others are approved, a page at a time.
    while !focal.has("#empty").await {
        if device.javascript {
            focal.enters("#choose-all").await;
        } else {
            for row in 1..=focal.count("#requests > li").await {
                focal.ticks(&format!("#requests li:nth-child({row}) input")).await;
            }
        }
        focal.enters("#approve-all").await;
        focal.sees("#chosen").await;
        focal.shows("to-approve").await;
        focal.enters("#confirm").await;
        focal.sees("#decided").await;
    }
    focal.shows("done").await;
    let took = begun.elapsed();
    println!("40 requests: {} keys in {} s", focal.keys.get(), took.as_secs());
    assert!(took < Duration::from_mins(10), "{took:?}");
    assert_eq!(decided(&server, "pending").await, 0);
    // With the Focal Point's own.
    assert_eq!(decided(&server, "approved").await, REQUESTS - 4 + 1);
    focal.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium: .ci/browser"]
async fn forty_requests_by_the_keyboard() {
    let [one, other] = Device::scripted_and_plain();
    tokio::join!(works_through(one), works_through(other));
}
