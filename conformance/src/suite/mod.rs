//! Drives the OpenID Foundation's conformance suite against a provider: makes each plan, runs its modules, waits for
//! them, and prints verdicts. `bin/foundation_suite.rs` calls it. The suite's own browser opens the pages: its
//! commands, the plans and their variants are in a settings file, `plans/itu-account-suite.json`.

mod api;
mod approval;
mod drive;
mod results;
mod settings;
#[cfg(test)]
mod tests;

use crate::http::Http;
use anyhow::{Context, Result};
use api::Api;
use clap::Args;
use drive::Driver;
use results::{Results, Table};
use settings::{Addresses, Settings};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

#[derive(Args)]
pub struct Suite {
    /// The address of the running suite
    #[arg(long)]
    server: String,
    /// A plan's name (all its rows in the settings), or `all`
    #[arg(long)]
    plan: String,
    /// Only this module (may be given more than once)
    #[arg(long)]
    module: Vec<String>,
    /// The issuer under test
    #[arg(long, default_value = "https://localhost:9443")]
    issuer: String,
    /// The address at which that issuer accepts certificates
    #[arg(long, default_value = "https://localhost:9444")]
    mtls: String,
    /// Plans, variants and commands for the suite's browser
    #[arg(long, default_value = "conformance/plans/itu-account-suite.json")]
    config: PathBuf,
    /// Write the tables there, as Markdown
    #[arg(long)]
    results: Option<PathBuf>,
    /// A description of the provider under test for the tables: its commit, its build, its database
    #[arg(long)]
    provider: Option<String>,
    /// Run so many modules at a time, of all plans together; those of a plan with an `alias` one after the other
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// The address at which the suite may call for somebody to decide what a service asks of them elsewhere
    #[arg(long, default_value = "127.0.0.1:9445")]
    approval: String,
    /// The command that rotates the provider's keys, for the module that waits for it; without it the module is left
    /// out
    #[arg(long)]
    rotate_keys: Option<String>,
    /// The command that has the provider send events to the clients of the Shared Signals plans, for the module that waits
    /// for them
    #[arg(long)]
    cause_events: Option<String>,
    /// Seconds until a module that does not end is cancelled and has failed
    #[arg(long, default_value_t = 300)]
    patience: u64,
    /// Take the suite's certificate unseen; it is made anew wherever the suite is set up
    #[arg(long)]
    trust_any_certificate: bool,
}

/// Returns `false` if a module failed.
pub async fn run(arguments: Suite) -> Result<bool> {
    let approval = format!("http://{}/", arguments.approval);
    let addresses = Addresses {
        approval: &approval,
        issuer: &arguments.issuer,
        mtls: &arguments.mtls,
        suite: &arguments.server,
    };
    let settings = Settings::read(&arguments.config, addresses)?;
    let rows = settings.choose(&arguments.plan)?;
    let api = Api::new(&arguments.server, arguments.trust_any_certificate)?;
    let version = api.version().await.context("the suite does not answer")?;
    println!("suite {version} at {}", arguments.server);
    let driver = Arc::new(Driver {
        api,
        only: arguments.module,
        rotate_keys: arguments.rotate_keys,
        cause_events: arguments.cause_events,
        patience: Duration::from_secs(arguments.patience),
        pause: Duration::from_millis(500),
    });
    if let Some(person) = settings.approval.clone() {
        let listener = TcpListener::bind(&arguments.approval)
            .await
            .with_context(|| format!("cannot listen at {}", arguments.approval))?;
        let http = Http::new(arguments.trust_any_certificate)?;
        tokio::spawn(approval::serve(listener, person, http));
    }
    let mut results = Results {
        version,
        issuer: arguments.issuer,
        provider: arguments.provider,
        notes: settings.notes.clone(),
        tables: rows.iter().map(|_| None).collect(),
    };
    let rows: Vec<_> = rows
        .into_iter()
        .map(|it| (it, settings.configuration(it)))
        .collect();
    driver
        .plans(&rows, arguments.jobs, |at, outcomes| {
            let table = Table::new(rows[at].0.title(), outcomes, &settings.remarks);
            println!("{}: {}", rows[at].0.title(), table.counts());
            results.tables[at] = Some(table);
            // Writes after each plan, so that an hour of results survives what comes after it.
            match &arguments.results {
                Some(path) => std::fs::write(path, results.markdown())
                    .with_context(|| format!("cannot write {}", path.display())),
                None => Ok(()),
            }
        })
        .await?;
    println!("{}", results.counts());
    Ok(results.nothing_failed())
}
