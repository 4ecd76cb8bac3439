//! Tests the removal in batches: ended anywhere it goes on, several nodes do it once, and others are not kept waiting.

use itu_account::app::App;
use itu_account::domain::actor::Context;
use itu_account::domain::global_revocation::{GlobalRevocation, RevocationTarget};
use itu_account::jobs;
use itu_account::oidc::global_revocation;
use itu_account::storage::batches::ROWS;
use itu_account::storage::global_revocations;

use super::{OFFLINE, World, of_client, order};
use crate::support::TestOp;
use crate::support::traces::{count, execute};

const MANY: i64 = 3 * ROWS as i64 + 7;

/// Multiplies the one family that there is.
async fn multiply(op: &TestOp) {
    let numbers = (1..MANY)
        .map(|it| format!("({it})"))
        .collect::<Vec<_>>()
        .join(",");
    execute(
        op,
        &format!(
            "WITH n(n) AS (VALUES {numbers}) INSERT INTO refresh_tokens (id, authorization_id, account_id, client_id, \
             session_id, content, digest, issued_at, idle_until, expires_at, look_again_at) SELECT id || n.n, \
             authorization_id || n.n, account_id, client_id, session_id, content, digest, issued_at, idle_until, \
             expires_at, look_again_at FROM refresh_tokens, n"
        ),
    )
    .await;
}

async fn families(op: &TestOp) -> i64 {
    count(op, "SELECT COUNT(*) AS n FROM refresh_tokens").await
}

async fn the_only(app: &App) -> GlobalRevocation {
    let all = global_revocations::list(app.db.read(), "", 0, 10)
        .await
        .expect("read");
    assert_eq!(all.len(), 1);
    all.into_iter().next().expect("one")
}

/// Begins a revocation whose process ends before the first batch: its row is there, and nothing else was done.
async fn begins_and_ends(op: &TestOp, target: RevocationTarget) -> GlobalRevocation {
    let stopped = {
        let config = (*op.app.config).clone();
        let app = App::open(config, op.clock.clone()).await.expect("another node");
        app.stopping.cancel();
        app
    };
    let begun = global_revocation::revoke(&stopped, &Context::operator(), &order(target)).await;
    let begun = begun.expect("begun");
    assert_eq!((begun.completed_at, begun.version), (None, 0));
    begun
}

#[tokio::test]
async fn what_a_process_left_another_removes() {
    // AD-6
    let world = World::make().await;
    let op = &world.op;
    let tokens = op.issue_tokens(&world.web, &world.alice, OFFLINE).await;
    multiply(op).await;
    let other = op.issue_tokens(&world.jwt, &world.alice, OFFLINE).await;
    begins_and_ends(op, of_client("web")).await;
    // Nothing is removed yet, and nothing is accepted.
    assert_eq!(families(op).await, MANY + 1);
    assert!(!super::works(op, &world.web, &tokens).await);

    jobs::revoke_globally(&op.app).await.expect("removed");
    assert_eq!(families(op).await, 1);
    let done = the_only(&op.app).await;
    assert!(done.completed_at.is_some());
    assert_eq!(done.ended.grants, MANY.unsigned_abs());
    assert_eq!(done.version, MANY / ROWS as i64 + 1);
    assert!(super::works(op, &world.jwt, &other).await);
    let trail = "SELECT COUNT(*) AS n FROM events WHERE action LIKE 'token.global_revocation%'";
    assert_eq!(count(op, trail).await, 2);
    // Done is done.
    jobs::revoke_globally(&op.app).await.expect("nothing to do");
    assert_eq!(count(op, trail).await, 2);
}

#[tokio::test]
async fn several_nodes_remove_and_count_once() {
    // AD-6, G-8
    let world = World::make().await;
    let op = &world.op;
    op.issue_tokens(&world.web, &world.alice, OFFLINE).await;
    multiply(op).await;
    begins_and_ends(op, of_client("web")).await;
    let nodes = [op.app.clone(), op.app.clone(), op.app.clone()];
    while the_only(&op.app).await.completed_at.is_none() {
        let all = nodes.iter().map(jobs::revoke_globally);
        for done in futures_util::future::join_all(all).await {
            done.expect("no error is another's success");
        }
    }
    let done = the_only(&op.app).await;
    assert_eq!(done.ended.grants, MANY.unsigned_abs());
    assert_eq!(families(op).await, 0);
}

#[tokio::test]
async fn of_all_accounts_none_is_passed_over() {
    // AD-6
    let world = World::make().await;
    let op = &world.op;
    // More accounts than a batch has, with a family of the last one and of the first.
    for number in 0..ROWS + 3 {
        let account = crate::support::rows::account(&format!("p{number}@example.org"), op.now());
        op.insert_account(account, None).await;
    }
    let mut all = Vec::new();
    for person in [&world.alice, &world.bob] {
        all.extend(world.tokens(person).await);
    }
    begins_and_ends(op, RevocationTarget::Everything).await;
    jobs::revoke_globally(&op.app).await.expect("removed");
    let done = the_only(&op.app).await;
    assert_eq!((done.version, done.ended.people, done.ended.grants), (2, 2, 4));
    assert_eq!(families(op).await, 0);
    assert!(!world.all_work(&all).await);
    let trail = "SELECT COUNT(*) AS n FROM events WHERE action = 'account.tokens_revoked'";
    assert_eq!(count(op, trail).await, 2);
}
