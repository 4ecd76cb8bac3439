//! What is measured, for Prometheus: the counters of this process, and what waits in the stores that all nodes share. A
//! number of the stores is the same at each node, so a rule takes their maximum and not their sum.

use std::time::Duration;

use sea_orm::DbErr;
use tokio::time::timeout;

use super::overview::{due_since, signing_keys};
use crate::app::App;
use crate::domain::Time;
use crate::storage::backlog;
use crate::telemetry::metrics::Gauges;

/// The time that the database has to answer. A scrape that gets nothing would hide what this process counted.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns everything that is measured, as OpenMetrics.
pub async fn measure(app: &App) -> String {
    let mut gauges = Gauges::default();
    of_process(app, &mut gauges);
    let stored = timeout(PATIENCE, of_stores(app, app.clock.now())).await;
    let is_up = match stored {
        Ok(Ok(stored)) => {
            gauges.extend(stored);
            true
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not say what waits in it");
            false
        }
        Err(_) => false,
    };
    gauges.one(
        "database_up",
        "1 if the database answered this scrape",
        f64::from(u8::from(is_up)),
    );
    let answered = timeout(PATIENCE, app.ephemeral.ping()).await;
    gauges.one(
        "ephemeral_store_up",
        "1 if the ephemeral store, which is Redis where there are several nodes, answered this scrape",
        f64::from(u8::from(matches!(answered, Ok(Ok(()))))),
    );
    app.metrics.encode(gauges)
}

fn of_process(app: &App, gauges: &mut Gauges) {
    let (open, idle) = app.db.connections();
    let (open, idle) = (f64::from(open), idle as f64);
    gauges.each(
        "database_connections",
        "Connections of the pool by state",
        "state",
        [("in_use", (open - idle).max(0.0)), ("idle", idle)],
    );
    gauges.times(
        "database_transaction_wait_seconds",
        "Time that a transaction waited for its turn and for a connection",
        app.db.waits(),
    );
    gauges.counted(
        "password_hashes",
        "Password hashes that were computed",
        app.passwords.count(),
    );
    gauges.one(
        "password_hashing_admitted",
        "Passwords that are hashed or wait for their turn",
        app.passwords.admitted() as f64,
    );
    gauges.counted(
        "password_hashing_turned_away",
        "Passwords that were not hashed because the queue was full",
        app.passwords.turned_away(),
    );
    let (exported, dropped) = app.traces.counts();
    gauges.counted(
        "exported_spans",
        "Spans that the collector of traces has taken",
        exported,
    );
    gauges.counted(
        "dropped_spans",
        "Spans that found no room or that the collector of traces did not take",
        dropped,
    );
    let next = signing_keys(app, app.clock.now());
    gauges.each(
        "signing_key_next_timestamp_seconds",
        "When the next signing key of the family begins to sign",
        "family",
        next.iter()
            .map(|it| (it.family, it.signs_from.timestamp() as f64)),
    );
}

async fn of_stores(app: &App, now: Time) -> Result<Gauges, DbErr> {
    let mut gauges = Gauges::default();
    let age = |since: Option<Time>| since.map_or(0.0, |it| (now - it).as_seconds_f64().max(0.0));
    let db = app.db.read();
    let mails = backlog::mails(db).await?;
    gauges.one(
        "outbox_mails",
        "Mails that wait in the outbox",
        mails.number as f64,
    );
    gauges.one(
        "outbox_oldest_mail_age_seconds",
        "Age of the oldest mail that waits",
        age(mails.oldest),
    );
    gauges.one(
        "outbox_mails_given_up",
        "Mails that were given up and wait for somebody to look at them",
        backlog::mails_given_up(db).await? as f64,
    );
    gauges.one(
        "dead_events",
        "Events to services that were given up",
        backlog::dead_events(db).await? as f64,
    );
    let due = due_since(app, now).await?;
    gauges.each(
        "job_lag_seconds",
        "Time since when the oldest work of a job is due; 0 if none is",
        "job",
        due.map(|(job, since)| (job, age(since))),
    );
    Ok(gauges)
}
