//! Runs each job in a task of its own. A job that fails is logged and runs again at its time, and one that panics does
//! not end the others. A stop waits for the transaction that each is in, but not for ever.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::job::Job;
use crate::app::App;

/// The time that a stop waits. Afterwards nothing is lost: a transaction that was not committed did not happen, and a
/// mail or a call that is under way is sent again.
const GRACE: Duration = Duration::from_secs(3);

/// The jobs of this process.
#[must_use = "jobs end when this is dropped"]
pub struct Running {
    stopping: CancellationToken,
    tasks: JoinSet<()>,
}

pub(super) fn start(app: &App, jobs: &'static [Job]) -> Running {
    let mut tasks = JoinSet::new();
    for job in jobs {
        tasks.spawn(repeat(app.clone(), job));
    }
    Running {
        stopping: app.stopping.clone(),
        tasks,
    }
}

impl Running {
    /// Lets each job finish the transaction that it is in.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(GRACE, all).await.is_err() {
            tracing::warn!("a job did not end in time and is left");
            self.tasks.shutdown().await;
        }
    }
}

async fn repeat(app: App, job: &'static Job) {
    let mut ticks = interval(job.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            biased;
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let started = std::time::Instant::now();
        let run = app.traces.run(job.name);
        let running = AssertUnwindSafe((job.run)(app.clone())).catch_unwind();
        let outcome = run.around(running).await;
        let failure = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(_) => Some("it panicked".to_owned()),
        };
        // Logs once, when a job begins to fail: a database that is away for an hour is one line, not 3600.
        match &failure {
            Some(error) if !failing => {
                tracing::error!(job = job.name, error, trace_id = run.trace_id(), "a job fails");
            }
            None if failing => tracing::info!(job = job.name, "a job works again"),
            _ => {}
        }
        failing = failure.is_some();
        run.end(failing);
        app.metrics
            .ran(job.name, !failing, started.elapsed(), app.clock.now());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::testing;

    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[tokio::test]
    async fn a_job_that_fails_or_panics_runs_again() {
        const JOBS: &[Job] = &[Job {
            name: "test",
            every: Duration::from_millis(1),
            run: |_| {
                Box::pin(async {
                    match RUNS.fetch_add(1, Ordering::Relaxed) {
                        0 => panic!("once"),
                        1 => anyhow::bail!("once more"),
                        _ => Ok(()),
                    }
                })
            },
        }];
        let running = start(&testing::app().await, JOBS);
        while RUNS.load(Ordering::Relaxed) < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        running.stop().await;
        let after = RUNS.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(RUNS.load(Ordering::Relaxed), after);
    }
}
