//! `/api/v1/terms`: the versions of the Terms of Use and of the Privacy Notice, who accepted them, their texts and what changed from
//! one to the next; a new version, another day for one whose day is to come, and its end. `accounts::terms_versions` and
//! `accounts::publications` carry it out.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply, bad};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::accounts::Error;
use crate::accounts::publication_draft::{Draft, DraftText, NewVersion};
use crate::accounts::publications;
use crate::accounts::terms_versions::{self, VersionSearch, VersionState, VersionView};
use crate::domain::document_difference::{DocumentDifference, Part};
use crate::domain::powers::{Area, Power};
use crate::domain::profile::Language;
use crate::http::extract::form::TABLE_BODY;
use crate::http::problem::Problem;
use crate::paths;

const READ: Power = Power::Read(Area::Operations);
const CHANGE: Power = Power::Change(Area::Operations);

const KINDS: &[&str] = &["terms", "privacy"];
const STATES: &[&str] = &[
    VersionState::Scheduled.as_str(),
    VersionState::InForce.as_str(),
    VersionState::Former.as_str(),
];
const LANGUAGES: &[&str] = &["ar", "en", "es", "fr", "ru", "zh"];

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists the versions of the Terms of Use and of the Privacy Notice, the newest first",
        query: &[
            Parameter::text("q", 32, "A part of the version's name."),
            Parameter::choice("kind", KINDS, "The document."),
            Parameter::choice("state", STATES, "Those in this state."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<TermsVersion>()),
        page: Door::At(paths::ADMIN_TERMS),
        command: Door::At("terms list"),
        ..Operation::reading("listTermsVersions", "/api/v1/terms", READ, |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        summary: "Reads a version with its text in a language",
        query: &[LANGUAGE],
        answer: Answer::One(Model::of::<TermsVersionDetail>()),
        page: Door::At(paths::ADMIN_TERMS_VERSION),
        command: Door::At("terms show"),
        ..Operation::reading("readTermsVersion", paths::API_TERMS_VERSION, READ, |call| {
            Box::pin(read(call))
        })
    },
    Operation {
        summary: "Says what changed in a version since the one before, in a language",
        query: &[LANGUAGE],
        answer: Answer::One(Model::of::<TermsChanges>()),
        page: Door::At(paths::ADMIN_TERMS_VERSION),
        command: Door::At("terms diff"),
        ..Operation::reading(
            "compareTermsVersion",
            "/api/v1/terms/{kind}/{version}/changes",
            READ,
            |call| Box::pin(compare(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Publishes a version, which everybody is asked to accept from its day on",
        body: Some(Model::of::<NewTermsVersion>()),
        largest_body: TABLE_BODY,
        answer: Answer::Created(Model::of::<TermsVersion>()),
        page: Door::Each(&[paths::ADMIN_TERMS_NEW, paths::ADMIN_TERMS_NEW_CONFIRM]),
        command: Door::At("terms publish"),
        ..Operation::reading("publishTermsVersion", "/api/v1/terms", CHANGE, |call| {
            Box::pin(publish(call))
        })
    },
    Operation {
        verb: Verb::Patch,
        summary: "Gives a published version whose day is to come another day",
        body: Some(Model::of::<TermsDay>()),
        answer: Answer::One(Model::of::<TermsVersion>()),
        needs_version: true,
        page: Door::At(paths::ADMIN_TERMS_VERSION_CONFIRM),
        command: Door::At("terms schedule"),
        ..Operation::reading(
            "rescheduleTermsVersion",
            paths::API_TERMS_VERSION,
            CHANGE,
            |call| Box::pin(reschedule(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        summary: "Withdraws a published version whose day is to come, with its texts",
        needs_version: true,
        page: Door::At(paths::ADMIN_TERMS_VERSION_CONFIRM),
        command: Door::At("terms withdraw"),
        ..Operation::reading("withdrawTermsVersion", paths::API_TERMS_VERSION, CHANGE, |call| {
            Box::pin(withdraw(call))
        })
    },
];

const LANGUAGE: Parameter = Parameter::choice(
    "language",
    LANGUAGES,
    "The language of the text, English if it is left out; a version that lacks it is in English.",
);

#[derive(Serialize, ToSchema)]
struct TermsVersion {
    /// `terms` or `privacy`
    kind: &'static str,
    version: String,
    /// `scheduled`, `in_force` or `former`
    state: &'static str,
    /// The first day, in UTC
    effective: NaiveDate,
    /// The day on which the next version replaced or will replace it
    until: Option<NaiveDate>,
    /// Where it comes from: `program`, or `directory` for the one that `[site] documents` names, `published`
    source: &'static str,
    /// The time at which it was published; null if it comes from a file
    published_at: Option<DateTime<Utc>>,
    /// The account of the administrator who published it, if it was one
    published_by: Option<String>,
    texts: Vec<TermsText>,
    /// The languages that it lacks
    missing: Vec<&'static str>,
    /// The number of people who accepted it, at the time of `counted_at`
    accepted: Option<u64>,
    /// The number of people who have yet to accept it; of the version in force only
    yet_to_accept: Option<u64>,
    counted_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct TermsText {
    language: &'static str,
    sha256: String,
}

#[derive(Serialize, ToSchema)]
struct TermsVersionDetail {
    #[serde(flatten)]
    version: TermsVersion,
    /// The language of the text
    language: &'static str,
    /// What is new in it, in one sentence; the first version has none
    changed: Option<String>,
    /// The file of the text, whose SHA-256 is that of its language
    text: String,
}

#[derive(Serialize, ToSchema)]
struct TermsChanges {
    /// The language of the text
    language: &'static str,
    /// The version before; null for the first one
    before: Option<String>,
    /// The parts that differ, each with the one before and after it
    parts: Vec<ChangedPart>,
}

#[derive(Serialize, ToSchema)]
struct ChangedPart {
    /// `heading`, `paragraph` or `item`
    form: &'static str,
    /// `same`, `removed`, `added` or `changed`
    change: &'static str,
    pieces: Vec<ChangedWords>,
    /// The number of parts before it that stayed the same and are left out
    skipped: usize,
}

#[derive(Serialize, ToSchema)]
struct ChangedWords {
    /// `same`, `removed` or `added`
    change: &'static str,
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTermsVersion {
    /// `terms` or `privacy`
    kind: String,
    /// 1 to 32 letters, digits, full stops and hyphens
    #[schema(min_length = 1, max_length = 32)]
    version: String,
    /// The first day, in UTC: today, which brings it into force at once, or a later one
    effective: NaiveDate,
    /// English is needed; a language that is missing is shown in English.
    texts: Vec<NewTermsText>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTermsText {
    /// `ar`, `en`, `es`, `fr`, `ru` or `zh`
    language: String,
    /// What is new in it, in one sentence
    #[schema(min_length = 1, max_length = 500)]
    changed: String,
    /// Headings (`## `), list items (`- `) and paragraphs, with an empty line between them
    #[schema(min_length = 1, max_length = 40_000)]
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TermsDay {
    /// The first day, in UTC
    effective: NaiveDate,
}

impl From<&VersionView> for TermsVersion {
    fn from(it: &VersionView) -> Self {
        Self {
            kind: it.kind.as_str(),
            version: it.version.clone(),
            state: it.state.as_str(),
            effective: it.effective_from.date_naive(),
            until: it.until.map(|it| it.date_naive()),
            source: it.source.as_str(),
            published_at: it.publication.as_ref().map(|it| it.at),
            published_by: it
                .publication
                .as_ref()
                .and_then(|it| Some(it.by.as_ref()?.to_string())),
            texts: it
                .texts
                .iter()
                .map(|text| TermsText {
                    language: text.language.as_str(),
                    sha256: text.sha256.clone(),
                })
                .collect(),
            missing: it.missing.iter().map(|it| it.as_str()).collect(),
            accepted: it.accepted.map(|it| it.number),
            yet_to_accept: it.yet_to_accept,
            counted_at: it.accepted.map(|it| it.at),
        }
    }
}

impl From<Part> for ChangedPart {
    fn from(part: Part) -> Self {
        let pieces = part.pieces.into_iter().map(|it| ChangedWords {
            change: it.change.as_str(),
            text: it.text,
        });
        Self {
            form: part.form,
            change: part.change,
            pieces: pieces.collect(),
            skipped: part.skipped,
        }
    }
}

async fn list(call: Call) -> Outcome {
    let slice = call.slice()?;
    let search = VersionSearch {
        text: call.given("q"),
        kind: call.given("kind"),
        state: call.given("state"),
        page: slice.page,
        size: slice.size,
    };
    let found = terms_versions::list(&call.app, &call.context, search).await?;
    let is_after_end = found.page < slice.page;
    let rows = found.rows.iter().filter(|_| !is_after_end);
    let rows: Vec<TermsVersion> = rows.map(TermsVersion::from).collect();
    call.list(rows, call.next_page(slice, found.total), Some(found.total))
}

async fn find(call: &Call) -> Result<VersionView, Error> {
    let (kind, version) = (call.in_path("kind"), call.in_path("version"));
    terms_versions::find(&call.app, &call.context, kind, version).await
}

fn language(call: &Call) -> Result<Language, Problem> {
    match call.given("language") {
        "" => Ok(Language::En),
        typed => Language::parse(typed).ok_or_else(|| bad("language")),
    }
}

async fn read(call: Call) -> Outcome {
    let language = language(&call)?;
    let found = find(&call).await?;
    let text = terms_versions::text(&call.app, &call.context, found.kind, &found.version, language).await?;
    let file = terms_versions::file(&call.app, &text).ok_or(Error::NotFound)?;
    let reply = Reply::one(&TermsVersionDetail {
        version: TermsVersion::from(&found),
        language: text.language.as_str(),
        changed: text.changed.clone(),
        text: file,
    })?;
    Ok(stated(reply, &found))
}

/// States the version that a change names, of what can be changed. All versions of both documents share it: what is judged with
/// one is its place among the others.
fn stated(reply: Reply, of: &VersionView) -> Reply {
    if of.can_be_changed() {
        reply.at_version(&of.generation.to_string())
    } else {
        reply
    }
}

async fn compare(call: Call) -> Outcome {
    let language = language(&call)?;
    let found = find(&call).await?;
    let (app, context) = (&call.app, &call.context);
    let text = terms_versions::text(app, context, found.kind, &found.version, language).await?;
    let changes = terms_versions::changes(app, context, found.kind, &found.version, language).await?;
    let before = changes.as_ref().map(|it| it.before.version.clone());
    let difference = changes.map_or_else(DocumentDifference::default, |it| it.difference);
    Reply::one(&TermsChanges {
        language: text.language.as_str(),
        before,
        parts: difference.parts.into_iter().map(ChangedPart::from).collect(),
    })
}

async fn publish(call: Call) -> Outcome {
    let body: NewTermsVersion = call.read()?;
    let mut texts = BTreeMap::new();
    for it in body.texts {
        let text = DraftText {
            changed: it.changed,
            text: it.text,
        };
        if texts.insert(it.language, text).is_some() {
            return Err(Problem::of_member("texts", "has a language twice"));
        }
    }
    let draft = Draft {
        kind: body.kind,
        version: body.version,
        effective: body.effective.to_string(),
        texts,
    };
    let new = NewVersion::typed(&draft).map_err(Error::Fields)?;
    let made = publications::publish(&call.app, &call.context, &new, None).await?;
    let location = paths::api_terms_version(made.kind.as_str(), &made.version);
    let reply = Reply::created(&TermsVersion::from(&made), Some(location))?;
    Ok(stated(reply, &made))
}

/// Finds the version in the state of the documents that the request names.
async fn seen(call: &Call) -> Result<VersionView, Problem> {
    let found = find(call).await?;
    if found.can_be_changed() {
        call.require_version(&found.generation.to_string())?;
    }
    Ok(found)
}

async fn reschedule(call: Call) -> Outcome {
    let found = seen(&call).await?;
    let TermsDay { effective } = call.read()?;
    let version = (found.kind.as_str(), found.version.as_str());
    let seen = Some(found.generation);
    let moved =
        publications::reschedule(&call.app, &call.context, version, &effective.to_string(), seen).await?;
    let reply = Reply::one(&TermsVersion::from(&moved))?;
    Ok(stated(reply, &moved))
}

async fn withdraw(call: Call) -> Outcome {
    let found = seen(&call).await?;
    let version = (found.kind.as_str(), found.version.as_str());
    let seen = Some(found.generation);
    publications::withdraw(&call.app, &call.context, version, seen).await?;
    Ok(Reply::done())
}
