//! What a person has yet to do before a session can be used: verify the address, accept the Terms of Use and the Privacy
//! Notice in force (product.md, step 3 d). An acceptance keeps the text that was shown: its version, its language and its
//! SHA-256. The texts are in `documents`.
//!
//! Both are asked of the account as it is now, so a version that comes into force meets sessions that are open.

use super::{Error, Result};
use crate::app::App;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::document::{Acceptance, Document, DocumentKind};
use crate::domain::event::{Action, Event};
use crate::domain::profile::Language;
use crate::domain::session::Due;
use crate::storage::{acceptances, accounts};

/// Both documents in force, as a page in one language offers them.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    pub terms: &'a Document,
    pub privacy: &'a Document,
}

impl Offer<'_> {
    /// Names both versions, for the form that is to be accepted.
    pub fn label(&self) -> String {
        format!("{} {}", self.terms.version, self.privacy.version)
    }

    pub fn acceptances(&self) -> Vec<Acceptance> {
        vec![self.terms.into(), self.privacy.into()]
    }
}

/// Returns the documents in force now.
pub fn offer(app: &App, language: Language) -> Offer<'_> {
    offer_at(app, language, app.clock.now())
}

pub(super) fn offer_at(app: &App, language: Language, now: Time) -> Offer<'_> {
    Offer {
        terms: app.documents.in_force(DocumentKind::Terms, language, now),
        privacy: app.documents.in_force(DocumentKind::Privacy, language, now),
    }
}

/// Returns what comes before everything else in a session of this account. The steps come in this order: nobody accepts
/// terms in the name of an address that is somebody else's.
pub fn due(app: &App, account: &Account) -> Option<Due> {
    let now = app.clock.now();
    let is_accepted = |kind| {
        let in_force = app.documents.in_force(kind, Language::En, now);
        account.accepted(kind) == Some(in_force.version.as_str())
    };
    if account.is_leaving() {
        Some(Due::Deletion)
    } else if !account.email_verified {
        Some(Due::EmailVerification)
    } else if !DocumentKind::ALL.into_iter().all(is_accepted) {
        Some(Due::Terms)
    } else {
        None
    }
}

/// Accepts the versions that were shown, named by [`Offer::label`], if they still are those in force.
pub async fn accept(
    app: &App,
    context: &Context,
    account: &Account,
    shown: &str,
    language: Language,
) -> Result<()> {
    app.write(context, async |tx| {
        let offer = offer_at(app, language, tx.now());
        if offer.label() != shown {
            return Err(Error::Conflict);
        }
        let mut accepted = offer.acceptances();
        accepted.retain(|it| account.accepted(it.document) != Some(it.version.as_str()));
        if accepted.is_empty() {
            return Ok(());
        }
        accounts::update_accepted(tx, &account.id, &accepted, tx.now()).await?;
        acceptances::insert(tx, &account.id, &accepted, tx.now()).await?;
        let event = Event::new(Action::TermsAccepted, format!("account:{}", account.id));
        tx.record(event.because(in_words(&accepted))).await?;
        Ok(())
    })
    .await
}

/// Returns the versions and their language, for the audit trail: `terms 2026-11 en privacy 2026-11 en`.
pub(super) fn in_words(accepted: &[Acceptance]) -> String {
    let each = accepted.iter().map(|it| {
        let (document, language) = (it.document.as_str(), it.language.as_str());
        format!("{document} {} {language}", it.version)
    });
    each.collect::<Vec<_>>().join(" ")
}
