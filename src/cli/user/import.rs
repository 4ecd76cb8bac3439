//! `itu-account user import`: takes accounts over from a file.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::errors::in_words;
use super::import_report::{Import, ImportReport};
use crate::accounts::import::{self, AccountsFile, Format};
use crate::affiliations::accounts_import::{self, LineOutcome, Mode, Outcome, Report, Run};
use crate::app::App;
use crate::cli::console::{self, Console};
use crate::domain::actor::Context;

#[derive(Debug, Args)]
pub struct Arguments {
    file: PathBuf,
    /// Verify the file and say what would come of it; nothing is written
    #[arg(long)]
    dry_run: bool,
    /// Import the valid records of a file that has others, and report these
    #[arg(long = "continue", conflicts_with = "dry_run")]
    proceed: bool,
    /// The former platform has verified every address of the file: `email_verified` is true, and nobody is asked
    /// for a code at the first login
    #[arg(long)]
    addresses_verified: bool,
    /// Write what became of each record into this new file, a line of JSON for each. If the import is ended, the same
    /// command goes on with it
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
    let mut input = open(&arguments.file)?;
    let mut run = Run::new(arguments.mode());
    let mut report = match &arguments.report {
        Some(path) => Some(arguments.open_report(app, path, &mut input, &mut run).await?),
        None => None,
    };
    let mut file = AccountsFile::of_file(arguments.format(), input);
    if arguments.addresses_verified {
        file = file.with_verified_addresses();
    }
    let before = report
        .as_ref()
        .map_or_else(Report::default, ImportReport::counted);
    let mut write = |outcomes: &[LineOutcome]| match &mut report {
        Some(report) => report.write(outcomes),
        None => {
            print_refused(outcomes);
            Ok(())
        }
    };
    let new = accounts_import::import(app, context, &file, &run, &mut write)
        .await
        .map_err(in_words)?;
    let counted = Report {
        imported: before.imported + new.imported,
        exists: before.exists + new.exists,
        refused: before.refused + new.refused,
    };
    if let Some(report) = report {
        report.finish(&counted).context("the report")?;
    }
    print(console, &counted, &arguments)
}

impl Arguments {
    const fn mode(&self) -> Mode {
        match (self.dry_run, self.proceed) {
            (true, _) => Mode::DryRun,
            (false, true) => Mode::ValidOnly,
            (false, false) => Mode::All,
        }
    }

    const fn mode_in_words(&self) -> &'static str {
        match self.mode() {
            Mode::All => "all",
            Mode::ValidOnly => "continue",
            Mode::DryRun => "dry-run",
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

    /// Begins the report before anything is imported, or goes on with that of a run that was ended.
    async fn open_report(
        &self,
        app: &App,
        path: &Path,
        input: &mut File,
        run: &mut Run,
    ) -> anyhow::Result<ImportReport> {
        let import = Import {
            import: run.id.clone(),
            input: digest(input)?,
            mode: self.mode_in_words().to_owned(),
            addresses_verified: self.addresses_verified,
        };
        let report = ImportReport::open(path, input, import).with_context(|| path.display().to_string())?;
        run.id.clone_from(&report.import().import);
        run.after = report.last_line();
        let is_written = run.mode != Mode::DryRun && report.counted().imported > 0;
        if is_written && !import::has_made_accounts(app, &run.id).await.map_err(in_words)? {
            bail!("{}: this import made no account of this database", path.display());
        }
        Ok(report)
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
    copy(io::stdin()).context("standard input")
}

fn copy(mut from: impl Read) -> anyhow::Result<File> {
    let mut copied = tempfile::tempfile()?;
    io::copy(&mut from, &mut copied)?;
    Ok(copied)
}

/// Returns what names the content of the file in a report.
fn digest(file: &mut File) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    file.rewind()?;
    let mut part = vec![0; 64 * 1024];
    loop {
        match file.read(&mut part)? {
            0 => break,
            read => digest.update(&part[..read]),
        }
    }
    Ok(base16ct::lower::encode_string(&digest.finalize()))
}

fn print_refused(outcomes: &[LineOutcome]) {
    for LineOutcome { line, outcome } in outcomes {
        if let Outcome::Refused(reason) = outcome {
            eprintln!("line {line}: {reason}");
        }
    }
}

fn print(console: &Console, counted: &Report, arguments: &Arguments) -> anyhow::Result<()> {
    let mode = arguments.mode();
    let Report {
        imported,
        exists,
        refused,
    } = *counted;
    let mut json = serde_json::to_value(counted)?;
    json["dry_run"] = json!(mode == Mode::DryRun);
    let would = if mode == Mode::DryRun { "would be " } else { "" };
    let mut text = format!("{imported} {would}imported, {exists} exist, {refused} refused");
    if let Some(report) = &arguments.report {
        text.push_str(&format!("; each record is in {}", report.display()));
    }
    if refused > 0 && mode != Mode::ValidOnly {
        if console.format == console::Format::Json {
            console.print(&json, "");
        }
        match (mode, imported) {
            (Mode::DryRun, _) => bail!("{text}; nothing was written"),
            (_, 0) => bail!("{text}; nothing was imported"),
            // The records were valid when the file was read first.
            _ => bail!("{text}; something changed meanwhile"),
        }
    }
    console.print(&json, text);
    Ok(())
}
