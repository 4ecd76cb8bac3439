//! Runs a plan: makes it, begins its modules, a few at a time, and waits for each until it has ended.

use super::api::{Api, Line, Module, State};
use super::results::{Outcome, Verdict};
use super::settings::Row;
use anyhow::{Context, Result};
use serde_json::Value;
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// The module that stays configured until somebody says that the provider's keys are rotated.
const LONG_WAITS: &str = "oidcc-server-rotate-keys";

/// The module that waits for events that somebody causes at the provider.
const WAITS_FOR_EVENTS: &str = "openid-ssf-transmitter-stream-caep-interop";

/// The time after which that module has a stream; somebody acts then, and again after as long, as it looks now and then.
const UNTIL_EVENTS: Duration = Duration::from_secs(20);

/// Limits the characters of a page that are quoted.
const PAGE: usize = 240;

pub struct Driver {
    pub api: Api,
    /// The modules to run; empty means all.
    pub only: Vec<String>,
    pub rotate_keys: Option<String>,
    pub cause_events: Option<String>,
    pub patience: Duration,
    /// The pause between two looks at a module.
    pub pause: Duration,
}

/// Modules that run one after the other.
struct Chain {
    /// The row of the settings whose modules these are.
    row: usize,
    plan: String,
    /// The modules, with their places in the plan.
    modules: Vec<(usize, Module)>,
}

impl Driver {
    /// Runs the modules of all plans, `jobs` at a time, and reports each plan that has ended by its place among `rows`,
    /// with the outcomes in the order of the plan.
    pub async fn plans(
        self: &Arc<Self>,
        rows: &[(&Row, Value)],
        jobs: usize,
        mut ended: impl FnMut(usize, Vec<Outcome>) -> Result<()>,
    ) -> Result<()> {
        let mut chains = Vec::new();
        let mut open = Vec::new();
        for (at, (row, configuration)) in rows.iter().enumerate() {
            let made = self.chains(at, row, configuration).await?;
            open.push(made.iter().map(|it| it.modules.len()).sum::<usize>());
            chains.extend(made);
        }
        // Begins the long ones first: short ones fill the places beside them.
        chains.sort_by_key(|it| Reverse(it.modules.len()));
        let mut outcomes: Vec<Vec<(usize, Outcome)>> = rows.iter().map(|_| Vec::new()).collect();
        let permits = Arc::new(Semaphore::new(jobs.max(1)));
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for chain in chains {
            let (driver, permits, sender) = (self.clone(), permits.clone(), sender.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire_owned().await;
                for (at, module) in chain.modules {
                    let outcome = driver.module(&chain.plan, module).await;
                    // The receiver is gone: the run was given up.
                    if sender.send((chain.row, at, outcome)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        while let Some((row, at, outcome)) = receiver.recv().await {
            println!("  {outcome} in {}", rows[row].0.name());
            outcomes[row].push((at, outcome));
            if outcomes[row].len() == open[row] {
                let mut all = std::mem::take(&mut outcomes[row]);
                all.sort_by_key(|(at, _)| *at);
                ended(row, all.into_iter().map(|(_, it)| it).collect())?;
            }
        }
        while let Some(finished) = tasks.join_next().await {
            if let Err(error) = finished {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        Ok(())
    }

    /// Makes a plan. Modules that have an alias in common are one chain; other modules are a chain each.
    async fn chains(&self, at: usize, row: &Row, configuration: &Value) -> Result<Vec<Chain>> {
        let (plan, modules) = self
            .api
            .create_plan(&row.plan, &row.variant, configuration)
            .await
            .with_context(|| format!("cannot make {}", row.title()))?;
        let selected = |it: &Module| self.only.is_empty() || self.only.contains(&it.name);
        let modules: Vec<(usize, Module)> = modules.into_iter().filter(selected).enumerate().collect();
        let lists = if row.has_alias() {
            vec![modules]
        } else {
            modules.into_iter().map(|it| vec![it]).collect()
        };
        let chain = |modules| Chain {
            row: at,
            plan: plan.clone(),
            modules,
        };
        Ok(lists.into_iter().map(chain).collect())
    }

    async fn module(&self, plan: &str, module: Module) -> Outcome {
        let begin = Instant::now();
        let mut outcome = match self.attempt(plan, &module).await {
            Ok(value) => value,
            Err(error) => Outcome::failed(format!("could not be carried out: {error:#}")),
        };
        outcome.module = module.name;
        outcome.variant = module.variant.into_values().collect::<Vec<_>>().join(", ");
        outcome.took = begin.elapsed();
        outcome
    }

    async fn attempt(&self, plan: &str, module: &Module) -> Result<Outcome> {
        let id = self.api.create_module(plan, module).await?;
        let end = Instant::now() + self.patience;
        let mut events_at = Instant::now() + UNTIL_EVENTS;
        let mut started = false;
        let mut cancelled = None;
        loop {
            let state = self.api.state(&id).await?;
            match state.status.as_str() {
                "FINISHED" | "INTERRUPTED" => {
                    let log = self.api.log(&id).await?;
                    return Ok(judge(&id, &state, &log, cancelled));
                }
                "CONFIGURED" if !started && module.name == LONG_WAITS => match &self.rotate_keys {
                    Some(command) => {
                        runs(command).await?;
                        self.api.start(&id).await?;
                        started = true;
                    }
                    None => {
                        self.api.cancel(&id).await?;
                        let reason = "waits for a person who rotates the provider's keys; see --rotate-keys";
                        return Ok(Outcome::skipped(reason.to_owned()));
                    }
                },
                "RUNNING" if module.name == WAITS_FOR_EVENTS && Instant::now() > events_at => {
                    if let Some(command) = &self.cause_events {
                        runs(command).await?;
                    }
                    events_at = Instant::now() + UNTIL_EVENTS;
                }
                _ => {}
            }
            if cancelled.is_none() && Instant::now() > end {
                let waiting = self.api.unanswered(&id).await.unwrap_or_default();
                cancelled = Some(format!(
                    "cancelled after {} s in state {}, at {}",
                    self.patience.as_secs(),
                    state.status,
                    waiting.join(" ")
                ));
                self.api.cancel(&id).await?;
            } else if cancelled.is_some() && Instant::now() > end + self.patience {
                return Ok(Outcome::failed("does not end even when cancelled".to_owned()));
            }
            tokio::time::sleep(self.pause).await;
        }
    }
}

/// Reads the suite's verdict and, from its log, the reasons for it.
fn judge(id: &str, state: &State, log: &[Line], cancelled: Option<String>) -> Outcome {
    let verdict = match (state.status.as_str(), state.result.as_deref()) {
        ("FINISHED", Some("PASSED")) => Verdict::Passed,
        ("FINISHED", Some("REVIEW")) => Verdict::Review,
        ("FINISHED", Some("WARNING")) => Verdict::Warning,
        ("FINISHED", Some("SKIPPED")) => Verdict::Skipped,
        _ => Verdict::Failed,
    };
    let wanted = match verdict {
        Verdict::Failed => &["FAILURE", "INTERRUPTED"][..],
        Verdict::Warning => &["WARNING"],
        Verdict::Skipped => &["SKIPPED"],
        Verdict::Passed | Verdict::Review => &[],
    };
    let found = log
        .iter()
        .filter(|it| it.result.as_deref().is_some_and(|it| wanted.contains(&it)))
        .map(|it| format!("{}: {}", it.source, it.message));
    let mut reasons: Vec<String> = cancelled.into_iter().chain(found).collect();
    reasons.dedup();
    if verdict == Verdict::Failed && reasons.is_empty() {
        reasons.push(format!(
            "{} {}",
            state.status,
            state.result.as_deref().unwrap_or("")
        ));
    }
    let pages = log.iter().filter_map(|it| it.page.as_deref());
    Outcome {
        id: id.to_owned(),
        verdict,
        reasons,
        pages: pages.map(|it| seen(it, id)).collect(),
        ..Outcome::failed(String::new())
    }
}

/// Returns the words on a page, shortened, without the name that the suite gave this run: clients have it in theirs.
fn seen(html: &str, id: &str) -> String {
    let nowhere = url::Url::parse("about:blank").expect("a constant URL is valid");
    let page = crate::html::Page::parse(&nowhere, 200, html);
    let text = page.text.replace(&format!(" {id}"), "");
    let text: String = text.chars().take(PAGE).collect();
    format!("{}: {text}", page.title)
}

async fn runs(command: &str) -> Result<()> {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", command]);
    let status = tokio::task::spawn_blocking(move || shell.status()).await?;
    let status = status.with_context(|| format!("cannot run {command:?}"))?;
    anyhow::ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
