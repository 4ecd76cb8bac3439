//! `itu-account org`: the directory as a file (contract.md). One record at a time is in `directory`, Focal Points and deputies
//! are in `offices`, people in `people`.

mod directory;
mod offices;
mod people;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::Subcommand;
use serde_json::json;

use super::console::{Console, Format};
use super::difference;
use crate::affiliations::directory::csv as organizations;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::actor::Context;
use crate::domain::difference::Unnamed;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take organizations over from a CSV file; `-` is standard input. One bad row refuses the file; should it be ended
    /// while it writes, the same file again goes on where it was
    Import {
        file: PathBuf,
        /// Show the differences, and write nothing; exit status 3 if there are any
        #[arg(long)]
        dry_run: bool,
        /// End the memberships of organizations that the file does not name: their affiliations lapse. Nothing is deleted
        #[arg(long)]
        prune: bool,
    },
    #[command(flatten)]
    Directory(directory::Command),
    #[command(flatten)]
    Offices(offices::Command),
    #[command(flatten)]
    People(people::Command),
    /// Write all organizations to standard output, as `import` reads them: CSV, or JSON with --format json
    Export,
}

pub async fn run(console: &Console, command: Command) -> anyhow::Result<ExitCode> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    match command {
        Command::Import { file, dry_run, prune } => {
            let mut bytes = Vec::new();
            if file.as_os_str() == "-" {
                std::io::stdin().read_to_end(&mut bytes)?;
            } else {
                bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
            }
            let refused = |error| anyhow!("{}: {error}", file.display());
            let unnamed = Unnamed::pruned_if(prune);
            if dry_run {
                let preview = organizations::preview(&app, &context, &bytes, unnamed).await;
                return Ok(difference::preview(
                    console,
                    &preview.map_err(refused)?.differences,
                ));
            }
            let imported = organizations::import_with(&app, &context, &bytes, unnamed).await;
            let imported = imported.map_err(refused)?;
            let ended = match unnamed {
                Unnamed::Kept => String::new(),
                Unnamed::Pruned => format!(", {} memberships ended", imported.ended),
            };
            let text = format!(
                "{} created, {} changed, {} unchanged{ended}",
                imported.created, imported.changed, imported.unchanged
            );
            console.print(&json!(imported), text);
        }
        Command::Directory(command) => directory::run(console, &app, &context, command).await?,
        Command::Offices(command) => offices::run(console, &app, &context, command).await?,
        Command::People(command) => people::run(console, &app, &context, command).await?,
        Command::Export => {
            let file = organizations::export(&app, &context).await?;
            match console.format {
                Format::Text => std::io::stdout().write_all(&file)?,
                Format::Json => println!("{}", as_json(&file)?),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(file: &[u8]) -> anyhow::Result<serde_json::Value> {
    let mut reader = csv::Reader::from_reader(file);
    let rows: Result<Vec<std::collections::BTreeMap<String, String>>, _> = reader.deserialize().collect();
    Ok(json!({ "organizations": rows? }))
}
