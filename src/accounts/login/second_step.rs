//! The second step of a login: the password was right, and the account requires a code or a passkey (contract.md,
//! `/login`). Until it is given there is no session, only a ticket in the browser (security.md G-6). A service that
//! requires more of a session than it was begun with leads here, too.

use std::time::Duration;

use super::completion::{Browser, LoggedIn, complete};
use crate::accounts::known_browser::{self, KnownBrowser};
use crate::accounts::second_factor::passkey::assertion;
use crate::accounts::second_factor::{self, FactorProof, PresentedFactor, Verification};
use crate::accounts::sessions::{self, Started};
use crate::accounts::{Error, Result};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::{Proof, SecondProof};
use crate::domain::secret::{Digest, Secret};
use crate::domain::{AccountId, Time};
use crate::limits::Limit;
use crate::random;
use crate::storage::accounts;
use crate::storage::ephemeral::Kind;

/// As long as a login may take in all (security.md AZ-6).
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Waiting {
    account: AccountId,
    /// The digest of the hash that the password was verified against: a new password ends what waits (PW-6).
    password: Digest,
    password_at: Time,
    /// The browser's name in counters, if it signed in to this account before.
    known: Option<String>,
}

/// Makes the ticket of a login whose password was right, for the browser to keep.
pub(super) async fn wait_for_code(
    app: &App,
    account: &AccountId,
    hash: &str,
    now: Time,
    known: Option<&str>,
) -> Result<Secret> {
    let ticket = Secret::new(random::token());
    let waiting = Waiting {
        account: account.clone(),
        password: Digest::of(hash.as_bytes()),
        password_at: now,
        known: known.map(str::to_owned),
    };
    let value = serde_json::to_vec(&waiting).map_err(Error::failed)?;
    let key = ticket.digest();
    let kept = app
        .ephemeral
        .put(Kind::SecondStep, key.as_str(), &value, PATIENCE)
        .await;
    kept.map(|()| ticket).map_err(Error::from)
}

async fn kept(app: &App, key: &Digest) -> Result<Option<Waiting>> {
    let found = app.ephemeral.get(Kind::SecondStep, key.as_str()).await;
    found
        .map_err(Error::from)?
        .map(|it| serde_json::from_slice(&it).map_err(Error::failed))
        .transpose()
}

/// Returns whose login this ticket belongs to, for the page that asks for the factor.
pub async fn of_ticket(app: &App, ticket: &str) -> Result<Option<Account>> {
    match kept(app, &Secret::new(ticket).digest()).await? {
        Some(waiting) => Ok(accounts::find(app.db.read(), &waiting.account).await?),
        None => Ok(None),
    }
}

/// Makes a challenge to the devices of the ticket's person.
pub async fn begin_assertion(app: &App, ticket: &str, account: &Account) -> Result<()> {
    assertion::begin(app, Secret::new(ticket).digest().as_str(), Some(&account.id)).await
}

/// Returns the options for the browser, if the person asked for a challenge.
pub async fn pending_assertion(app: &App, ticket: &str) -> Result<Option<String>> {
    assertion::pending(app, Secret::new(ticket).digest().as_str()).await
}

/// Finishes a login with its second factor. `CodeVoid`: it begins again with the password;
/// `ChallengeExpired`: the devices must be asked again.
pub async fn finish(
    app: &App,
    context: &Context,
    ticket: &str,
    presented: PresentedFactor<'_>,
    browser: Browser<'_>,
) -> Result<LoggedIn> {
    app.limits.check(Limit::SignInFailures, &context.network).await?;
    let key = Secret::new(ticket).digest();
    let waiting = kept(app, &key).await?.ok_or(Error::CodeVoid)?;
    let proof = read(app, context, key.as_str(), presented).await?;
    let done = verify(app, context, &waiting, &proof, browser).await?;
    // A factor counts once; so no second login comes of a ticket that lasts until then.
    if let Err(error) = app.ephemeral.take(Kind::SecondStep, key.as_str()).await {
        error.pass_over("a login that is done waits until its time is over");
    }
    Ok(done)
}

/// Reads the presented factor. Counts an assertion that is not verified as a wrong code is.
async fn read(
    app: &App,
    context: &Context,
    key: &str,
    presented: PresentedFactor<'_>,
) -> Result<FactorProof> {
    match FactorProof::read(app, context, key, presented).await {
        Err(Error::WrongCode) => Err(wrong(app, context, Error::WrongCode).await?),
        other => other,
    }
}

/// The outcome of a second step. Either is committed: a refusal is counted.
enum Outcome {
    Done(Box<Started>),
    Refused(Error),
}

async fn verify(
    app: &App,
    context: &Context,
    waiting: &Waiting,
    proof: &FactorProof,
    browser: Browser<'_>,
) -> Result<LoggedIn> {
    let account = accounts::find(app.db.read(), &waiting.account).await?;
    let account = account.ok_or(Error::CodeVoid)?;
    let started = app
        .write(context, async |tx| {
            let (account, hash) = accounts::find_credentials_locked(tx, &account.email.key())
                .await?
                .filter(|(it, _)| it.id == waiting.account && it.may_log_in())
                .ok_or(Error::CodeVoid)?;
            if !hash.is_some_and(|it| waiting.password.matches(&it)) {
                return Err(Error::CodeVoid);
            }
            let known = waiting.known.as_deref();
            let factor = match second_factor::verify(tx, &account, proof, known).await? {
                Verification::Verified(factor) => factor,
                Verification::Refused(error) => return Ok(Outcome::Refused(error)),
            };
            let proof = Proof {
                authenticated_at: waiting.password_at,
                second_factor: Some(SecondProof { factor, at: tx.now() }),
            };
            let started = complete(tx, &account, proof, browser).await?;
            Ok(Outcome::Done(Box::new(started)))
        })
        .await;
    match started {
        Ok(Outcome::Done(started)) => LoggedIn::new(app, account, *started, browser),
        Ok(Outcome::Refused(error)) => Err(wrong(app, context, error).await?),
        // The second factor was taken away meanwhile.
        Err(Error::Conflict) => Err(Error::CodeVoid),
        Err(other) => Err(other),
    }
}

/// Verifies a second factor in the browser's session, because a service asks for more than it began with (RFC 9470).
pub async fn step_up(
    app: &App,
    context: &Context,
    account: &Account,
    presented: PresentedFactor<'_>,
    browser: Browser<'_>,
) -> Result<Started> {
    let session = browser.session.filter(|it| it.account == account.id);
    let session = session.ok_or(Error::ReauthenticationNeeded)?;
    app.limits.check(Limit::SignInFailures, &context.network).await?;
    let proof = read(app, context, session.id.as_str(), presented).await?;
    let label = known_browser::label(app, &account.email.key());
    let known = KnownBrowser::open(app, browser.known_browser);
    let known = known.as_ref().and_then(|it| it.id_for(app, &label));
    let raised = app
        .write(context, async |tx| {
            let factor = match second_factor::verify(tx, account, &proof, known).await? {
                Verification::Verified(factor) => factor,
                Verification::Refused(error) => return Ok(Outcome::Refused(error)),
            };
            let proof = SecondProof { factor, at: tx.now() };
            let started = sessions::raise(tx, session, proof).await?;
            Ok::<_, Error>(Outcome::Done(Box::new(started)))
        })
        .await?;
    match raised {
        Outcome::Done(started) => Ok(*started),
        Outcome::Refused(error) => Err(wrong(app, context, error).await?),
    }
}

/// Counts a refusal by network, too (PW-4), and returns it.
pub(super) async fn wrong(app: &App, context: &Context, error: Error) -> Result<Error> {
    app.limits.count(Limit::SignInFailures, &context.network).await?;
    Ok(error)
}
