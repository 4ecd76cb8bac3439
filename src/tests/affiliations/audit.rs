//! Tests that every decision leaves a record with before and after, in its own transaction (LG-1, ST-2).

use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use super::{listed, person};
use crate::support::TestOp;
use itu_account::affiliations::lifecycle::{decisions, requests, withdrawal};
use itu_account::affiliations::{Error, focal_points, ties};
use itu_account::domain::ties::TiesStatus;
use itu_account::storage::affiliations;

impl TestOp {
    /// Returns actor, action, before and after of all records about an affiliation, the oldest first.
    async fn events_of(&self, object: &str) -> Vec<(String, String, Value, Value)> {
        let db = self.app.db.read();
        let query = Statement::from_string(
            db.get_database_backend(),
            format!(
                "SELECT actor, action, before, after FROM events WHERE object = 'affiliation:{object}' ORDER BY id"
            ),
        );
        let json = |text: Option<String>| text.map_or(Value::Null, |it| serde_json::from_str(&it).unwrap());
        let rows = db.query_all_raw(query).await.unwrap();
        rows.iter()
            .map(|row| {
                (
                    row.try_get("", "actor").unwrap(),
                    row.try_get("", "action").unwrap(),
                    json(row.try_get("", "before").unwrap()),
                    json(row.try_get("", "after").unwrap()),
                )
            })
            .collect()
    }
}

#[tokio::test]
async fn every_step_is_recorded_with_before_and_after() {
    let op = TestOp::start_with_directory().await;
    let app = &op.app;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let alice = op.insert_person("alice").await;
    let (affiliation, _) = requests::change(app, &person(&alice), &listed("telco", false))
        .await
        .unwrap();
    decisions::approve(app, &person(&mina), &affiliation.id, "known")
        .await
        .unwrap();
    ties::grant(app, &person(&mina), &affiliation.id, &["documents".into()])
        .await
        .unwrap();
    focal_points::designate(app, &person(&mina), &affiliation.id)
        .await
        .unwrap();
    ties::request(app, &person(&alice), &["mailing_lists".into()])
        .await
        .unwrap();
    decisions::remove(app, &person(&mina), &affiliation.id, "left")
        .await
        .unwrap();

    let trail = op.events_of(affiliation.id.as_str()).await;
    let steps: Vec<_> = trail
        .iter()
        .map(|(actor, action, ..)| (&**actor, &**action))
        .collect();
    let (a, m) = ("account:alice", "account:mina");
    assert_eq!(
        steps[..5],
        [
            (a, "affiliation.requested"),
            (m, "affiliation.approved"),
            (m, "ties.granted"),
            (m, "focal_point.designated"),
            (a, "ties.requested"),
        ]
    );
    // Everything that ended with the affiliation has a record of its own.
    let mut ended: Vec<_> = steps[5..].to_vec();
    ended.sort_unstable();
    assert_eq!(
        ended,
        [
            (m, "affiliation.removed"),
            (m, "focal_point.removed"),
            (m, "ties.refused"),
            (m, "ties.revoked"),
        ]
    );
    for (_, action, before, after) in &trail {
        assert_ne!(before, after, "{action}");
        assert!(!after.to_string().contains("example.org"), "{after}"); // LG-1: ids, not names
    }
    let (.., before, after) = &trail[1];
    assert_eq!(
        (&before["status"], &after["status"]),
        (&"pending".into(), &"approved".into())
    );
}

#[tokio::test]
async fn what_was_refused_leaves_nothing() {
    // ST-2: the first refusal is undone with the second, which failed
    let op = TestOp::start_with_directory().await;
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let alice = op.insert_person("alice").await;
    let (affiliation, _) = requests::change(&op.app, &person(&alice), &listed("telco", false))
        .await
        .unwrap();
    decisions::approve(&op.app, &person(&mina), &affiliation.id, "")
        .await
        .unwrap();
    ties::request(&op.app, &person(&alice), &["documents".into()])
        .await
        .unwrap();
    let mails = op.outbox().count().await;
    let trail = op.events_of(affiliation.id.as_str()).await.len();

    let both = ["documents".into(), "mailing_lists".into()];
    let refused = ties::refuse(&op.app, &person(&mina), &affiliation.id, &both, "no").await;
    assert!(matches!(refused, Err(Error::Conflict)));
    let unknown = ["documents".into(), "crown".into()];
    let granted = ties::grant(&op.app, &person(&mina), &affiliation.id, &unknown).await;
    assert!(matches!(granted, Err(Error::Invalid(_)))); // G-1

    let now = itu_account::storage::ties::find_live(op.app.db.read(), &affiliation.id, "documents")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(now.status(), TiesStatus::Requested);
    assert_eq!(op.events_of(affiliation.id.as_str()).await.len(), trail);
    assert_eq!(op.outbox().count().await, mails);
}

#[tokio::test]
async fn of_parallel_requests_one_waits() {
    // AF-5
    let op = TestOp::start_with_directory().await;
    let alice = op.insert_person("alice").await;
    let ask = |i: usize| {
        let (app, context) = (op.app.clone(), person(&alice));
        let choice = listed(["telco", "ofcom", "unhq"][i % 3], true);
        tokio::spawn(async move { requests::change(&app, &context, &choice).await })
    };
    let mut won = 0;
    for request in (0..12).map(ask).collect::<Vec<_>>() {
        match request.await.unwrap() {
            Ok(_) => won += 1,
            Err(Error::OpenRequest | Error::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(won, 1);
    let open = affiliations::find_open(op.app.db.read(), &alice)
        .await
        .unwrap()
        .unwrap();
    withdrawal::withdraw(&op.app, &person(&alice), &open.id)
        .await
        .unwrap();
    let again = withdrawal::withdraw(&op.app, &person(&alice), &open.id).await;
    assert!(matches!(again, Err(Error::Conflict)));
}

#[tokio::test]
async fn many_people_may_ask_at_once() {
    // AF-5: each of them writes to the organization that all of them rely on.
    let op = TestOp::start_with_directory().await;
    let mut asking = Vec::new();
    for n in 0..12 {
        let account = op.insert_person(&format!("person{n}")).await;
        let (app, context) = (op.app.clone(), person(&account));
        asking.push(tokio::spawn(async move {
            requests::change(&app, &context, &listed("telco", true)).await
        }));
    }
    for request in asking {
        request.await.unwrap().unwrap();
    }
}
