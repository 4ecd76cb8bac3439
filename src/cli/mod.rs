//! The operator's door: one file per command (contract.md, "Program").
//!
//! Exit status 0: done. 1: refused, with one clear line on standard error. 2: wrong usage. 3: a dry run found
//! differences. Secrets come from standard input, a file or the environment, never from an argument.

mod audit;
mod backup;
mod check;
mod client;
mod config;
mod console;
#[cfg(feature = "demo")]
mod demo;
mod deployment;
mod difference;
mod key;
mod mail;
mod migrate;
mod newsletter;
mod notify;
mod org;
mod overview;
mod revoke;
mod scim_target;
mod secrets;
mod receiver;
mod serve;
mod terms;
mod unsafe_settings;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use console::{Console, Format};

#[derive(Debug, Parser)]
#[command(
    name = "itu-account",
    version,
    about = "ITU User Account: accounts and single sign-on"
)]
struct Arguments {
    /// The configuration file [default: itu-account.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole product on this machine, with sample people and three services
    #[cfg(feature = "demo")]
    Demo(demo::Arguments),
    /// Run the provider
    Serve,
    /// Bring the database up to date, or back
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Clients: the services that people log in to
    #[command(subcommand)]
    Client(Box<client::Command>),
    /// Organizations: import, export, the first Focal Point
    #[command(subcommand)]
    Org(org::Command),
    /// Accounts: administrators, import, unlocking
    #[command(subcommand)]
    User(user::Command),
    /// Subscribers to the newsletter: as a table, and the end of a subscription
    #[command(subcommand)]
    Newsletter(newsletter::Command),
    /// Terms of Use and Privacy Notice: the versions, who accepted them, what changed; publish, schedule, withdraw
    #[command(subcommand)]
    Terms(terms::Command),
    /// Make the deployment what the files of a directory say, all or nothing
    Apply(deployment::Apply),
    /// Write the deployment into a directory, as `apply` reads it
    Export(deployment::Export),
    /// Signing keys: list, rotate, revoke
    #[command(subcommand)]
    Key(key::Command),
    /// Outgoing mails: list, show, send once more, discard
    #[command(subcommand)]
    Mail(mail::Command),
    /// End all tokens that were issued until a moment, after an incident
    #[command(subcommand)]
    Revoke(revoke::Command),
    /// The audit trail: the newest entries, the proof that nothing was changed, a file of it
    #[command(subcommand)]
    Audit(audit::Command),
    /// How the deployment fares: what waits, what happened by day, what fails and what is late
    Overview,
    /// Streams of Shared Signals: by which services hear of what happens to people
    #[command(subcommand)]
    Stream(receiver::StreamCommand),
    /// Webhooks: the same by plain HTTP, for services that administrators give one
    #[command(subcommand)]
    Webhook(receiver::WebhookCommand),
    /// SCIM targets: services whose users are made what people are
    #[command(subcommand)]
    ScimTarget(scim_target::ScimTargetCommand),
    /// Write the embedded database and the keys into one sealed file, while the service runs
    Backup(backup::Backup),
    /// Put a backup where there is no database
    Restore(backup::Restore),
    /// What can be set
    #[command(subcommand)]
    Config(config::Command),
    /// Examine the configuration and all that it stands on: say what is wrong or weak, and what would mend it
    Check(check::Arguments),
}

/// Returns the words of every command, as `client add`.
pub fn commands() -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), Arguments::command())];
    while let Some((words, command)) = open.pop() {
        let below: Vec<_> = command.get_subcommands().cloned().collect();
        if below.is_empty() {
            found.push(words.trim().to_owned());
        }
        open.extend(
            below
                .into_iter()
                .map(|it| (format!("{words} {}", it.get_name()), it)),
        );
    }
    found.sort();
    found
}

pub fn main() -> ExitCode {
    // Wrong usage ends here with status 2, help and version with 0.
    let Arguments {
        config,
        format,
        command,
    } = Arguments::parse();
    let console = Console { file: config, format };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refused(&error.into()),
    };
    // A name that is still looked up, or a disk that does not answer, holds up no `check`.
    let waits = !matches!(command, Command::Check(_));
    let outcome = runtime.block_on(run(&console, command));
    if !waits {
        runtime.shutdown_background();
    }
    match outcome {
        Ok(status) => status,
        Err(error) => refused(&error),
    }
}

async fn run(console: &Console, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => demo::run(console, arguments).await?,
        Command::Serve => serve::run(console).await?,
        Command::Migrate(arguments) => migrate::run(console, arguments).await?,
        Command::Client(arguments) => return client::run(console, *arguments).await,
        Command::Org(arguments) => return org::run(console, arguments).await,
        Command::User(arguments) => user::run(console, arguments).await?,
        Command::Newsletter(arguments) => newsletter::run(console, arguments).await?,
        Command::Terms(arguments) => terms::run(console, arguments).await?,
        Command::Apply(arguments) => return deployment::apply(console, arguments).await,
        Command::Export(arguments) => deployment::export(console, arguments).await?,
        Command::Key(arguments) => key::run(console, arguments).await?,
        Command::Mail(arguments) => mail::run(console, arguments).await?,
        Command::Revoke(arguments) => revoke::run(console, arguments).await?,
        Command::Audit(arguments) => audit::run(console, arguments).await?,
        Command::Overview => overview::run(console).await?,
        Command::Stream(arguments) => receiver::run_stream(console, arguments).await?,
        Command::Webhook(arguments) => receiver::run_webhook(console, arguments).await?,
        Command::ScimTarget(arguments) => scim_target::run_scim_target(console, arguments).await?,
        Command::Backup(arguments) => backup::back_up(console, arguments).await?,
        Command::Restore(arguments) => backup::restore(console, arguments).await?,
        Command::Config(arguments) => config::run(&arguments),
        Command::Check(arguments) => check::run(console, &arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn refused(error: &anyhow::Error) -> ExitCode {
    eprintln!("itu-account: {error:#}");
    ExitCode::from(1)
}
