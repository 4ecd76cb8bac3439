//! Login with a passkey in place of address and password: the device states whose it is, and has verified its owner.
//! The browser holds a ticket for the challenge until the device has answered: the challenge is stored, or, while a page
//! merely offers passkeys in its field, sealed in the ticket itself.

use super::completion::{Browser, LoggedIn, complete};
use crate::accounts::second_factor::passkey::assertion::{self, HeldTicket, VerifiedAssertion};
use crate::accounts::{Error, Result};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::Proof;
use crate::domain::event::{Action, Event};
use crate::domain::secret::Secret;
use crate::limits::Limit;
use crate::random;
use crate::storage::accounts;

/// Makes a challenge to the person's devices, or to whichever answers, and returns its ticket for the browser to keep.
pub async fn begin(app: &App, context: &Context, person: Option<&Account>) -> Result<Secret> {
    app.limits.check(Limit::SignInFailures, &context.network).await?;
    // The challenge is kept for somebody who is not verified, as a service's request is (security.md DS-3).
    app.limits.count(Limit::Interactions, &context.network).await?;
    let ticket = Secret::new(random::token());
    assertion::begin(app, ticket.digest().as_str(), person.map(|it| &it.id)).await?;
    Ok(ticket)
}

/// Returns the options for the browser, or `None` if the challenge expired or was answered.
pub async fn pending(app: &App, ticket: &str) -> Result<Option<String>> {
    assertion::pending(app, Secret::new(ticket).digest().as_str()).await
}

/// The challenge that a device answered.
#[derive(Clone, Copy, Debug)]
pub enum Ticket<'a> {
    /// Names a challenge of `begin`.
    Stored(&'a str),
    /// Is a challenge of `assertion::begin_held`.
    Held(HeldTicket<'a>),
}

/// Finishes the login. Refuses whatever is wrong by `WrongCode`: an answer to another challenge, a passkey that is not
/// registered, a suspended account. `ChallengeExpired`: no challenge was open. `PasswordFirst`: the passkey counts
/// after the password only.
pub async fn finish(
    app: &App,
    context: &Context,
    ticket: Ticket<'_>,
    answer: &str,
    browser: Browser<'_>,
) -> Result<LoggedIn> {
    app.limits.check(Limit::SignInFailures, &context.network).await?;
    let verified = match ticket {
        Ticket::Stored(ticket) => {
            let key = Secret::new(ticket).digest();
            assertion::verify(app, context, key.as_str(), answer).await
        }
        Ticket::Held(held) => assertion::verify_held(app, context, held, answer).await,
    };
    let done = match verified {
        Ok(verified) if !verified.counts_alone() => Err(refuse(app, context, &verified).await?),
        Ok(verified) => log_in(app, context, &verified, browser).await,
        Err(error) => Err(error),
    };
    if matches!(done, Err(Error::WrongCode)) {
        app.limits.count(Limit::SignInFailures, &context.network).await?;
    }
    done
}

/// Refuses a passkey that counts after the new password only, and records that (security.md LG-1): whoever made it may
/// have had the old one.
async fn refuse(app: &App, context: &Context, assertion: &VerifiedAssertion) -> Result<Error> {
    let event = Event::new(Action::SignInFailed, format!("account:{}", assertion.account()));
    let event = event.failed("passkey without the new password");
    app.write(context, async |tx| {
        Ok::<_, Error>(tx.record(event.clone()).await?)
    })
    .await?;
    Ok(Error::PasswordFirst)
}

async fn log_in(
    app: &App,
    context: &Context,
    assertion: &VerifiedAssertion,
    browser: Browser<'_>,
) -> Result<LoggedIn> {
    let (account, started) = app
        .write(context, async |tx| {
            let account = accounts::find(tx, assertion.account()).await?;
            let account = account.filter(|it| it.may_log_in()).ok_or(Error::WrongCode)?;
            if !assertion::spend(tx, assertion).await? {
                return Err(Error::WrongCode);
            }
            let proof = Proof::passkey(tx.now());
            let started = complete(tx, &account, proof, browser).await?;
            Ok((account, started))
        })
        .await?;
    LoggedIn::new(app, account, started, browser)
}
