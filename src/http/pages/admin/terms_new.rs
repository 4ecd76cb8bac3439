//! `/admin/terms/new`: a version of the Terms of Use or of the Privacy Notice that an administrator writes, in up to six
//! languages. What it changes, and who will be asked to accept it, is shown before it is published. What a text may be is decided
//! in `accounts::publication_draft`, the rest in `accounts::publications`.
//!
//! Between the two steps the texts are kept sealed, for their administrator alone.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::accounts::Error;
use crate::accounts::publication_draft::{
    Draft, DraftText, LONGEST_CHANGED, LONGEST_TEXT, MOST_LINES, NewVersion, fields,
};
use crate::accounts::publications;
use crate::domain::message::FieldErrors;
use crate::domain::profile::Language;
use crate::domain::secret::Digest;
use crate::http::outcome::Outcome;
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm, documents, refused};
use crate::i18n::Locale;
use crate::paths;
use crate::sealed::{self, Purpose};
use crate::templates::FormState;
use crate::templates::pages::{AdminTermsNew, AdminTermsPreview, TermsFields, VersionDifference};

/// The time for which texts wait to be published.
const KEPT: Duration = Duration::from_mins(30);

/// The form, whose texts are fields by language.
#[derive(Debug)]
pub struct Typed(Draft);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut values = BTreeMap::<String, String>::deserialize(from)?;
        let mut take = |name: &str| values.remove(name).unwrap_or_default();
        let (kind, version, effective) = (take("kind"), take("version"), take("effective"));
        let mut texts = BTreeMap::new();
        for language in Language::ALL {
            let [changed, text] = fields(*language);
            let (changed, text) = (take(changed), take(text));
            texts.insert(language.as_str().to_owned(), DraftText { changed, text });
        }
        if let Some(name) = values.keys().next() {
            return Err(D::Error::custom(format!("there is no field {name}"))); // G-2
        }
        Ok(Self(Draft {
            kind,
            version,
            effective,
            texts,
        }))
    }
}

/// Writes a draft as the values of the form.
fn form_of(draft: &Draft) -> FormState {
    let mut form = FormState::new([
        ("kind", draft.kind.as_str()),
        ("version", draft.version.as_str()),
        ("effective", draft.effective.as_str()),
    ]);
    for language in Language::ALL {
        let [changed, text] = fields(*language);
        if let Some(typed) = draft.texts.get(language.as_str()) {
            form.values.insert(changed.to_owned(), typed.changed.clone());
            form.values.insert(text.to_owned(), typed.text.clone());
        }
    }
    form
}

pub async fn show(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let draft = find(&ctx, query.get("draft")).await?.unwrap_or_default();
    let page = AdminTermsNew {
        form: ctx.form_or(form_of(&draft)),
        languages: languages(),
        longest_changed: LONGEST_CHANGED,
        longest_text: LONGEST_TEXT as u64,
        most_lines: MOST_LINES as u64,
    };
    ctx.page(&page).await
}

/// Lists the languages, that of the text that is needed before the others.
fn languages() -> Vec<TermsFields> {
    let mut all: Vec<Language> = Language::ALL.to_vec();
    all.sort_by_key(|it| *it != Language::En);
    let fields = all.into_iter().map(|language| {
        let [changed, text] = fields(language);
        TermsFields {
            code: language.as_str(),
            dir: Locale::from(language).direction(),
            changed,
            text,
        }
    });
    fields.collect()
}

/// Judges the texts, and keeps sound ones for the page that shows what they change.
pub async fn read(form: PageForm<Typed>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let Typed(draft) = fields;
    let new = match NewVersion::typed(&draft) {
        Ok(new) => new,
        Err(wrong) => return ctx.again(refused(typed, wrong)).await,
    };
    let context = ctx.actor_context();
    match publications::preview(&ctx.app, &context, &new, Language::En).await {
        Ok(_) => {
            let name = keep(&ctx, &draft).await?;
            Ok(ctx.redirect(&confirmation(&name)))
        }
        Err(Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(other) => Err(other.into()),
    }
}

fn confirmation(draft: &str) -> String {
    paths::with_parameter(paths::ADMIN_TERMS_NEW_CONFIRM, "draft", draft)
}

/// Shows what publishing would do, with the text in the language of `language`, or of the page.
pub async fn confirm(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let name = query.get("draft");
    let Some(draft) = find(&ctx, name).await? else {
        return ctx.failed(paths::ADMIN_TERMS_NEW, "terms_expired").await;
    };
    let language = match query.get("language") {
        "" => documents::language(&ctx),
        typed => Language::parse(typed).ok_or(PageError::NotFound)?,
    };
    let new = match NewVersion::typed(&draft) {
        Ok(new) => new,
        Err(wrong) => return again(&ctx, &draft, wrong).await,
    };
    let found = match publications::preview(&ctx.app, &ctx.actor_context(), &new, language).await {
        Ok(found) => found,
        // The documents have changed since, so that it no longer fits.
        Err(Error::Fields(wrong)) => return again(&ctx, &draft, wrong).await,
        Err(other) => return Err(other.into()),
    };
    let written_in = Locale::from(found.text.language);
    let page = AdminTermsPreview {
        draft: name.to_owned(),
        seen: found.generation.to_string(),
        kind: new.kind().as_str(),
        version: new.name().to_owned(),
        effective_from: found.text.effective_from,
        is_in_force_at_once: found.is_in_force_at_once,
        people: found.people.map(|it| it.number),
        missing: found.missing.iter().map(|it| it.as_str()).collect(),
        languages: languages().iter().map(|it| it.code).collect(),
        language: language.as_str(),
        written_in: written_in.as_str(),
        dir: written_in.direction(),
        changed: found.text.changed.clone(),
        blocks: found.text.blocks.clone(),
        changes: found.follows.map(|(before, difference)| VersionDifference {
            before: before.version.clone(),
            difference,
        }),
    };
    ctx.page(&page).await
}

/// Shows the form again, with what is wrong.
async fn again(ctx: &PageContext, draft: &Draft, wrong: FieldErrors) -> Result<Response, PageError> {
    let form = refused(form_of(draft), wrong);
    let outcome = Outcome::refused(StatusCode::UNPROCESSABLE_ENTITY, form);
    ctx.show_at(paths::ADMIN_TERMS_NEW, outcome).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Confirmation {
    draft: String,
    /// The state of the documents that the page was about.
    seen: String,
}

/// Publishes the texts, if that still does what was shown.
pub async fn publish(form: PageForm<Confirmation>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let Some(draft) = find(&ctx, &fields.draft).await? else {
        return ctx.failed(paths::ADMIN_TERMS_NEW, "terms_expired").await;
    };
    let new = match NewVersion::typed(&draft) {
        Ok(new) => new,
        Err(wrong) => return again(&ctx, &draft, wrong).await,
    };
    // A number that is none was never that of the documents.
    let seen = Some(fields.seen.parse().unwrap_or(-1));
    match publications::publish(&ctx.app, &ctx.actor_context(), &new, seen).await {
        Ok(made) => {
            let to = paths::admin_terms_version(made.kind.as_str(), &made.version);
            ctx.done(&to, "terms_published").await
        }
        Err(Error::Fields(wrong)) => again(&ctx, &draft, wrong).await,
        Err(Error::Conflict) => ctx.failed(&confirmation(&fields.draft), "terms_changed").await,
        Err(other) => Err(other.into()),
    }
}

/// Names the texts of one administrator.
fn key(ctx: &PageContext, name: &str) -> String {
    let context = ctx.actor_context();
    let account = context.actor.account().map_or("", |it| it.as_str());
    format!("{account}\n{name}")
}

/// Keeps a draft under its digest: sent twice, it is one.
async fn keep(ctx: &PageContext, draft: &Draft) -> Result<String, PageError> {
    let text = serde_json::to_string(draft).map_err(PageError::internal)?;
    let name = Digest::of(text.as_bytes()).as_str().to_owned();
    sealed::put(&ctx.app, Purpose::TermsDraft, &key(ctx, &name), draft, KEPT).await?;
    Ok(name)
}

async fn find(ctx: &PageContext, name: &str) -> Result<Option<Draft>, PageError> {
    if name.is_empty() {
        return Ok(None);
    }
    Ok(sealed::get(&ctx.app, Purpose::TermsDraft, &key(ctx, name)).await?)
}
