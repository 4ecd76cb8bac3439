//! `itu-account user import`: takes accounts over from a file.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::errors::in_words;
use crate::accounts::import::{AccountsFile, Format};
use crate::affiliations::accounts_import::{self, Mode, Report};
use crate::app::App;
use crate::cli::console::{self, Console};
use crate::domain::actor::Context;

#[derive(Debug, Args)]
pub struct Arguments {
    file: PathBuf,
    /// Verify the file and say what would come of it; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Import the good records of a file that has bad ones, and report these
    #[arg(long = "continue", conflicts_with = "dry_run")]
    proceed: bool,
    /// The former platform has verified every address of the file: `email_verified` is true, and nobody is asked
    /// for a code at the first login
    #[arg(long)]
    addresses_verified: bool,
    /// Write what became of each record into this file: a line of JSON for each, in their order
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// [default: by the file's name: .jsonl, .ndjson and .json are JSON Lines]
    #[arg(long, value_enum)]
    kind: Option<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Csv,
    JsonLines,
}

pub(super) async fn run(
    console: &Console,
    app: &App,
    context: &Context,
    arguments: Arguments,
) -> anyhow::Result<()> {
    let mut file = AccountsFile::of_file(arguments.format(), open(&arguments.file)?);
    if arguments.addresses_verified {
        file = file.with_verified_addresses();
    }
    let mode = arguments.mode();
    // It is made first, so that no import is without the report that was asked for.
    let records = arguments.report.as_deref().map(create).transpose()?;
    let report = accounts_import::import(app, context, &file, mode)
        .await
        .map_err(in_words)?;
    if let Some(records) = records {
        write_records(records, &report).context("the report")?;
    }
    print(console, &report, mode)
}

impl Arguments {
    const fn mode(&self) -> Mode {
        match (self.dry_run, self.proceed) {
            (true, _) => Mode::DryRun,
            (false, true) => Mode::Good,
            (false, false) => Mode::All,
        }
    }

    fn format(&self) -> Format {
        let ending = self.file.extension().and_then(|it| it.to_str());
        let json_lines = match self.kind {
            Some(kind) => kind == Kind::JsonLines,
            None => matches!(ending, Some("jsonl" | "ndjson" | "json")),
        };
        if json_lines {
            Format::JsonLines
        } else {
            Format::Csv
        }
    }
}

/// Opens a file that can be read twice. A pipe cannot: it is copied into a file that has no name, so that nothing of it
/// stays, whatever ends the process.
fn open(path: &Path) -> anyhow::Result<File> {
    let is_input = path.as_os_str() == "-";
    if !is_input {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        if file.metadata()?.is_file() {
            return Ok(file);
        }
        return copy(file).with_context(|| path.display().to_string());
    }
    copy(std::io::stdin()).context("standard input")
}

fn copy(mut from: impl std::io::Read) -> anyhow::Result<File> {
    let mut copied = tempfile::tempfile()?;
    std::io::copy(&mut from, &mut copied)?;
    Ok(copied)
}

/// Makes a file that others do not read: reasons repeat what the file has.
fn create(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).with_context(|| path.display().to_string())
}

/// What became of a record.
#[derive(serde::Serialize)]
struct Outcome<'a> {
    line: u64,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

fn write_records(file: File, report: &Report) -> anyhow::Result<()> {
    let of_lines = |lines: &'_ [u64], outcome: &'static str| {
        let outcomes = lines.iter().map(move |line| Outcome {
            line: *line,
            outcome,
            reason: None,
        });
        outcomes.collect::<Vec<_>>()
    };
    let mut all = of_lines(&report.lines, "imported");
    all.extend(of_lines(&report.known, "known"));
    all.extend(report.problems.iter().map(|problem| Outcome {
        line: problem.line,
        outcome: "refused",
        reason: Some(&problem.reason),
    }));
    all.sort_by_key(|it| it.line);
    let mut out = BufWriter::new(file);
    for outcome in all {
        serde_json::to_writer(&mut out, &outcome)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn print(console: &Console, report: &Report, mode: Mode) -> anyhow::Result<()> {
    let is_text = console.format == console::Format::Text;
    if is_text {
        for problem in &report.problems {
            eprintln!("{problem}");
        }
        for line in &report.known {
            eprintln!("line {line}: the address has an account, which is left as it is");
        }
    }
    let refused = report.problems.len();
    let mut counted = serde_json::to_value(report)?;
    counted["dry_run"] = json!(mode == Mode::DryRun);
    if refused > 0 && mode != Mode::Good {
        if !is_text {
            println!("{counted}");
        }
        match (mode, report.imported) {
            (Mode::DryRun, some) => bail!("{refused} bad records, {some} good; nothing was written"),
            (_, 0) => bail!("{refused} bad records; nothing was imported"),
            // The records were good when the file was judged.
            (_, some) => bail!("{some} imported; {refused} refused, because something changed meanwhile"),
        }
    }
    let imported = match mode {
        Mode::DryRun => "would be imported",
        Mode::All | Mode::Good => "imported",
    };
    let text = format!(
        "{} {imported}, {} known, {refused} refused",
        report.imported,
        report.known.len()
    );
    console.print(&counted, text);
    Ok(())
}
