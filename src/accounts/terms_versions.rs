//! The versions of the Terms of Use and of the Privacy Notice for those who operate the platform: which is in force, which was and
//! which will be, in which languages, how many people accepted each, and what changed from one to the next. Who may is decided
//! here; `publications` changes them. Where the texts come from is in `documents`; `terms` says what a person has to accept.
//!
//! Numbers are counted by a job, part by part along an index, and kept with their time: no page counts a million rows.

use std::sync::Arc;

use chrono::Duration;

use super::second_factor::policy;
use super::{Error, Result};
use crate::app::App;
use crate::documents::{Documents, Source, Version};
use crate::domain::Time;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::document::{Document, DocumentKind, Publication};
use crate::domain::document_difference::DocumentDifference;
use crate::domain::organization::words;
use crate::domain::powers::Area;
use crate::domain::profile::Language;
use crate::storage::acceptance_counts::{self, Count, Counted};
use crate::storage::batches::pause;
use crate::storage::{accounts, cache_versions};

/// The time between two counts.
const COUNT_EVERY: Duration = Duration::minutes(10);
/// The rows of a page, 1 to 100; 0 is 25.
const PAGE: u64 = 25;
const LARGEST: u64 = 100;

words! {
    /// The state of a version at a time.
    VersionState {
        Scheduled = "scheduled",
        InForce = "in_force",
        Former = "former",
    }
}

/// What is sought, as it is typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct VersionSearch<'a> {
    /// A part of the version's name.
    pub text: &'a str,
    /// The name of a document; empty for both.
    pub kind: &'a str,
    /// The name of a state; empty for all.
    pub state: &'a str,
    pub page: u64,
    pub size: u64,
}

/// A version in one language.
#[derive(Clone, Debug)]
pub struct VersionText {
    pub language: Language,
    pub sha256: String,
}

/// A version.
#[derive(Clone, Debug)]
pub struct VersionView {
    pub kind: DocumentKind,
    pub version: String,
    pub effective_from: Time,
    /// The day on which the next one replaced or will replace it.
    pub until: Option<Time>,
    pub state: VersionState,
    pub source: Source,
    /// Who published it and when, if it does not come from a file.
    pub publication: Option<Publication>,
    /// The state of the documents that was read; a change names it.
    pub generation: i64,
    /// English first, which is the authoritative text, and shown where a language is missing.
    pub texts: Vec<VersionText>,
    pub missing: Vec<Language>,
    /// The people who accepted it; `None` before the first count.
    pub accepted: Option<Count>,
    /// The people who have yet to accept it, if it is in force.
    pub yet_to_accept: Option<u64>,
}

impl VersionView {
    /// Returns `true` if it can be given another day or be withdrawn: it was published, and its day is to come.
    pub fn can_be_changed(&self) -> bool {
        self.publication.is_some() && self.state == VersionState::Scheduled
    }
}

#[derive(Clone, Debug)]
pub struct VersionPage {
    pub rows: Vec<VersionView>,
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

/// Lists the versions of both documents, the newest first.
pub async fn list(app: &App, context: &Context, search: VersionSearch<'_>) -> Result<VersionPage> {
    require_reader(app, context).await?;
    let chosen = |typed: &str, name: &'static str, is_one: bool| {
        if typed.is_empty() || is_one {
            Ok(())
        } else {
            Err(Error::field(name, "error.choose"))
        }
    };
    let (kind, state) = (
        DocumentKind::parse(search.kind),
        VersionState::parse(search.state),
    );
    chosen(search.kind, "kind", kind.is_some())?;
    chosen(search.state, "state", state.is_some())?;
    let text = search.text.trim().to_lowercase();
    let mut found = all(app).await?;
    found.retain(|it| {
        kind.is_none_or(|kind| it.kind == kind)
            && state.is_none_or(|state| it.state == state)
            && it.version.to_lowercase().contains(&text)
    });
    let total = found.len() as u64;
    let size = if search.size == 0 {
        PAGE
    } else {
        search.size.min(LARGEST)
    };
    let page = search.page.clamp(1, total.div_ceil(size).max(1));
    let before = usize::try_from((page - 1) * size).unwrap_or(usize::MAX);
    let size_here = usize::try_from(size).unwrap_or(usize::MAX);
    Ok(VersionPage {
        rows: found.into_iter().skip(before).take(size_here).collect(),
        page,
        size,
        total,
    })
}

/// Finds a version.
pub async fn find(app: &App, context: &Context, kind: &str, version: &str) -> Result<VersionView> {
    require_reader(app, context).await?;
    let kind = DocumentKind::parse(kind).ok_or(Error::NotFound)?;
    let all = all(app).await?;
    let found = all
        .into_iter()
        .find(|it| it.kind == kind && it.version == version);
    found.ok_or(Error::NotFound)
}

/// Returns the person who published a version, if it was one whose account there is.
pub async fn publisher(app: &App, context: &Context, of: &VersionView) -> Result<Option<Account>> {
    require_reader(app, context).await?;
    match of.publication.as_ref().and_then(|it| it.by.as_ref()) {
        Some(account) => Ok(accounts::find(app.db.read(), account).await?),
        None => Ok(None),
    }
}

/// Returns the text of a version as people see it: in English where the language is missing.
pub async fn text(
    app: &App,
    context: &Context,
    kind: DocumentKind,
    version: &str,
    language: Language,
) -> Result<Arc<Document>> {
    require_reader(app, context).await?;
    let found = app.documents.current().find(kind, version, language);
    found.ok_or(Error::NotFound)
}

/// Returns the file that a text is of.
pub fn file(app: &App, of: &Document) -> Option<String> {
    let documents = app.documents.current();
    let version = documents.version(of.kind, &of.version)?;
    version
        .files()
        .get(&format!("{}.md", of.language.as_str()))
        .cloned()
}

/// What changed from the version before.
#[derive(Debug)]
pub struct VersionChanges {
    pub before: Arc<Document>,
    pub after: Arc<Document>,
    pub difference: DocumentDifference,
}

/// Compares a version with the one before, in a language, if there is one before.
pub async fn changes(
    app: &App,
    context: &Context,
    kind: DocumentKind,
    version: &str,
    language: Language,
) -> Result<Option<VersionChanges>> {
    let after = text(app, context, kind, version, language).await?;
    let documents = app.documents.current();
    let all = documents.list(kind, language);
    let mut older = all.skip_while(|it| it.version != version);
    Ok(older.nth(1).map(|before| VersionChanges {
        difference: DocumentDifference::between(&before.blocks, &after.blocks),
        before: Arc::clone(before),
        after,
    }))
}

async fn all(app: &App) -> Result<Vec<VersionView>> {
    let documents = app.documents.current();
    let labels: Vec<String> = counted(&documents, app.clock.now())
        .iter()
        .map(Counted::label)
        .collect();
    let counts = acceptance_counts::list(app.db.read(), &labels).await?;
    let mut found = Vec::new();
    for kind in DocumentKind::ALL {
        let mut until = None;
        for version in documents.versions(kind).iter().rev() {
            let view = view(&documents, version, app.clock.now());
            let label = Counted::Acceptances(kind, view.version.clone()).label();
            let accepted = counts.get(&label).copied();
            let people = counts.get(&Counted::Accounts.label());
            let both = people
                .zip(accepted)
                .filter(|_| view.state == VersionState::InForce);
            found.push(VersionView {
                until,
                accepted,
                yet_to_accept: both.map(|(all, accepted)| all.number.saturating_sub(accepted.number)),
                ..view
            });
            until = Some(version.english().effective_from);
        }
    }
    Ok(found)
}

/// Describes a version but for what depends on others, and for the people.
fn view(documents: &Documents, version: &Version, now: Time) -> VersionView {
    let english = version.english();
    let kind = english.kind;
    let in_force = documents.in_force(kind, Language::En, now);
    let state = if english.version == in_force.version {
        VersionState::InForce
    } else if version.is_in_force(now) {
        VersionState::Former
    } else {
        VersionState::Scheduled
    };
    let texts = Language::ALL.iter().filter_map(|language| {
        let text = version.text(*language);
        (text.language == *language).then(|| VersionText {
            language: *language,
            sha256: text.sha256.clone(),
        })
    });
    let mut texts: Vec<VersionText> = texts.collect();
    texts.sort_by_key(|it| it.language != Language::En);
    let is_there = |it: &Language| texts.iter().any(|text| text.language == *it);
    let missing = Language::ALL.iter().copied().filter(|it| !is_there(it)).collect();
    VersionView {
        kind,
        version: english.version.clone(),
        effective_from: english.effective_from,
        until: None,
        state,
        source: version.source(),
        publication: version.publication().cloned(),
        generation: documents.generation(),
        texts,
        missing,
        accepted: None,
        yet_to_accept: None,
    }
}

/// Returns all that is counted. Nobody can accept a version before its day.
fn counted(documents: &Documents, now: Time) -> Vec<Counted> {
    let mut all = vec![Counted::Accounts];
    for kind in DocumentKind::ALL {
        let begun = documents.versions(kind).iter().filter(|it| it.is_in_force(now));
        all.extend(begun.map(|it| Counted::Acceptances(kind, it.english().version.clone())));
    }
    all
}

/// Counts again what was counted ten minutes ago or longer. Of several nodes one does; the job calls this.
pub async fn count(app: &App) -> Result<u64> {
    let now = app.clock.now();
    if app.stopping.is_cancelled()
        || !cache_versions::take_turn(
            &app.db,
            cache_versions::ACCEPTANCES_COUNTED,
            now,
            now - COUNT_EVERY,
        )
        .await?
    {
        return Ok(0);
    }
    let mut done = 0;
    for counted in counted(&app.documents.current(), now) {
        let (mut number, mut after) = (0, Some(String::new()));
        while let Some(from) = after {
            if app.stopping.is_cancelled() {
                return Ok(done);
            }
            let begun = std::time::Instant::now();
            let (part, next) = acceptance_counts::count_part(app.db.read(), &counted, &from).await?;
            number += part;
            after = next;
            if after.is_some() {
                pause(begun).await;
            }
        }
        acceptance_counts::upsert(&app.db, &counted, Count { number, at: now }).await?;
        done += 1;
    }
    Ok(done)
}

/// Refuses whoever may not read what the platform runs on.
async fn require_reader(app: &App, context: &Context) -> Result<()> {
    require(app, context, context.actor.oversees(Area::Operations)).await
}

/// Refuses whoever may not, and whoever holds an office that is closed.
pub(super) async fn require(app: &App, context: &Context, may: bool) -> Result<()> {
    if !may {
        return Err(Error::NotFound);
    }
    if policy::closes_office(app, context).await? {
        return Err(Error::SecondFactorRequired);
    }
    Ok(())
}
