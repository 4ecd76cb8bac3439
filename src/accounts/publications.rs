//! Publishes versions of the Terms of Use and of the Privacy Notice, gives another day to those whose day is to come, and
//! withdraws them (security.md AD-13). Pages, the command line, the API and `deployment` call it. Which versions there are is in
//! `terms_versions`; what a person has to accept of them is in `terms`.
//!
//! A text that anybody may have accepted is never changed: what is or was in force stays.

use std::sync::Arc;

use chrono::{Months, NaiveDate, NaiveTime};
use serde_json::{Value, json};

use super::publication_draft::{NewVersion, parse_day};
use super::terms_versions::{self, VersionView};
use super::{Error, Result};
use crate::app::{App, Tx};
use crate::documents::{Documents, Version};
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::document::{Document, DocumentKind, Publication, Texts, moved_to};
use crate::domain::document_difference::DocumentDifference;
use crate::domain::event::{Action, Event};
use crate::domain::message::FieldErrors;
use crate::domain::powers::Area;
use crate::domain::profile::Language;
use crate::storage::acceptance_counts::{self, Count, Counted};
use crate::storage::{acceptances, published_documents};

/// The longest time before the day of a version.
const FURTHEST: Months = Months::new(12);

/// Which days a version can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// Today, which brings it into force at once, or a day of the coming year.
    ToCome,
    /// Any day: a deployment is made again from files, with the versions that it had.
    Any,
}

/// What publishing a version would do, as of a state of the documents that the order names again.
#[derive(Debug)]
pub struct Preview {
    pub generation: i64,
    /// The text in the language that was asked for, or in English.
    pub text: Arc<Document>,
    /// The version that it follows, in the same language, and what changes.
    pub follows: Option<(Arc<Document>, DocumentDifference)>,
    pub missing: Vec<Language>,
    /// The people who will be asked to accept it; `None` before the first count.
    pub people: Option<Count>,
    /// `true` if its day has come.
    pub is_in_force_at_once: bool,
}

/// Says what publishing would do, and refuses what `publish` would.
pub async fn preview(app: &App, context: &Context, new: &NewVersion, language: Language) -> Result<Preview> {
    require(app, context).await?;
    let documents = app.documents_in(app.db.read()).await?;
    let now = app.clock.now();
    judge(&documents, new, Days::ToCome, now).map_err(Error::Fields)?;
    let version = new.version();
    let text = Arc::clone(version.text(language));
    let follows = follows(&documents, version).map(|it| {
        let before = Arc::clone(it.text(language));
        let difference = DocumentDifference::between(&before.blocks, &text.blocks);
        (before, difference)
    });
    let is_missing = |it: &Language| version.text(*it).language != *it;
    Ok(Preview {
        generation: documents.generation(),
        follows,
        missing: Language::ALL.iter().copied().filter(is_missing).collect(),
        people: count_people(app).await?,
        is_in_force_at_once: version.is_in_force(now),
        text,
    })
}

/// Returns the number of accounts, as it was counted last.
pub async fn count_people(app: &App) -> Result<Option<Count>> {
    let label = Counted::Accounts.label();
    let counts = acceptance_counts::list(app.db.read(), std::slice::from_ref(&label)).await?;
    Ok(counts.get(&label).copied())
}

/// Publishes a version, if the documents still are in the state that was seen.
pub async fn publish(
    app: &App,
    context: &Context,
    new: &NewVersion,
    seen: Option<i64>,
) -> Result<VersionView> {
    require(app, context).await?;
    app.write(context, async |tx| -> Result<()> {
        begin(tx, seen).await?;
        publish_in(tx, new, Days::ToCome).await
    })
    .await?;
    find(app, context, new.kind().as_str(), new.name()).await
}

/// Publishes a version within a transaction of the caller, who refreshes the documents after the commit, and has called
/// [`begin`].
pub async fn publish_in(tx: &Tx, new: &NewVersion, days: Days) -> Result<()> {
    let documents = tx.app().documents_in(tx).await?;
    judge(&documents, new, days, tx.now()).map_err(Error::Fields)?;
    let english = new.version().english();
    let published = new.published(Publication {
        by: tx.context().actor.account().cloned(),
        at: tx.now(),
    });
    if !published_documents::insert(tx, &published, english.effective_from).await? {
        return Err(Error::Conflict);
    }
    record(
        tx,
        Action::DocumentPublished,
        (new.kind(), new.name()),
        (Value::Null, describe(new.version())),
    )
    .await
}

/// Begins a change of the documents: what is published at the same time waits until the transaction ends. Refuses it if
/// somebody else has changed them since `seen`.
pub async fn begin(tx: &Tx, seen: Option<i64>) -> Result<()> {
    if published_documents::begin_change(tx, seen).await? {
        Ok(())
    } else {
        Err(Error::Conflict)
    }
}

/// Refuses a version of which the documents have another of its name or of its day, or the same text already.
pub fn judge(documents: &Documents, new: &NewVersion, days: Days, now: Time) -> Result<(), FieldErrors> {
    let (kind, version) = (new.kind(), new.version());
    let mut wrong = FieldErrors::new();
    if documents.version(kind, new.name()).is_some() {
        wrong.insert("version", "error.version_taken");
    }
    let day = version.english().effective_from.date_naive();
    if let Err(message) = judge_day(documents, kind, None, day, days, now) {
        wrong.insert("effective", message);
    }
    let is_same = |before: &Arc<Version>| {
        let mut languages = Language::ALL.iter();
        languages.all(|it| before.text(*it).blocks == version.text(*it).blocks)
    };
    if follows(documents, version).is_some_and(is_same) {
        wrong.insert("texts.en.text", "error.version_same");
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Refuses a day that is over, too far, or that of a version other than `except`.
fn judge_day(
    documents: &Documents,
    kind: DocumentKind,
    except: Option<&str>,
    day: NaiveDate,
    days: Days,
    now: Time,
) -> Result<(), &'static str> {
    let today = now.date_naive();
    if days == Days::ToCome {
        if day < today {
            return Err("error.date_past");
        }
        if today.checked_add_months(FURTHEST).is_none_or(|it| day > it) {
            return Err("error.date_far");
        }
    }
    let mut others = documents.versions(kind).iter().map(|it| it.english());
    let is_taken =
        others.any(|it| except != Some(it.version.as_str()) && it.effective_from.date_naive() == day);
    if is_taken {
        return Err("error.version_day");
    }
    Ok(())
}

/// Returns the version that takes effect last before another.
fn follows<'a>(documents: &'a Documents, version: &Version) -> Option<&'a Arc<Version>> {
    let english = version.english();
    let mut newest_first = documents.versions(english.kind).iter().rev();
    newest_first.find(|it| it.english().effective_from < english.effective_from)
}

/// Gives a version whose day is to come another day. The same day changes nothing.
pub async fn reschedule(
    app: &App,
    context: &Context,
    (kind, version): (&str, &str),
    typed: &str,
    seen: Option<i64>,
) -> Result<VersionView> {
    require(app, context).await?;
    let day = parse_day(typed).map_err(|it| Error::field("effective", it))?;
    let kind = find(app, context, kind, version).await?.kind;
    app.write(context, async |tx| -> Result<()> {
        begin(tx, seen).await?;
        let documents = tx.app().documents_in(tx).await?;
        let before = scheduled(tx, &documents, kind, version).await?;
        if before.english().effective_from.date_naive() == day {
            return Ok(());
        }
        judge_day(&documents, kind, Some(version), day, Days::ToCome, tx.now())
            .map_err(|it| Error::field("effective", it))?;
        let files = before.files().iter();
        let files: Texts = files
            .map(|(name, text)| (name.clone(), moved_to(day, text)))
            .collect();
        let after = Version::read(kind, files).map_err(Error::failed)?;
        let from = day.and_time(NaiveTime::MIN).and_utc();
        if !published_documents::reschedule(tx, (kind, version), from, after.files(), tx.now()).await? {
            return Err(Error::Conflict);
        }
        record(
            tx,
            Action::DocumentRescheduled,
            (kind, version),
            (describe(&before), describe(&after)),
        )
        .await
    })
    .await?;
    find(app, context, kind.as_str(), version).await
}

/// Withdraws a version whose day is to come, with its texts.
pub async fn withdraw(
    app: &App,
    context: &Context,
    (kind, version): (&str, &str),
    seen: Option<i64>,
) -> Result<()> {
    require(app, context).await?;
    let kind = find(app, context, kind, version).await?.kind;
    app.write(context, async |tx| -> Result<()> {
        begin(tx, seen).await?;
        let documents = tx.app().documents_in(tx).await?;
        let before = scheduled(tx, &documents, kind, version).await?;
        if !published_documents::delete_scheduled(tx, (kind, version), tx.now()).await? {
            return Err(Error::Conflict);
        }
        record(
            tx,
            Action::DocumentWithdrawn,
            (kind, version),
            (describe(&before), Value::Null),
        )
        .await
    })
    .await?;
    app.refresh_documents().await?;
    Ok(())
}

/// Returns a published version whose day is to come, and that nobody can have accepted: also not at a node whose clock is
/// ahead.
async fn scheduled(
    tx: &Tx,
    documents: &Documents,
    kind: DocumentKind,
    version: &str,
) -> Result<Arc<Version>> {
    let found = documents.version(kind, version).ok_or(Error::NotFound)?;
    let may_change = found.publication().is_some() && !found.is_in_force(tx.now());
    if !may_change || acceptances::exist(tx, kind, version).await? {
        return Err(Error::Conflict);
    }
    Ok(Arc::clone(found))
}

/// Describes a version for the audit trail and for a difference: its day, and the digest of each text.
pub fn describe(version: &Version) -> Value {
    let texts = Language::ALL.iter().filter_map(|language| {
        let text = version.text(*language);
        let is_there = text.language == *language;
        is_there.then(|| (language.as_str().to_owned(), Value::from(text.sha256.clone())))
    });
    json!({
        "effective": version.english().effective_from.date_naive(),
        "texts": texts.collect::<serde_json::Map<_, _>>(),
    })
}

async fn record(
    tx: &Tx,
    action: Action,
    (kind, version): (DocumentKind, &str),
    (before, after): (Value, Value),
) -> Result<()> {
    let object = format!("document:{}/{version}", kind.as_str());
    Ok(tx
        .record(Event::new(action, object).change(before, after))
        .await?)
}

/// Refuses everybody but administrators whose office is open, programs with the power, and the operator.
async fn require(app: &App, context: &Context) -> Result<()> {
    let may = context.actor.administers(Area::Operations);
    terms_versions::require(app, context, may).await
}

/// Finds a version as the database has it now: another node may just have published it.
async fn find(app: &App, context: &Context, kind: &str, version: &str) -> Result<VersionView> {
    app.refresh_documents().await?;
    terms_versions::find(app, context, kind, version).await
}
