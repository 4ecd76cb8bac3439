//! `newsletter`: the subscribers as a table on standard output, and the end of a subscription on the wish of its person.

use std::io::{self, Write};

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::console::{Console, Format};
use crate::accounts::Error;
use crate::accounts::administrators::{self, Found};
use crate::accounts::newsletter_subscribers::{self as subscribers, COLUMNS, Search};
use crate::app::App;
use crate::clock::Clock;
use crate::domain::actor::Context;
use crate::tables::spreadsheet;

/// The subscribers that are read at once.
const PART: u64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the subscribers to standard output as CSV, the latest consent first; the export is recorded
    Export(Conditions),
    /// End the subscription of a person who wishes it; the person is told by mail
    Stop { email: String },
}

#[derive(Debug, Args)]
pub(super) struct Conditions {
    /// Beginnings of words of name, address or organization, or an identifier
    #[arg(default_value = "")]
    text: String,
    /// The language in which the person agreed: ar, en, es, fr, ru or zh
    #[arg(long, default_value = "")]
    language: String,
    /// The first day of consent, as 2026-11-30, or a time of RFC 3339
    #[arg(long, default_value = "")]
    since: String,
}

pub(super) async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    match command {
        Command::Export(conditions) => export(console, &app, &conditions).await,
        Command::Stop { email } => stop(console, &app, &email).await,
    }
}

async fn export(console: &Console, app: &App, conditions: &Conditions) -> anyhow::Result<()> {
    let search = Search {
        text: &conditions.text,
        language: &conditions.language,
        since: &conditions.since,
    };
    let mut reader = match subscribers::begin_export(app, &Context::operator(), search).await {
        Err(Error::Fields(wrong)) if wrong.keys().any(|it| *it == "language") => {
            bail!("--language is none of ar, en, es, fr, ru, zh")
        }
        Err(Error::Fields(_)) => bail!("--since is neither a date (YYYY-MM-DD) nor a time (RFC 3339)"),
        begun => begun?,
    };
    if console.format == Format::Text && !written(&spreadsheet::write([COLUMNS])?)? {
        return Ok(());
    }
    while let Some(found) = reader.next(PART).await? {
        let part = match console.format {
            Format::Text => spreadsheet::write(found.iter().map(subscribers::cells))?,
            Format::Json => {
                let lines = found.iter().map(|it| {
                    let cells = subscribers::cells(it);
                    let members = COLUMNS
                        .iter()
                        .zip(cells)
                        .map(|(name, cell)| ((*name).to_owned(), json!(cell)));
                    format!("{}\n", serde_json::Value::Object(members.collect()))
                });
                lines.collect::<String>().into_bytes()
            }
        };
        if !written(&part)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Writes a part. Returns `false` if the reader has seen enough.
fn written(part: &[u8]) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(part).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn stop(console: &Console, app: &App, email: &str) -> anyhow::Result<()> {
    let Found::Account(account) = administrators::find(app, email).await? else {
        bail!("there is no account with this address");
    };
    match subscribers::stop(app, &Context::operator(), &account.id).await {
        Err(Error::Conflict) => bail!("this account is not subscribed"),
        done => done?,
    }
    console.print(&json!({"stopped": true}), "stopped; the person was told by mail");
    Ok(())
}
