//! The turns of a worker: what comes next, when, and what it took.

use super::figures::Figures;
use super::operations::{Operation, Workload};
use super::record::{Event, now};
use super::twice;
use super::worker::Worker;
use anyhow::Result;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// Failures in a row after which a worker gives up: whatever it is, it does not pass. With a record it may.
const MOST_FAILURES: u32 = 20;

/// The pause of a worker with a record after a failure.
const PAUSE: Duration = Duration::from_millis(200);

/// The time by which this machine itself may be late when a turn comes.
const LATENESS: Duration = Duration::from_millis(100);

/// The part of time that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub begin: Instant,
    pub end: Instant,
}

/// Works until the end of the window, and returns what was begun in it.
pub async fn work(
    mut worker: Worker,
    workload: Workload,
    window: Window,
    interval: Option<Duration>,
) -> Result<Figures> {
    let mut figures = Figures::default();
    let mut in_a_row = 0;
    let goes_on = worker.service.records();
    // Those who come at a rate do not come all at once.
    let first = Instant::now();
    let offset = interval.map_or(Duration::ZERO, |it| {
        it.mul_f64(worker.number as f64 % 97.0 / 97.0)
    });
    for n in 0.. {
        let mut begun = Instant::now();
        if let Some(interval) = interval {
            let turn = first + offset + interval.mul_f64(f64::from(n));
            sleep_until(turn).await;
            begun = turn;
        }
        if begun >= window.end || in_a_row >= MOST_FAILURES && !goes_on {
            break;
        }
        let operation = workload.operation(n as usize + worker.number);
        if interval.is_some() && Instant::now() > window.end + LATENESS {
            // To leave it out would make a provider that does not keep up look quick.
            figures.failed(
                operation,
                "its turn came, and the answers before it did not".to_owned(),
            );
            continue;
        }
        let began = now();
        let outcome = carry_out(&mut worker, operation).await;
        in_a_row = if outcome.is_ok() { 0 } else { in_a_row + 1 };
        match outcome {
            Ok(()) if begun < window.begin => {}
            Ok(()) => figures.succeeded(operation, begun.elapsed()),
            // Whenever it was.
            Err(error) => {
                let why = format!("{error:#}");
                worker.service.note(|| Event::Failed {
                    operation: operation.name().to_owned(),
                    began,
                    why: why.clone(),
                })?;
                figures.failed(operation, why);
                if goes_on {
                    sleep(PAUSE).await;
                }
            }
        }
    }
    Ok(figures)
}

async fn carry_out(worker: &mut Worker, operation: Operation) -> Result<()> {
    match operation {
        Operation::Discovery => worker.discovers().await,
        Operation::Jwks => worker.reads_keys().await,
        Operation::ClientCredentials => worker.gets_a_token_for_itself().await,
        Operation::Introspection => worker.introspects().await,
        Operation::Userinfo => worker.reads_claims().await,
        Operation::Refresh => worker.refreshes().await,
        Operation::SingleSignOn => worker.signs_on().await,
        Operation::Login => worker.logs_in_elsewhere().await,
        Operation::SignUp => worker.signs_up().await,
        Operation::CodeTwice => twice::redeems_a_code_twice(worker).await,
        Operation::RefreshTwice => twice::uses_a_refresh_token_twice(worker).await,
        Operation::Revocation => twice::revokes(worker).await,
    }
}
