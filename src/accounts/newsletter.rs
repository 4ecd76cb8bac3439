//! The newsletter: subscribed to with a proof of consent, stopped by the person in the profile, or by the link of a mail
//! without a login (`stop_link`).

use super::stop_link::NEWSLETTER;
use super::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::newsletter::{Consent, ConsentPage, StoppedBy, Subscription};
use crate::domain::profile::Language;
use crate::domain::{AccountId, Time};
use crate::i18n::{self, Locale};
use crate::storage::{accounts, newsletter_subscriptions};
use crate::templates::mails;

/// The texts beside the box that a person ticks.
const WORDS: [&str; 2] = ["field.newsletter", "newsletter.hint"];

/// Returns the proof that a person agrees now, in the language of the page.
pub(super) fn consent(context: &Context, now: Time, page: ConsentPage, language: Language) -> Consent {
    let words = WORDS.map(|it| i18n::text(Locale::from(language), it, &()).unwrap_or_default());
    Consent {
        given_at: now,
        page,
        language,
        words: words.join(" · "),
        network: context.network.clone(),
    }
}

/// Subscribes the account, and mails it the link by which it stops. Does nothing if it is subscribed with a proof.
pub(super) async fn subscribe(tx: &Tx, account: &Account, consent: &Consent) -> Result<()> {
    let latest = newsletter_subscriptions::find_latest(tx, &account.id).await?;
    if latest.is_some_and(|it| it.stopped.is_none()) {
        return Ok(());
    }
    newsletter_subscriptions::insert(tx, &account.id, consent).await?;
    accounts::update_newsletter(tx, &account.id, true, tx.now()).await?;
    let event = Event::new(Action::NewsletterSubscribed, format!("account:{}", account.id));
    tx.record(event.because(consent.page.as_str())).await?;
    let mail = mails::NewsletterSubscribed {
        name: account.profile.full_name(),
        at: consent.given_at,
        token: NEWSLETTER.token(tx.app(), &account.id),
    };
    Ok(tx.mail(account, &mail).await?)
}

/// Stops the newsletter of the account. Does nothing if it is stopped.
pub(super) async fn stop(tx: &Tx, account: &Account, by: StoppedBy) -> Result<()> {
    newsletter_subscriptions::stop(tx, &account.id, tx.now(), by).await?;
    if !accounts::update_newsletter(tx, &account.id, false, tx.now()).await? {
        return Ok(());
    }
    let event = Event::new(Action::NewsletterStopped, format!("account:{}", account.id));
    Ok(tx.record(event.because(by.as_str())).await?)
}

/// Returns the latest subscription of the account, for its page.
pub async fn find(app: &App, account: &AccountId) -> Result<Option<Subscription>> {
    Ok(newsletter_subscriptions::find_latest(app.db.read(), account).await?)
}

/// What the page of a link says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkState {
    pub is_subscribed: bool,
    /// `true` if the link stopped it just now, and can take that back.
    pub can_be_undone: bool,
}

/// Returns what the link can do. `LinkVoid`: it is none of ours.
pub async fn open(app: &App, token: &str) -> Result<LinkState> {
    let db = app.db.read();
    let account = NEWSLETTER.find(app, db, token).await?;
    let latest = newsletter_subscriptions::find_latest(db, &account.id).await?;
    Ok(LinkState {
        is_subscribed: account.newsletter,
        can_be_undone: latest.is_some_and(|it| it.can_be_undone(app.clock.now())),
    })
}

/// Stops the newsletter, for whoever has the link. A repeated press does nothing more.
pub async fn stop_by_link(app: &App, context: &Context, token: &str, by: StoppedBy) -> Result<()> {
    app.write(context, async |tx| {
        let account = NEWSLETTER.find(app, tx, token).await?;
        accounts::lock(tx, &account.id).await?;
        stop(tx, &account, by).await
    })
    .await
}

/// Subscribes again, for whoever has just stopped it by the link. `LinkVoid`: it was not stopped there, or too long ago.
pub async fn subscribe_again(app: &App, context: &Context, token: &str, language: Language) -> Result<()> {
    app.write(context, async |tx| {
        let account = NEWSLETTER.find(app, tx, token).await?;
        accounts::lock(tx, &account.id).await?;
        let latest = newsletter_subscriptions::find_latest(tx, &account.id).await?;
        match latest {
            Some(it) if it.stopped.is_none() => Ok(()),
            Some(it) if it.can_be_undone(tx.now()) => {
                let consent = consent(tx.context(), tx.now(), ConsentPage::Stop, language);
                subscribe(tx, &account, &consent).await
            }
            _ => Err(Error::LinkVoid),
        }
    })
    .await
}
