//! `itu-account org`: the directory as a file, and the first Focal Point of an organization (contract.md).

use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Subcommand;
use serde_json::json;

use super::console::{Console, Format};
use crate::affiliations::{directory, focal_points};
use crate::app::App;
use crate::clock::Clock;
use crate::domain::OrganizationId;
use crate::domain::account::EmailAddress;
use crate::domain::actor::Context;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take organizations over from a CSV file; `-` is standard input. One bad row refuses the file; should it be ended
    /// while it writes, the same file again goes on where it was
    Import { file: PathBuf },
    /// Write all organizations to standard output, as `import` reads them: CSV, or JSON with --format json
    Export,
    /// Name a Focal Point; a request of theirs that waits is approved
    AddFocalPoint {
        #[arg(value_name = "ORG_ID")]
        organization: String,
        email: String,
    },
}

pub async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    match command {
        Command::Import { file } => {
            let mut bytes = Vec::new();
            if file.as_os_str() == "-" {
                std::io::stdin().read_to_end(&mut bytes)?;
            } else {
                bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
            }
            let imported = directory::csv::import(&app, &context, &bytes)
                .await
                .map_err(|error| anyhow!("{}: {error}", file.display()))?;
            let text = format!(
                "{} created, {} changed, {} unchanged",
                imported.created, imported.changed, imported.unchanged
            );
            console.print(&json!(imported), text);
        }
        Command::Export => {
            let file = directory::csv::export(&app, &context).await?;
            match console.format {
                Format::Text => std::io::stdout().write_all(&file)?,
                Format::Json => println!("{}", as_json(&file)?),
            }
        }
        Command::AddFocalPoint { organization, email } => {
            let email = EmailAddress::parse(&email)?;
            let organization = OrganizationId::new(organization);
            focal_points::appoint(&app, &context, &organization, &focal_points::Whom::Email(&email)).await?;
            console.print(
                &json!({ "organization": organization, "focal_point": email }),
                format!("{} is a Focal Point of {organization}", email.as_str()),
            );
        }
    }
    Ok(())
}

fn as_json(file: &[u8]) -> anyhow::Result<serde_json::Value> {
    let mut reader = csv::Reader::from_reader(file);
    let rows: Result<Vec<std::collections::BTreeMap<String, String>>, _> = reader.deserialize().collect();
    Ok(json!({ "organizations": rows? }))
}
