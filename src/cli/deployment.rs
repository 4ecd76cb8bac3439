//! `itu-account apply DIR`, `export DIR`: a whole deployment as a directory (contract.md). What its files mean is in
//! `deployment`; here they are read and written.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::console::Console;
use super::{client, difference};
use crate::app::App;
use crate::clock::Clock;
use crate::deployment::{self, Deployment, Files};
use crate::domain::actor::Context;
use crate::domain::difference::Unnamed;

/// The largest file that is read: more than 20,000 organizations take.
const LARGEST: u64 = 64 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub struct Apply {
    /// The directory, as `export` writes it; a file that is not in it leaves its objects alone
    directory: PathBuf,
    /// Show the differences, and write nothing; exit status 3 if there are any
    #[arg(long)]
    dry_run: bool,
    /// Disable clients, end memberships, and remove membership types and rights that the files do not name
    #[arg(long)]
    prune: bool,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    /// The directory; it is made if it does not exist, and files of the same names are replaced
    directory: PathBuf,
}

pub async fn apply(console: &Console, arguments: Apply) -> anyhow::Result<ExitCode> {
    let Apply {
        directory,
        dry_run,
        prune,
    } = arguments;
    let files = read(&directory)?;
    let clients = directory.join("clients.json");
    let secret = |document: &_| {
        client::named_secret(&clients.display().to_string(), document).map_err(|it| format!("{it:#}"))
    };
    let deployment = Deployment::read(files, Unnamed::pruned_if(prune), secret)?;
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    if dry_run {
        let found = deployment::preview(&app, &context, &deployment).await?;
        return Ok(difference::preview(console, &found.differences));
    }
    let applied = deployment::apply(&app, &context, &deployment).await?;
    difference::report(console, &applied.differences);
    Ok(ExitCode::SUCCESS)
}

pub async fn export(console: &Console, arguments: Export) -> anyhow::Result<()> {
    let Export { directory } = arguments;
    let app = App::open(console.config()?, Clock::System).await?;
    let files = deployment::export(&app, &Context::operator()).await?;
    for (name, content) in &files {
        write(&directory.join(name), content)?;
    }
    let left: Vec<String> = read(&directory)?
        .into_keys()
        .filter(|it| !files.contains_key(it))
        .collect();
    for name in &left {
        eprintln!("{name} is not part of the deployment any more; `apply` refuses it");
    }
    let names: Vec<&String> = files.keys().collect();
    let text: Vec<&str> = files.keys().map(String::as_str).collect();
    console.print(&json!({ "written": names, "left": left }), text.join("\n"));
    Ok(())
}

/// Reads what may be part of a deployment: the files at the top, and those of documents.
fn read(directory: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for entry in entries(directory)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() {
            take(&entry.path(), &name, &mut files)?;
        } else if matches!(name.as_str(), "terms" | "privacy") {
            for version in entries(&entry.path())?.iter().filter(|it| it.path().is_dir()) {
                let version_name = version.file_name().to_string_lossy().into_owned();
                for text in entries(&version.path())? {
                    let file = text.file_name().to_string_lossy().into_owned();
                    take(&text.path(), &format!("{name}/{version_name}/{file}"), &mut files)?;
                }
            }
        }
    }
    Ok(files)
}

fn take(path: &Path, name: &str, files: &mut Files) -> anyhow::Result<()> {
    if deployment::is_part(name) == Some(false) {
        return Ok(());
    }
    let size = fs::metadata(path)
        .with_context(|| path.display().to_string())?
        .len();
    if size > LARGEST {
        bail!("{}: {size} bytes, and {LARGEST} are the most", path.display());
    }
    let content = fs::read(path).with_context(|| path.display().to_string())?;
    files.insert(name.to_owned(), content);
    Ok(())
}

fn entries(directory: &Path) -> anyhow::Result<Vec<fs::DirEntry>> {
    let place = || directory.display().to_string();
    let found: Result<Vec<_>, _> = fs::read_dir(directory).with_context(place)?.collect();
    found.with_context(place)
}

/// Writes a file of mode 0600 (security.md ST-4) in place of the former one: a reader finds one of the two, whole.
fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let place = || path.display().to_string();
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(place)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .with_context(place)?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .with_context(place)?;
    fs::rename(&new, path).with_context(place)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::console::Format;
    use crate::cli::difference::DIFFERS;

    fn console(folder: &Path) -> Console {
        let at = |name: &str| folder.join(name).display().to_string();
        let file = folder.join("itu-account.toml");
        let text = format!(
            "issuer = \"http://localhost:8080\"\n[database]\nurl = \"sqlite://{}\"\n[keys]\ndirectory = \"{}\"\n\
             [mail]\ndirectory = \"{}\"\n",
            at("it.db"),
            at("keys"),
            at("outbox")
        );
        fs::write(&file, text).expect("written");
        Console {
            file: Some(file),
            format: Format::Text,
        }
    }

    #[tokio::test]
    async fn a_directory_is_exported_compared_and_applied() {
        let folder = tempfile::tempdir().expect("a folder");
        let console = console(folder.path());
        let directory = folder.path().join("deployment");
        let written = || Export {
            directory: directory.clone(),
        };
        let applied = async |dry_run| {
            let arguments = Apply {
                directory: directory.clone(),
                dry_run,
                prune: false,
            };
            let status = apply(&console, arguments).await;
            status.map(|it| format!("{it:?}")).map_err(|it| it.to_string())
        };
        let status = |code: u8| Ok(format!("{:?}", ExitCode::from(code)));
        export(&console, written()).await.expect("exported");
        let mode = |name: &str| {
            let metadata = fs::metadata(directory.join(name)).expect("a file");
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(
            (mode(""), mode("clients.json"), mode("terms")),
            (0o700, 0o600, 0o700)
        ); // ST-4
        assert_eq!(applied(true).await, status(0));

        let add = "{\"clients\": [{\"client_id\": \"tv\", \"client_name\": \"TV\", \"client_secret_file\": \"secrets/tv\", \
                   \"redirect_uris\": [\"https://tv.example/cb\"]}]}";
        fs::write(directory.join("clients.json"), add).expect("written");
        let refused = applied(true).await.expect_err("there is no secret");
        assert!(refused.starts_with("clients.json: line 1: tv: "), "{refused}");
        fs::create_dir(directory.join("secrets")).expect("a folder");
        fs::write(directory.join("secrets/tv"), "0123456789abcdef0123456789abcdef\n").expect("written");
        assert_eq!(applied(true).await, status(DIFFERS));
        assert_eq!(applied(true).await, status(DIFFERS)); // nothing was written
        assert_eq!(applied(false).await, status(0));
        assert_eq!(applied(true).await, status(0));

        // The export names the digest in place of the file, and that is the same client.
        export(&console, written()).await.expect("exported");
        let text = fs::read_to_string(directory.join("clients.json")).expect("a file");
        assert!(
            text.contains("client_secret_sha256") && !text.contains("secrets/tv"),
            "{text}"
        );
        assert_eq!(applied(true).await, status(0));
        fs::write(directory.join("organisations.csv"), "id\n").expect("written");
        let refused = applied(false).await.expect_err("refused");
        assert_eq!(refused, "organisations.csv: is no file of a deployment");
    }
}
