//! `terms`: the versions of the Terms of Use and of the Privacy Notice, who accepted them, the text of one and what changed in it.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::console::Console;
use crate::accounts::Error;
use crate::accounts::terms_versions::{self, VersionSearch, VersionView};
use crate::app::App;
use crate::clock::Clock;
use crate::domain::actor::Context;
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
            console.print(&in_json(version), in_words(version));
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
