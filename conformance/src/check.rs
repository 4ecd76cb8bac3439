//! The commands `check`, which finds the provider, selects modules and runs them, and `list`, which names them.

use crate::checks::discovery::is_loopback;
use crate::config::Config;
use crate::http::Http;
use crate::plans::{PLANS, Selected};
use crate::provider::Provider;
use crate::report::{self, Outcome};
use crate::run::Environment;
use crate::runner::Runner;
use crate::selection::{self, Variants};
use crate::site::Site;
use crate::variant::Variant;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

#[derive(Args)]
pub struct Check {
    /// The issuer, as its metadata names it
    #[arg(long)]
    issuer: String,
    /// A plan's name, or `all`
    #[arg(long, default_value = "all")]
    plan: String,
    /// The variants of its plan that a module runs in
    #[arg(long, value_enum, default_value = "all")]
    variants: Variants,
    /// Only this module (may be given more than once)
    #[arg(long)]
    module: Vec<String>,
    /// Clients and a login; see plans/itu-account-check.toml
    #[arg(long)]
    config: Option<PathBuf>,
    /// Let plain http pass for an issuer on the loopback interface
    #[arg(long)]
    allow_http: bool,
    /// Do not verify certificates, as the Foundation's suite does not
    #[arg(long)]
    trust_any_certificate: bool,
    /// Run so many modules at a time. They share one person, and a provider may end the oldest of too many
    /// sessions: more than one only where it does not
    #[arg(long, default_value_t = 1)]
    jobs: usize,
}

/// Prints the plans and their modules.
pub fn list() {
    for plan in PLANS {
        println!("{}", plan.name);
        for module in plan.modules {
            println!("  {}", module.name);
        }
    }
}

/// Returns `false` if a module failed.
pub async fn carry_out(arguments: Check) -> Result<bool> {
    selection::validate(&arguments.plan, &arguments.module)?;
    let config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    require_https(&arguments)?;
    let http = Http::new(arguments.trust_any_certificate)?;
    let provider = Provider::discover(&http, &arguments.issuer, arguments.allow_http).await?;
    let selected = select(&arguments, &provider);
    println!("{}", selection::summary(&selected));
    let site = match &config.site {
        Some(settings) => Some(Arc::new(Site::open(settings).await?)),
        None => None,
    };
    let environment = Environment {
        http,
        provider: Arc::new(provider),
        config: Arc::new(config),
        site,
    };
    let runner = Runner {
        environment,
        jobs: arguments.jobs,
    };
    let outcomes = runner.run(&selected).await;
    print(&outcomes);
    let (passed, failed, skipped) = report::summary(&outcomes);
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    Ok(failed == 0)
}

fn require_https(arguments: &Check) -> Result<()> {
    let issuer = Url::parse(&arguments.issuer).context("--issuer is not a URL")?;
    if issuer.scheme() == "https" {
        return Ok(());
    }
    if !(arguments.allow_http && is_loopback(&issuer)) {
        bail!("the issuer must be https (--allow-http lets http pass on the loopback interface)");
    }
    println!(
        "Note: http is let pass for this issuer; the checks that demand https are relaxed for loopback."
    );
    Ok(())
}

/// Selects the modules, and says which variants are left out.
fn select(arguments: &Check, provider: &Provider) -> Vec<Selected> {
    let is_offered = |variant: &Variant| {
        // A plan that is named runs, whatever the metadata offers.
        arguments.plan != "all" || selection::is_offered(variant, &provider.metadata)
    };
    for plan in PLANS {
        for variant in plan.variants.iter().filter(|it| !is_offered(it)) {
            println!(
                "Note: {} is left out for {:?}: the metadata does not offer it.",
                plan.name,
                variant.name()
            );
        }
    }
    selection::select(
        &arguments.plan,
        &arguments.module,
        arguments.variants,
        &is_offered,
    )
}

fn print(outcomes: &[Outcome]) {
    let mut plan = ("", None);
    for outcome in outcomes {
        if outcome.plan != plan {
            plan = outcome.plan;
            match plan.1 {
                Some(variant) => println!("{} ({variant})", plan.0),
                None => println!("{}", plan.0),
            }
        }
        println!("  {outcome}");
    }
}
