//! Tests that a service hears of an approval whatever other services do (EV-3): fifty subscribers, one of them dead and one
//! that never answers. What is required has no clock: those that listen hear while the two do not. The times are printed.

use std::time::{Duration, Instant};

use super::survival::people_of;
use super::{provider, service, stream, until};
use itu_account::affiliations::lifecycle::decisions;
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::Stage;
use itu_account::jobs;

const SUBSCRIBERS: usize = 50;
const APPROVALS: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_subscribers_hear_of_an_approval_beside_a_dead_and_a_slow_one() {
    let (op, site) = provider().await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let names: Vec<String> = (0..SUBSCRIBERS).map(|it| format!("s{it}")).collect();
    for name in &names {
        let rp = service(&op, name, serde_json::json!({})).await;
        let path = format!("/{name}");
        site.answers(&path, 202, &[], "");
        stream(&op, &rp, &site, &path).await;
    }
    site.answers("/s0", 503, &[], "");
    // It would answer if a thousand requests met.
    site.has_meet("/s1", 1000);
    let clients: Vec<&str> = names.iter().map(String::as_str).collect();
    let people = people_of(&op.app, APPROVALS, &clients).await;
    let mut requests = Vec::new();
    for person in &people {
        requests.push(op.insert_affiliation(person, "telco", Stage::Pending).await.id);
    }
    let running = jobs::start(&op.app);
    let mut took: Vec<Duration> = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        decisions::approve(&op.app, &Context::operator(), request, "")
            .await
            .expect("approved");
        let approved = Instant::now();
        let mut waiting: Vec<&String> = names[2..].iter().collect();
        until("every subscriber hears", async || {
            waiting.retain(|name| {
                let has = site.asked(&format!("/{name}")) > number;
                if has {
                    took.push(approved.elapsed());
                }
                !has
            });
            waiting.is_empty()
        })
        .await;
    }
    running.stop().await;
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    eprintln!(
        "approve to event, {} deliveries: p50 {:?}, p99 {:?}, longest {:?}",
        took.len(),
        at(50),
        at(99),
        took[took.len() - 1]
    );
    assert_eq!(took.len(), (SUBSCRIBERS - 2) * APPROVALS);
}
