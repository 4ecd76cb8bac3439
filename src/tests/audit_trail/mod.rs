//! Tests the chain of the audit trail (security.md LG-2, LG-5): what is sealed, what verification finds, and what may
//! change without a finding. `tampering` changes a database in every way that must be found.

mod console;
mod lifetime;
mod program;
mod sealing;
mod tampering;

use sea_orm::{ConnectionTrait, Statement};

use crate::support::{Log, TestOp};
use itu_account::audit::{self, FindingKind, Verified, heads_of_log};
use itu_account::domain::actor::Context;
use itu_account::domain::event::{Action, Event};
use itu_account::jobs;

/// Writes entries of the trail as anybody does: each in a transaction of its own.
async fn writes(op: &TestOp, number: usize) {
    for number in 0..number {
        let context = Context {
            network: format!("192.0.2.{number}"),
            request_id: format!("request-{number}"),
            ..Context::operator()
        };
        let event = Event::new(Action::ClientChanged, format!("client:c{number}"))
            .because("typed by somebody")
            .change(serde_json::json!({"name": "a"}), serde_json::json!({"name": "b"}));
        let written: Result<(), sea_orm::DbErr> = op
            .app
            .write(&context, async |tx| tx.record(event.clone()).await)
            .await;
        written.unwrap();
    }
}

async fn seals(op: &TestOp) {
    jobs::seal_audit_trail(&op.app).await.unwrap();
}

/// Seals, and returns the heads that the log has got.
async fn seals_with_log(op: &TestOp) -> Vec<u8> {
    let log = Log::read();
    seals(op).await;
    let lines: Vec<String> = log.take().iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    format!("{}\n", lines[0]).into_bytes()
}

async fn verify(op: &TestOp, log: &[u8]) -> (Verified, Vec<FindingKind>) {
    let mut found = Vec::new();
    let heads = heads_of_log(log);
    let done = audit::verify(&op.app.db, &op.app.keys, heads, |it| found.push(it.kind)).await;
    let done = done.unwrap();
    assert_eq!(done.findings, found.len() as u64);
    (done, found)
}

/// Requires that nothing is found, and that there was something to verify.
async fn holds(op: &TestOp, log: &[u8]) -> Verified {
    let mut said = Vec::new();
    let heads = heads_of_log(log);
    let done = audit::verify(&op.app.db, &op.app.keys, heads, |it| said.push(it.clone())).await;
    let done = done.unwrap();
    assert!(said.is_empty() && done.seals > 0, "{done:?} {said:#?}");
    done
}

async fn execute(op: &TestOp, sql: &str) {
    let done = op.app.db.execute_unprepared(sql).await;
    done.unwrap_or_else(|it| panic!("{it}: {sql}"));
}

async fn numbers(op: &TestOp, sql: &str) -> Vec<i64> {
    let db = op.app.db.read();
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    let rows = db.query_all_raw(statement).await;
    let rows = rows.unwrap_or_else(|it| panic!("{it}: {sql}"));
    rows.iter().map(|it| it.try_get("", "n").unwrap()).collect()
}
