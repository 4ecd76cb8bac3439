//! `terms`: the versions of the Terms of Use and of the Privacy Notice, who accepted them, the text of one and what changed in it;
//! a new version from a directory, another day for one whose day is to come, and its end.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::console::Console;
use super::user::errors;
use crate::accounts::Error;
use crate::accounts::publication_draft::NewVersion;
use crate::accounts::publications;
use crate::accounts::terms_versions::{self, VersionSearch, VersionView};
use crate::app::App;
use crate::clock::Clock;
use crate::domain::actor::Context;
use crate::domain::document::{DocumentKind, Texts};
use crate::domain::document_difference::{Change, DocumentDifference, Part};
use crate::domain::profile::Language;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the versions, the newest first, with the number of people who accepted each
    List {
        /// terms or privacy; both if it is left out
        #[arg(long, default_value = "")]
        kind: String,
        /// scheduled, in_force or former
        #[arg(long, default_value = "")]
        state: String,
    },
    /// Print the text of a version
    Show(Text),
    /// Print what changed in a version since the one before
    Diff(Text),
    /// Publish a version, which everybody is asked to accept from its day on
    Publish {
        /// terms or privacy
        kind: String,
        /// The directory with a file for each language, en.md first of all; the heads say version and day
        directory: PathBuf,
        /// Say what would be published, and publish nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Give a published version whose day is to come another day
    Schedule {
        /// terms or privacy
        kind: String,
        version: String,
        /// YYYY-MM-DD, in UTC; today brings it into force at once
        day: String,
    },
    /// Withdraw a published version whose day is to come, with its texts
    Withdraw {
        /// terms or privacy
        kind: String,
        version: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Text {
    /// terms or privacy
    kind: String,
    version: String,
    /// ar, en, es, fr, ru or zh; a version that lacks it is in English
    #[arg(long, default_value = "en")]
    language: String,
}

pub(super) async fn run(console: &Console, command: Command) -> anyhow::Result<()> {
    let app = App::open(console.config()?, Clock::System).await?;
    let context = Context::operator();
    match command {
        Command::List { kind, state } => list(console, &app, &context, &kind, &state).await,
        Command::Show(text) => {
            let (found, language) = text.find(&app, &context).await?;
            let shown = terms_versions::text(&app, &context, found.kind, &found.version, language).await?;
            let file = terms_versions::file(&app, &shown).unwrap_or_default();
            let mut json = in_json(&found);
            json["language"] = json!(shown.language);
            json["text"] = json!(file);
            console.print(&json, file.trim_end());
            Ok(())
        }
        Command::Diff(text) => {
            let (found, language) = text.find(&app, &context).await?;
            let changes =
                terms_versions::changes(&app, &context, found.kind, &found.version, language).await?;
            let Some(changes) = changes else {
                bail!("there is no version before this one");
            };
            let json = json!({
                "before": changes.before.version,
                "after": changes.after.version,
                "language": changes.after.language,
                "parts": changes.difference.parts,
            });
            console.print(&json, difference(&changes.difference));
            Ok(())
        }
        Command::Publish {
            kind,
            directory,
            dry_run,
        } => {
            let new = read(&kind, &directory)?;
            if dry_run {
                return preview(console, &app, &context, &new).await;
            }
            let made = publications::publish(&app, &context, &new, None).await;
            print(console, &made.map_err(refused)?);
            Ok(())
        }
        Command::Schedule { kind, version, day } => {
            let of = (kind.as_str(), version.as_str());
            let moved = publications::reschedule(&app, &context, of, &day, None).await;
            print(console, &moved.map_err(refused)?);
            Ok(())
        }
        Command::Withdraw { kind, version } => {
            let of = (kind.as_str(), version.as_str());
            publications::withdraw(&app, &context, of, None)
                .await
                .map_err(refused)?;
            let json = json!({ "kind": kind, "version": version, "state": "withdrawn" });
            console.print(&json, format!("{kind} {version}  withdrawn"));
            Ok(())
        }
    }
}

/// Reads the files of a version.
fn read(kind: &str, directory: &Path) -> anyhow::Result<NewVersion> {
    let Some(kind) = DocumentKind::parse(kind) else {
        bail!("{kind} is neither terms nor privacy");
    };
    let place = || directory.display().to_string();
    let mut files = Texts::new();
    for entry in std::fs::read_dir(directory).with_context(place)? {
        let path = entry.with_context(place)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".md") {
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.insert(name, text);
        }
    }
    NewVersion::of_files(kind, files).map_err(|it| anyhow::anyhow!("{}: {it}", place()))
}

async fn preview(console: &Console, app: &App, context: &Context, new: &NewVersion) -> anyhow::Result<()> {
    let found = publications::preview(app, context, new, Language::En)
        .await
        .map_err(refused)?;
    let missing: Vec<&str> = found.missing.iter().map(|it| it.as_str()).collect();
    let people = found.people.map(|it| it.number);
    let day = found.text.effective_from.date_naive();
    let follows = found.follows.as_ref().map(|(before, _)| before.version.as_str());
    let json = json!({
        "kind": new.kind().as_str(),
        "version": new.name(),
        "effective": day,
        "in_force_at_once": found.is_in_force_at_once,
        "follows": follows,
        "missing": missing,
        "people": people,
        "parts": found.follows.as_ref().map(|(_, it)| &it.parts),
    });
    let mut text = format!("{} {}  from {day}", new.kind().as_str(), new.name());
    if let Some(people) = people {
        text.push_str(&format!(", to be accepted by {people}"));
    }
    if !missing.is_empty() {
        text.push_str(&format!(", lacks {}", missing.join(" ")));
    }
    if let Some((before, changes)) = &found.follows {
        text.push_str(&format!("\nafter {}\n{}", before.version, difference(changes)));
    }
    console.print(&json, text);
    Ok(())
}

fn print(console: &Console, version: &VersionView) {
    console.print(&in_json(version), in_words(version));
}

/// Says what is wrong with a version, or that none can be changed.
fn refused(error: Error) -> anyhow::Error {
    match error {
        Error::NotFound => anyhow::anyhow!("there is no such version; `terms list` names them"),
        Error::Conflict => anyhow::anyhow!(
            "a version that is or was in force stays, and one that a file has is changed there; or it has changed meanwhile"
        ),
        other => errors::in_words(other),
    }
}

impl Text {
    async fn find(&self, app: &App, context: &Context) -> anyhow::Result<(VersionView, Language)> {
        let Some(language) = Language::parse(&self.language) else {
            bail!("--language is none of ar, en, es, fr, ru, zh");
        };
        match terms_versions::find(app, context, &self.kind, &self.version).await {
            Ok(found) => Ok((found, language)),
            Err(Error::NotFound) => bail!("there is no such version; `terms list` names them"),
            Err(other) => Err(other.into()),
        }
    }
}

async fn list(
    console: &Console,
    app: &App,
    context: &Context,
    kind: &str,
    state: &str,
) -> anyhow::Result<()> {
    let mut page = 1;
    loop {
        let search = VersionSearch {
            kind,
            state,
            page,
            size: 100,
            ..VersionSearch::default()
        };
        let found = match terms_versions::list(app, context, search).await {
            Err(Error::Fields(wrong)) if wrong.keys().any(|it| *it == "kind") => {
                bail!("--kind is neither terms nor privacy")
            }
            Err(Error::Fields(_)) => bail!("--state is none of scheduled, in_force, former"),
            found => found?,
        };
        for version in &found.rows {
            print(console, version);
        }
        if found.page * found.size >= found.total {
            return Ok(());
        }
        page += 1;
    }
}

fn in_json(it: &VersionView) -> Value {
    let texts = it.texts.iter();
    let texts: Value = texts
        .map(|it| json!({ "language": it.language, "sha256": it.sha256 }))
        .collect();
    json!({
        "kind": it.kind.as_str(),
        "version": it.version,
        "state": it.state.as_str(),
        "effective": it.effective_from.date_naive(),
        "until": it.until.map(|it| it.date_naive()),
        "source": it.source.as_str(),
        "published_at": it.publication.as_ref().map(|it| it.at),
        "published_by": it.publication.as_ref().and_then(|it| it.by.as_ref()).map(ToString::to_string),
        "texts": texts,
        "missing": it.missing,
        "accepted": it.accepted.map(|it| it.number),
        "yet_to_accept": it.yet_to_accept,
        "counted_at": it.accepted.map(|it| it.at),
    })
}

fn in_words(it: &VersionView) -> String {
    let number =
        |number: Option<u64>, words: &str| number.map_or_else(String::new, |it| format!(", {words} {it}"));
    let missing: Vec<&str> = it.missing.iter().map(|it| it.as_str()).collect();
    let missing = if missing.is_empty() {
        String::new()
    } else {
        format!(", lacks {}", missing.join(" "))
    };
    format!(
        "{} {}  {}, from {}{}{}{missing}",
        it.kind.as_str(),
        it.version,
        it.state.as_str(),
        it.effective_from.date_naive(),
        number(it.accepted.map(|it| it.number), "accepted by"),
        number(it.yet_to_accept, "yet to be accepted by"),
    )
}

/// Writes the difference as a patch does: a sign before each part, and around the words of a part that changed.
fn difference(difference: &DocumentDifference) -> String {
    if difference.is_empty() {
        return "no difference".to_owned();
    }
    let mut lines = Vec::new();
    for part in &difference.parts {
        if part.skipped > 0 {
            lines.push(skipped(part.skipped));
        }
        lines.push(line(part));
    }
    if difference.skipped > 0 {
        lines.push(skipped(difference.skipped));
    }
    lines.join("\n")
}

fn skipped(number: usize) -> String {
    format!("@ the same: {number}")
}

fn line(part: &Part) -> String {
    let sign = match part.change {
        "removed" => '-',
        "added" => '+',
        "changed" => '~',
        _ => ' ',
    };
    let words = part.pieces.iter().map(|it| match it.change {
        Change::Removed if part.change == "changed" => format!("[-{}-]", it.text),
        Change::Added if part.change == "changed" => format!("{{+{}+}}", it.text),
        _ => it.text.clone(),
    });
    let mark = match part.form {
        "heading" => "## ",
        "item" => "- ",
        _ => "",
    };
    format!("{sign} {mark}{}", words.collect::<String>())
}
