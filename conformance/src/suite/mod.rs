//! Drives the OpenID Foundation's conformance suite against a provider: makes each plan, runs its modules, waits for
//! them, and prints what came of it. The pages are the suite's browser's own affair: the commands for it, the plans and
//! their variants stand in a settings file, `plans/itu-account-suite.json`.

mod api;
mod drive;
mod results;
mod settings;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use api::Api;
use clap::Args;
use drive::Driver;
use results::{Results, Table};
use settings::Settings;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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
    /// Plans, variants and commands for the suite's browser
    #[arg(long, default_value = "conformance/plans/itu-account-suite.json")]
    config: PathBuf,
    /// Write the tables there, as Markdown
    #[arg(long)]
    results: Option<PathBuf>,
    /// How many modules run at a time. The suite keeps modules apart only where plans have no `alias`
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// The command that rotates the provider's keys, for the module that waits for it; without it the module is left out
    #[arg(long)]
    rotate_keys: Option<String>,
    /// Seconds until a module that does not end is cancelled and has failed
    #[arg(long, default_value_t = 300)]
    patience: u64,
    /// Take the suite's certificate unseen; it is made anew wherever the suite is set up
    #[arg(long)]
    trust_any_certificate: bool,
}

/// True: nothing failed.
pub async fn run(arguments: Suite) -> Result<bool> {
    let settings = Settings::read(&arguments.config, &arguments.issuer, &arguments.server)?;
    let rows = settings.choose(&arguments.plan)?;
    let api = Api::new(&arguments.server, arguments.trust_any_certificate)?;
    let version = api.version().await.context("the suite does not answer")?;
    println!("suite {version} at {}", arguments.server);
    let driver = Arc::new(Driver {
        api,
        only: arguments.module,
        rotate_keys: arguments.rotate_keys,
        patience: Duration::from_secs(arguments.patience),
        pause: Duration::from_millis(500),
    });
    let mut results = Results {
        version,
        issuer: arguments.issuer,
        tables: Vec::new(),
    };
    for row in rows {
        println!("{}", row.title());
        let modules = driver
            .plan(row, &settings.configuration(row), arguments.jobs)
            .await?;
        if modules.is_empty() {
            continue;
        }
        let table = Table::new(row.title(), modules, &settings.remarks);
        println!("{}", table.counts());
        results.tables.push(table);
        // After each plan, so that what took an hour is not lost by what comes after it.
        if let Some(path) = &arguments.results {
            std::fs::write(path, results.markdown())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    println!("{}", results.counts());
    Ok(results.nothing_failed())
}
