//! `backup`, `restore`: one sealed file with the embedded database and the keys, and back. Neither starts the service, nor brings
//! the database up to date: a backup is made before that.

use std::io::BufReader;
use std::path::PathBuf;

use age::secrecy::{ExposeSecret, SecretString};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::json;

use super::console::Console;
use super::secrets;
use crate::clock::Clock;
use crate::deployment::{self, Manifest, Opener, Seal};
use crate::domain::secret::Secret;

/// The fewest characters of a passphrase: whoever has the file may guess for ever.
const SHORTEST: usize = 12;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write; it is not replaced
    file: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Seal it for the holder of this key of age, instead of with a passphrase; repeatable
    #[arg(long, value_name = "KEY", conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    recipient: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `backup` wrote
    file: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Open it with the identities of age in this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    identity: Option<String>,
}

#[derive(Debug, Args)]
struct Passphrase {
    /// Take the passphrase from a file; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_env")]
    passphrase_file: Option<String>,
    /// Take the passphrase from an environment variable
    #[arg(long, value_name = "NAME")]
    passphrase_env: Option<String>,
}

impl Passphrase {
    fn read(&self) -> anyhow::Result<Option<SecretString>> {
        let given = match (&self.passphrase_file, &self.passphrase_env) {
            (Some(file), _) => secrets::from_file(file)?,
            (None, Some(name)) => secrets::from_environment(name)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(SecretString::from(given.expose().to_owned())))
    }
}

pub(super) async fn back_up(console: &Console, arguments: Backup) -> anyhow::Result<()> {
    let config = console.config()?;
    let seal = seal(&arguments)?;
    let file = arguments.file.clone();
    let begun = Clock::System.now();
    let made = tokio::task::spawn_blocking(move || deployment::back_up(&config, &file, seal, begun)).await?;
    let manifest = made.with_context(|| format!("no backup was made in {}", arguments.file.display()))?;
    let bytes = std::fs::metadata(&arguments.file)?.len();
    let what = if manifest.has_database {
        "the database and the keys"
    } else {
        "the keys alone: back PostgreSQL up with its own tools, just before or after"
    };
    console.print(
        &describe(&manifest, bytes),
        format!("{}: {bytes} bytes, {what}", arguments.file.display()),
    );
    Ok(())
}

fn seal(arguments: &Backup) -> anyhow::Result<Seal> {
    if !arguments.recipient.is_empty() {
        let parsed = arguments.recipient.iter().map(|it| {
            it.parse::<age::x25519::Recipient>()
                .map_err(|why| anyhow!("--recipient {it}: {why}"))
        });
        return Ok(Seal::Recipients(parsed.collect::<anyhow::Result<_>>()?));
    }
    let Some(passphrase) = arguments.passphrase.read()? else {
        bail!("a backup is sealed: give --recipient, --passphrase-file or --passphrase-env");
    };
    if passphrase.expose_secret().chars().count() < SHORTEST {
        bail!("the passphrase has fewer than {SHORTEST} characters");
    }
    Ok(Seal::Passphrase(passphrase))
}

pub(super) async fn restore(console: &Console, arguments: Restore) -> anyhow::Result<()> {
    let config = console.config()?;
    let opener = match (&arguments.identity, arguments.passphrase.read()?) {
        (Some(file), _) => Opener::Identities(identities(file)?),
        (None, Some(passphrase)) => Opener::Passphrase(passphrase),
        (None, None) => bail!("a backup is sealed: give --identity, --passphrase-file or --passphrase-env"),
    };
    let issuer = config.issuer.to_string();
    let file = arguments.file.clone();
    let restored = tokio::task::spawn_blocking(move || deployment::restore(&config, &file, &opener)).await?;
    let manifest = restored.with_context(|| format!("{} was not restored", arguments.file.display()))?;
    let bytes = std::fs::metadata(&arguments.file)?.len();
    let begun = manifest
        .begun_at
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let what = if manifest.has_database {
        "the database and the keys"
    } else {
        "the keys"
    };
    console.print(
        &describe(&manifest, bytes),
        format!(
            "restored {what} as of {begun}\n\
             What ended after that, sessions, tokens and rights, is valid again: `itu-account revoke everything` ends all tokens."
        ),
    );
    if manifest.issuer != issuer {
        eprintln!(
            "itu-account: the backup is of {}, this configuration says {issuer}: services trust the former",
            manifest.issuer
        );
    }
    Ok(())
}

fn identities(file: &str) -> anyhow::Result<Vec<Box<dyn age::Identity + Send + Sync>>> {
    let secret: Secret = secrets::from_file(file)?;
    let parsed = age::IdentityFile::from_buffer(BufReader::new(secret.expose().as_bytes()))
        .with_context(|| format!("--identity {file}"))?;
    Ok(parsed.into_identities()?)
}

fn describe(manifest: &Manifest, bytes: u64) -> serde_json::Value {
    json!({
        "issuer": manifest.issuer,
        "release": manifest.release,
        "begun_at": manifest.begun_at,
        "has_database": manifest.has_database,
        "bytes": bytes,
    })
}
