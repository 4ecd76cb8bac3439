//! `audit`: shows the newest entries of the audit trail, verifies its chain, and exports it (contract.md). Entries are read
//! a page at a time, however long the trail is.

mod syslog;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::SecondsFormat;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::console::Console;
use crate::app::App;
use crate::audit::{self, Finding, HeadError, Listing, LoggedHead, Query, Reader, Record, heads_of_log};
use crate::clock::Clock;
use crate::domain::Time;
use crate::domain::actor::Context;
use syslog::Syslog;

/// The entries that are read at once.
const PAGE: u64 = 500;
/// The time after which `tail --follow` looks again.
const AGAIN: Duration = Duration::from_secs(1);
/// The time within which an entry is committed: longer than any transaction takes.
const LATE: chrono::Duration = chrono::Duration::minutes(1);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the newest entries
    Tail {
        /// How many
        #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        lines: u64,
        /// Go on with what is written from now on
        #[arg(short, long)]
        follow: bool,
        #[command(flatten)]
        search: Search,
    },
    /// Verify the chain: what was changed, removed or exchanged since it was written
    Verify {
        /// The log of the service; its heads have to be in the chain. `-` is standard input
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
    /// Write entries to standard output, the oldest first
    Export {
        #[arg(long = "as", value_enum, default_value_t)]
        form: Form,
        #[command(flatten)]
        search: Search,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// One JSON object on a line
    #[default]
    Jsonl,
    /// One message of RFC 5424 on a line
    Syslog,
}

#[derive(Debug, Default, Args)]
pub(super) struct Search {
    /// Who acted: an e-mail address, an identifier, or as the trail names it
    #[arg(long, default_value = "", hide_default_value = true)]
    actor: String,
    /// Whom or what it is about: an e-mail address, an identifier, or as the trail names it
    #[arg(long, default_value = "", hide_default_value = true)]
    subject: String,
    /// What happened, for example session.sign_in
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// The first day (YYYY-MM-DD, UTC) or moment (RFC 3339)
    #[arg(long, default_value = "", hide_default_value = true)]
    since: String,
    /// The last day, or the moment before which
    #[arg(long, default_value = "", hide_default_value = true)]
    until: String,
}

impl Search {
    fn query(&self) -> Query<'_> {
        Query {
            actor: &self.actor,
            subject: &self.subject,
            kind: &self.kind,
            since: &self.since,
            until: &self.until,
        }
    }
}

pub(super) async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    match command {
        Command::Tail {
            lines,
            follow,
            search,
        } => tail(console, &app, &search, lines, follow).await,
        Command::Verify { heads } => verify(console, &app, heads.as_deref()).await,
        Command::Export { form, search } => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            export(&app, &search, form, &mut out).await
        }
    }
}

async fn tail(console: &Console, app: &App, search: &Search, lines: u64, follow: bool) -> anyhow::Result<()> {
    let context = Context::operator();
    let query = search.query();
    let mut reader = Reader::open(&app.db, &context, &query, Listing::NewestFirst).await?;
    let mut newest = reader.next(lines).await?;
    newest.reverse();
    for record in &newest {
        print(console, record);
    }
    if !follow {
        return Ok(());
    }
    // An entry is committed after its time, and others before it that are later: the last of them are read again.
    let mut shown: BTreeMap<i64, Time> = newest.iter().map(|it| (it.entry.id, it.entry.at)).collect();
    let mut from = newest.last().map_or_else(|| app.clock.now(), |it| it.entry.at);
    // What is older than the first lines is not shown by the first look.
    let mut least = shown.keys().max().copied().unwrap_or_default();
    loop {
        let reader = Reader::open(&app.db, &context, &query, Listing::OldestFirst).await?;
        let mut reader = reader.from_time(from - LATE);
        loop {
            let records = reader.next(PAGE).await?;
            for record in &records {
                let (id, at) = (record.entry.id, record.entry.at);
                if shown.insert(id, at).is_none() && id > least {
                    print(console, record);
                }
                from = from.max(at);
            }
            if records.is_empty() {
                break;
            }
        }
        least = 0;
        shown.retain(|_, at| *at >= from - LATE);
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            done = tokio::signal::ctrl_c() => return Ok(done?),
        }
    }
}

fn print(console: &Console, record: &Record) {
    let entry = &record.entry;
    let result = match (entry.success, entry.reason.as_deref()) {
        (true, None) => String::new(),
        (true, Some(reason)) => format!("  ({reason})"),
        (false, reason) => format!("  refused: {}", reason.unwrap_or("-")),
    };
    let place = match &record.seal {
        Some(seal) => format!("#{}", seal.position),
        None => "not sealed yet".to_owned(),
    };
    let text = format!(
        "{}  {}  {} -> {}{result}  {place}",
        entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        entry.action,
        entry.actor,
        entry.object,
    );
    console.print(&record.to_json(), text);
}

async fn verify(console: &Console, app: &App, heads: Option<&Path>) -> anyhow::Result<()> {
    let heads: Box<dyn Iterator<Item = Result<LoggedHead, HeadError>> + Send> = match heads {
        None => Box::new(std::iter::empty()),
        Some(file) => Box::new(heads_of_log(log(file)?)),
    };
    let with_heads = heads.size_hint() != (0, Some(0));
    let report = |finding: &Finding| {
        let at = |name: &str, it: Option<i64>| it.map_or_else(String::new, |it| format!("{name} {it}  "));
        let text = format!(
            "{}  {}{}{}",
            finding.kind,
            at("position", finding.position),
            at("entry", finding.entry),
            finding.detail
        );
        let json = json!({
            "finding": finding.kind,
            "position": finding.position,
            "entry": finding.entry,
            "detail": finding.detail,
        });
        console.print(&json, text);
    };
    let done = audit::verify(&app.db, &app.keys, heads, report).await?;
    if with_heads && done.heads + done.heads_before == 0 {
        bail!("the log has no head of the audit trail: is it that of this service?");
    }
    let json = json!({
        "from": done.from,
        "to": done.to,
        "head": done.head,
        "seals": done.seals,
        "emptied": done.emptied,
        "pending": done.pending,
        "heads": done.heads,
        "heads_before": done.heads_before,
        "findings": done.findings,
    });
    let text = format!(
        "{} entries, positions {} to {}; {} parts emptied with deleted accounts; {} not sealed yet; {} heads of the log \
         compared, {} from before; head {}",
        done.seals, done.from, done.to, done.emptied, done.pending, done.heads, done.heads_before, done.head
    );
    console.print(&json, text);
    match done.findings {
        0 => Ok(()),
        1 => bail!("the audit trail does not hold: 1 finding"),
        findings => bail!("the audit trail does not hold: {findings} findings"),
    }
}

fn log(file: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(file).with_context(|| file.display().to_string())?;
    Ok(Box::new(BufReader::new(file)))
}

async fn export(app: &App, search: &Search, form: Form, out: &mut impl Write) -> anyhow::Result<()> {
    let context = Context::operator();
    let query = search.query();
    audit::begin_export(&app.db, app.clock.now(), &context, &query).await?;
    let mut reader = Reader::open(&app.db, &context, &query, Listing::OldestFirst).await?;
    let syslog = Syslog::of(app.config.issuer.as_str());
    loop {
        let records = reader.next(PAGE).await?;
        if records.is_empty() {
            break;
        }
        for record in &records {
            let written = match form {
                Form::Jsonl => writeln!(out, "{}", record.to_json()),
                Form::Syslog => writeln!(out, "{}", syslog.message(record)),
            };
            if is_enough(written)? {
                return Ok(());
            }
        }
    }
    is_enough(out.flush()).map(drop)
}

/// Returns `true` if the reader closed the pipe (`| head`): it has seen enough.
fn is_enough(written: io::Result<()>) -> anyhow::Result<bool> {
    match written {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        Err(error) => Err(error.into()),
    }
}
