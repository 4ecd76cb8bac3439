//! `load`: services and people at a provider, many at a time, so that an operator can size a deployment. Each of them does
//! one thing after another, as fast as the answers come or at a given rate. An operation counts only if its answer was
//! right.

pub(crate) mod figures;
pub(crate) mod ledger;
pub(crate) mod operations;
pub(crate) mod record;
mod service;
pub(crate) mod settings;
mod turns;
mod twice;
pub mod verify;
mod worker;

use crate::client::random_text;
use crate::http::Http;
use crate::provider::Provider;
use anyhow::{Result, bail, ensure};
use clap::Args;
use figures::Figures;
use operations::Workload;
use record::Record;
use settings::Settings;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use turns::Window;
use worker::{Shared, Worker};

/// More workers than this meet the limits of one machine before those of the provider.
const MOST_WORKERS: usize = 1024;

#[derive(Args)]
pub struct Load {
    /// The provider, a client of it and its people; see bench/provider.toml
    #[arg(long, value_name = "FILE")]
    provider: PathBuf,
    /// What they do
    #[arg(long, value_enum, default_value = "mixed")]
    workload: Workload,
    /// How many do it at a time
    #[arg(long, default_value_t = 32)]
    workers: usize,
    /// The seconds that are measured
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The seconds before that
    #[arg(long, default_value_t = 2)]
    warm_up: u64,
    /// Operations a second of all workers together, whether answers come or not; the time that one waits for its turn is
    /// part of its time. Without it each worker goes on when it has its answer
    #[arg(long)]
    rate: Option<f64>,
    /// Adds to this file what the provider told, line by line, for `verify`. Failures end nobody's work then. Several
    /// processes may write into one. It holds tokens that are good
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Do not verify certificates
    #[arg(long)]
    trust_any_certificate: bool,
    /// Print one line of JSON for each kind of operation
    #[arg(long)]
    json: bool,
}

/// What is to be measured.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub workload: Workload,
    pub workers: usize,
    pub warm_up: Duration,
    pub measured: Duration,
    /// The time from one operation of a worker to the next; none: as its answers come.
    pub interval: Option<Duration>,
    pub trust_any: bool,
    pub record: Option<Arc<Record>>,
}

/// Returns `false` if an operation failed.
pub async fn run(arguments: Load) -> Result<bool> {
    ensure!(
        (1..=MOST_WORKERS).contains(&arguments.workers),
        "--workers is between 1 and {MOST_WORKERS}"
    );
    ensure!(arguments.seconds > 0, "--seconds is at least 1");
    let interval = match arguments.rate {
        Some(rate) if rate > 0.0 && rate.is_finite() => {
            Some(Duration::from_secs_f64(arguments.workers as f64 / rate))
        }
        Some(_) => bail!("--rate is above 0"),
        None => None,
    };
    let plan = Plan {
        workload: arguments.workload,
        workers: arguments.workers,
        warm_up: Duration::from_secs(arguments.warm_up),
        measured: Duration::from_secs(arguments.seconds),
        interval,
        trust_any: arguments.trust_any_certificate,
        record: match &arguments.record {
            Some(path) => Some(Arc::new(Record::open(path)?)),
            None => None,
        },
    };
    let settings = Settings::read(&arguments.provider)?;
    let name = settings.name.clone();
    let measured = plan.measured;
    let figures = measure(settings, plan).await?;
    figures.print(&name, measured, arguments.json);
    Ok(figures.is_right())
}

/// Has the people and services do what the plan says.
pub(crate) async fn measure(settings: Settings, plan: Plan) -> Result<Figures> {
    let http = Http::keeping_connections(plan.trust_any)?;
    let shared = Arc::new(Shared {
        provider: Arc::new(Provider::discover(&http, &settings.issuer, true).await?),
        settings,
        trust_any: plan.trust_any,
        record: plan.record,
        process: random_text(6),
    });
    let workers = prepare(&shared, plan.workers, plan.workload.needs_session()).await?;
    let begin = Instant::now() + plan.warm_up;
    let window = Window {
        begin,
        end: begin + plan.measured,
    };
    let mut running = JoinSet::new();
    for worker in workers {
        running.spawn(turns::work(worker, plan.workload, window, plan.interval));
    }
    let mut figures = Figures::default();
    while let Some(done) = running.join_next().await {
        figures.add(done??);
    }
    Ok(figures)
}

/// Logs the people in before the time runs, some at a time: what is measured is what comes then.
async fn prepare(shared: &Arc<Shared>, number: usize, needs_session: bool) -> Result<Vec<Worker>> {
    const AT_A_TIME: usize = 8;
    let mut workers = Vec::with_capacity(number);
    let mut preparing = JoinSet::new();
    for n in 0..number {
        if preparing.len() >= AT_A_TIME
            && let Some(ready) = preparing.join_next().await
        {
            workers.push(ready??);
        }
        preparing.spawn(Worker::prepared(Arc::clone(shared), n, needs_session));
    }
    while let Some(ready) = preparing.join_next().await {
        workers.push(ready??);
    }
    Ok(workers)
}
