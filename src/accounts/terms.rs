//! What a person has yet to do before a session can be used: verify the address, accept the Terms of Use and the Privacy
//! Notice in force (product.md, step 3 d). An acceptance keeps the text that was shown: its version, its language and its
//! SHA-256. The texts are in `documents`.
//!
//! Both are asked of the account as it is now, so a version that comes into force meets sessions that are open.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr};

use super::{Error, sessions};
use crate::app::App;
use crate::documents::Documents;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::document::{Acceptance, Document, DocumentKind};
use crate::domain::event::{Action, Event};
use crate::domain::profile::Language;
use crate::domain::session::{Due, Session};
use crate::storage::{acceptances, accounts};

/// Both documents in force, as a page in one language offers them.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The language of the page. A document that has no text in it is offered in English.
    pub language: Language,
    pub terms: Arc<Document>,
    pub privacy: Arc<Document>,
}

impl Offer {
    fn of(documents: &Documents, language: Language, now: Time) -> Self {
        Self {
            language,
            terms: documents.in_force(DocumentKind::Terms, language, now),
            privacy: documents.in_force(DocumentKind::Privacy, language, now),
        }
    }

    /// Names the texts that a page offers, for its form: the language of the page and both digests.
    pub fn label(&self) -> String {
        let language = self.language.as_str();
        format!("{language} {} {}", self.terms.sha256, self.privacy.sha256)
    }

    pub fn acceptances(&self) -> Vec<Acceptance> {
        vec![(&*self.terms).into(), (&*self.privacy).into()]
    }
}

/// Returns the documents in force now.
pub fn offer(app: &App, language: Language) -> Offer {
    Offer::of(&app.documents.current(), language, app.clock.now())
}

/// Returns the offer that a form names by [`Offer::label`], if its texts are those in force. These are to be read in the
/// transaction: another node may just have published a version. The language is that of the page with the form: the person
/// may have chosen another one in the meantime, in another window.
pub(super) fn find_offer(documents: &Documents, label: &str, now: Time) -> Option<Offer> {
    let (language, _) = label.split_once(' ')?;
    let offer = Offer::of(documents, Language::parse(language)?, now);
    (offer.label() == label).then_some(offer)
}

/// Returns what comes before everything else in a session of this account. The steps come in this order: nobody accepts
/// terms in the name of an address that is somebody else's.
pub async fn due(app: &App, account: &Account) -> Result<Option<Due>, DbErr> {
    if account.is_leaving() {
        return Ok(Some(Due::Deletion));
    }
    if !account.email_verified {
        return Ok(Some(Due::EmailVerification));
    }
    let unaccepted = list_unaccepted(app, account).await?;
    Ok((!unaccepted.is_empty()).then_some(Due::Terms))
}

/// Lists the documents whose version in force the person has yet to accept.
pub async fn list_unaccepted(app: &App, account: &Account) -> Result<Vec<DocumentKind>, DbErr> {
    let documents = app.documents.current();
    unaccepted(&documents, app.db.read(), account, app.clock.now()).await
}

/// Reads the earlier acceptances only where the last one is not of the version in force. Nodes of two releases, or with
/// two directories of documents, have different versions in force: each is asked for once, and not again after the
/// other.
async fn unaccepted(
    documents: &Documents,
    db: &impl ConnectionTrait,
    account: &Account,
    now: Time,
) -> Result<Vec<DocumentKind>, DbErr> {
    let mut found = Vec::new();
    for kind in DocumentKind::ALL {
        let last = account.accepted(kind);
        if last.is_some_and(|it| documents.is_up_to_date(kind, it, now)) {
            continue;
        }
        let in_force = documents.in_force(kind, Language::En, now);
        if !acceptances::exists(db, &account.id, kind, &in_force.version).await? {
            found.push(kind);
        }
    }
    Ok(found)
}

/// Accepts the texts that were shown, named by [`Offer::label`], if they still are those in force.
pub async fn accept(app: &App, context: &Context, session: &Session, shown: &str) -> super::Result<()> {
    app.write(context, async |tx| {
        let documents = app.documents_in(tx).await?;
        let offer = find_offer(&documents, shown, tx.now()).ok_or(Error::Conflict)?;
        // Whoever else opened the page in this session may have accepted already, and the session may have ended.
        sessions::hold(tx, session).await?;
        let account = accounts::find(tx, &session.account).await?;
        let account = account.ok_or(Error::ReauthenticationNeeded)?;
        let unaccepted = unaccepted(&documents, tx, &account, tx.now()).await?;
        let mut accepted = offer.acceptances();
        accepted.retain(|it| unaccepted.contains(&it.document));
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
