//! The Terms of Use and the Privacy Notice: the pages that show them, in every version; the page that asks to accept what
//! is new; and the page of a person who does not accept it, which leads to their data and out (product.md, step 3 d).

use std::sync::Arc;

use axum::response::Response;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::onward::{onward, page_of};
use super::{PageContext, PageError, PageForm, Tick};
use crate::accounts::{self, terms};
use crate::domain::document::{Document, DocumentKind};
use crate::domain::profile::Language;
use crate::domain::session::Due;
use crate::i18n::Locale;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AcceptTerms, ChangedDocument, DocumentPage, DocumentVersion, TermsRefused};

/// Returns the language of the page, for texts that are kept by language.
pub fn language(ctx: &PageContext) -> Language {
    Language::parse(ctx.locale().as_str()).unwrap_or(Language::En)
}

pub async fn terms(ctx: PageContext) -> Result<Response, PageError> {
    show(&ctx, DocumentKind::Terms).await
}

pub async fn privacy(ctx: PageContext) -> Result<Response, PageError> {
    show(&ctx, DocumentKind::Privacy).await
}

/// Shows the version in force, or the one that the address names.
async fn show(ctx: &PageContext, kind: DocumentKind) -> Result<Response, PageError> {
    let (documents, language, now) = (ctx.app.documents.current(), language(ctx), ctx.app.clock.now());
    let in_force = documents.in_force(kind, language, now);
    let document = match ctx.query("version") {
        Some(version) => documents
            .find(kind, &version, language)
            .ok_or(PageError::NotFound)?,
        None => Arc::clone(&in_force),
    };
    let all: Vec<&Arc<Document>> = documents.list(kind, language).collect();
    let place = all
        .iter()
        .position(|it| it.version == document.version)
        .unwrap_or_default();
    let written_in = Locale::from(document.language);
    let page = DocumentPage {
        kind: kind.as_str(),
        version: document.version.clone(),
        effective_from: document.effective_from,
        state: if document.version == in_force.version {
            "in_force"
        } else if document.is_in_force(now) {
            "past"
        } else {
            "coming"
        },
        until: place.checked_sub(1).map(|newer| all[newer].effective_from),
        changed: document.changed.clone(),
        blocks: document.blocks.clone(),
        language: written_in.as_str(),
        dir: written_in.direction(),
        announced: documents.announced(kind, language, now).map(|it| version(&it)),
        versions: all.into_iter().map(|it| version(it)).collect(),
    };
    ctx.page(&page).await
}

fn version(document: &Document) -> DocumentVersion {
    DocumentVersion {
        kind: document.kind.as_str(),
        version: document.version.clone(),
        effective_from: document.effective_from,
    }
}

/// Returns the versions that will take effect, of both documents.
pub fn announced(ctx: &PageContext) -> Vec<DocumentVersion> {
    let (documents, now) = (ctx.app.documents.current(), ctx.app.clock.now());
    let next = |kind| documents.announced(kind, language(ctx), now);
    DocumentKind::ALL
        .into_iter()
        .filter_map(next)
        .map(|it| version(&it))
        .collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acceptance {
    accept_terms: Tick,
    /// The texts that the page offered.
    version: String,
    /// `refuse`, or `cancel` inside a service's request.
    decision: String,
}

pub async fn show_acceptance(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    let account = ctx.session().get().map(|(_, account)| account);
    let due = match account {
        Some(account) => terms::due(&ctx.app, account)
            .await
            .map_err(accounts::Error::from)?,
        None => None,
    };
    if let Some(first @ (Due::Deletion | Due::EmailVerification)) = due {
        return Ok(ctx.redirect(&ctx.within(page_of(first))));
    }
    if due.is_none() && ctx.outcome().form.is_none() {
        return Ok(onward(&ctx));
    }
    let language = language(&ctx);
    let unaccepted = match account {
        Some(account) => terms::list_unaccepted(&ctx.app, account)
            .await
            .map_err(accounts::Error::from)?,
        None => Vec::new(),
    };
    let documents = unaccepted.into_iter().filter_map(|kind| {
        let accepted = account.and_then(|it| it.accepted(kind));
        changed(&ctx, kind, accepted)
    });
    let page = AcceptTerms {
        form: ctx.form_or(FormState::default()),
        service: flow.map(|it| it.service),
        version: terms::offer(&ctx.app, language).label(),
        again: account.is_some_and(|it| it.terms_version.is_some()),
        documents: documents.collect(),
    };
    ctx.page(&page).await
}

/// Returns a document that the person has yet to accept, with what changed since.
fn changed(ctx: &PageContext, kind: DocumentKind, accepted: Option<&str>) -> Option<ChangedDocument> {
    let now = ctx.app.clock.now();
    let since = ctx
        .app
        .documents
        .current()
        .since(kind, accepted, language(ctx), now);
    let newest = since.last()?;
    // Who accepted nothing yet is told of no change.
    let changes = since.iter().filter(|_| accepted.is_some());
    Some(ChangedDocument {
        kind: kind.as_str(),
        version: newest.version.clone(),
        effective_from: newest.effective_from,
        changes: changes.filter_map(|it| it.changed.clone()).collect(),
    })
}

pub async fn accept(form: PageForm<Acceptance>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    let Some((session, account)) = ctx.session().get() else {
        return Err(PageError::SignedOut);
    };
    if let Some(first @ (Due::Deletion | Due::EmailVerification)) = terms::due(&ctx.app, account)
        .await
        .map_err(accounts::Error::from)?
    {
        // G-6: the steps come in this order.
        return Ok(ctx.redirect(&ctx.within(page_of(first))));
    }
    if fields.decision == "refuse" {
        return Ok(ctx.redirect(&ctx.within(paths::TERMS_REFUSED)));
    }
    if !fields.accept_terms.is_on() {
        return ctx.again(typed.error("accept_terms", "error.accept_terms")).await;
    }
    match terms::accept(&ctx.app, &ctx.actor_context(), session, &fields.version).await {
        Ok(()) => Ok(onward(&ctx)),
        // A newer version came into force while this one was read.
        Err(accounts::Error::Conflict) => {
            ctx.again(FormState::default().notice("error.terms_changed"))
                .await
        }
        // The session has ended in the meantime.
        Err(accounts::Error::ReauthenticationNeeded) => Err(PageError::SignedOut),
        Err(other) => Err(other.into()),
    }
}

/// Shows the ways of a person who does not accept: their data, the end of the account, or to think again.
pub async fn show_refusal(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    let Some((_, account)) = ctx.session().get() else {
        return Err(PageError::SignedOut);
    };
    match terms::due(&ctx.app, account)
        .await
        .map_err(accounts::Error::from)?
    {
        Some(Due::Terms) => {
            let service = flow.map(|it| it.service);
            ctx.page(&TermsRefused { service }).await
        }
        Some(due) => Ok(ctx.redirect(&ctx.within(page_of(due)))),
        None => Ok(onward(&ctx)),
    }
}
