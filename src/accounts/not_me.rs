//! *This was not me*: secures an account for whoever reads the mail of its address, without a login. In one transaction
//! it ends every session and every access of services, takes the password away, removes the second factors that were
//! added since, stops a deletion that was begun since, and mails a link for a new password.
//!
//! If the address was changed since the mail, the change is undone with it, while it can be: else the link for the new
//! password would go to whoever changed it. A change that can no longer be undone voids the link. Where the address has
//! become another account's, all access ends and nothing is restored.

use sea_orm::ConnectionTrait;

use super::second_factor::{self, HeldFactor};
use super::{Error, Result, deletion, email_undo, not_me_link, recovery, securing};
use crate::app::App;
use crate::domain::Time;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::email_change::EmailChange;
use crate::domain::event::{Action, Event};
use crate::domain::not_me::{Cause, LinkState, NotMeLink};
use crate::storage::{account_deletions, accounts, email_changes, not_me_links};
use crate::templates::mails;

/// What becomes of the address that the mail went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressEffect {
    /// It is that of the account.
    Kept,
    Restored,
    /// It is another account's by now.
    Taken,
}

/// What a link will do, or has done.
#[derive(Clone, Debug)]
pub struct Effect {
    pub cause: Cause,
    /// The time of what the mail was about.
    pub mailed_at: Time,
    /// The address that the mail went to.
    pub email: EmailAddress,
    pub address: AddressEffect,
    /// The second factors that were added since.
    pub added: Vec<HeldFactor>,
    /// Those that were there before.
    pub earlier: Vec<HeldFactor>,
    /// `true` if the deletion of the account was begun since, and is stopped.
    pub stops_deletion: bool,
    /// `true` if recovery codes were generated since, and no longer work.
    pub voids_codes: bool,
}

/// What the page of a link says.
#[derive(Clone, Debug)]
pub enum Opened {
    Open(Effect),
    Used(Time),
    Expired,
}

/// Returns what the link will do. Does not spend it. `LinkVoid`: there is no such link, or nothing that it may do.
pub async fn open(app: &App, token: &str) -> Result<Opened> {
    let db = app.db.read();
    let (_, link) = not_me_link::find(db, token).await?;
    Ok(match link.state(app.clock.now()) {
        LinkState::Used(at) => Opened::Used(at),
        LinkState::Expired => Opened::Expired,
        LinkState::Open => {
            let account = deletion::find_account(db, &link.account).await?;
            let (address, _) = find_undone(db, &account, &link, app.clock.now()).await?;
            Opened::Open(find_effect(db, &link, address, app.clock.now()).await?)
        }
    })
}

/// Returns what becomes of the mail's address, and the change that replaced it, if it is not that of the account.
async fn find_undone(
    db: &impl ConnectionTrait,
    account: &Account,
    link: &NotMeLink,
    now: Time,
) -> Result<(AddressEffect, Option<EmailChange>)> {
    if account.email.key() == link.email.key() {
        return Ok((AddressEffect::Kept, None));
    }
    let changes = email_changes::list_undoable(db, &account.id, now).await?;
    let found = changes.into_iter().find(|it| it.old.key() == link.email.key());
    let change = found.ok_or(Error::LinkVoid)?;
    let address = if email_undo::is_taken(db, account, &change).await? {
        AddressEffect::Taken
    } else {
        AddressEffect::Restored
    };
    Ok((address, Some(change)))
}

async fn find_effect(
    db: &impl ConnectionTrait,
    link: &NotMeLink,
    address: AddressEffect,
    now: Time,
) -> Result<Effect> {
    let held = second_factor::list_held(db, &link.account).await?;
    let (added, earlier) = held.into_iter().partition(|it| it.added_at >= link.mailed_at);
    Ok(Effect {
        cause: link.cause,
        mailed_at: link.mailed_at,
        email: link.email.clone(),
        address,
        added,
        earlier,
        stops_deletion: account_deletions::find(db, &link.account)
            .await?
            .is_some_and(|it| it.requested_at >= link.mailed_at && it.can_be_stopped(now)),
        voids_codes: second_factor::codes_renewed_since(db, &link.account, link.mailed_at).await?,
    })
}

/// Spends the link and secures the account; of any number of parallel uses, one succeeds.
pub async fn secure(app: &App, context: &Context, token: &str) -> Result<Effect> {
    match secure_once(app, context, token).await {
        // Another account got the address at the same moment. By now it is seen.
        Err(Error::AddressTaken) => secure_once(app, context, token).await,
        first => first,
    }
}

async fn secure_once(app: &App, context: &Context, token: &str) -> Result<Effect> {
    let (_, link) = not_me_link::find(app.db.read(), token).await?;
    let account = deletion::find_account(app.db.read(), &link.account).await?;
    app.write(&context.as_person(&account.id, account.role), async |tx| {
        accounts::lock(tx, &account.id).await?;
        let (digest, link) = not_me_link::find(tx, token).await?;
        if link.state(tx.now()) != LinkState::Open || !not_me_links::spend(tx, &digest, tx.now()).await? {
            return Err(Error::LinkVoid);
        }
        let mut account = deletion::find_account(tx, &link.account).await?;
        let (address, undone) = find_undone(tx, &account, &link, tx.now()).await?;
        let effect = find_effect(tx, &link, address, tx.now()).await?;
        let (since, cause) = (link.mailed_at, link.cause.as_str());
        match undone {
            Some(change) if address == AddressEffect::Taken => {
                securing::secure_without_address(tx, &account, &change, since, cause).await?;
                return Ok(effect);
            }
            Some(change) => account = email_undo::restore(tx, &account, &change).await?,
            None => {}
        }

        securing::secure(tx, &account, since).await?;
        let event = Event::new(Action::AccountSecured, format!("account:{}", account.id));
        tx.record(event.because(cause)).await?;
        let mail = mails::AccountSecured {
            name: account.profile.full_name(),
            at: tx.now(),
            token: Some(recovery::begin(tx, &account).await?),
            added: factors(&effect.added),
            earlier: factors(&effect.earlier),
            voids_codes: effect.voids_codes,
        };
        tx.mail(&account, &mail).await?;
        Ok(effect)
    })
    .await
}

fn factors(held: &[HeldFactor]) -> Vec<mails::FactorLine> {
    let lines = held.iter().map(|it| mails::FactorLine {
        factor: it.factor.as_str(),
        added_at: it.added_at,
    });
    lines.collect()
}
