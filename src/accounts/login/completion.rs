//! Completes every login. The three ways to one call it once all is verified. A success starts a session, or renews the
//! one in which the person proves again who they are (security.md SE-2, SE-4).

use super::new_browser;
use crate::accounts::known_browser::KnownBrowser;
use crate::accounts::sessions::{self, Started};
use crate::accounts::verification::first_login;
use crate::accounts::{Result, known_browser, second_factor};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::authentication::Proof;
use crate::domain::session::Session;
use crate::storage::not_me_links;

/// Holds what a browser brings along.
#[derive(Clone, Copy, Debug, Default)]
pub struct Browser<'a> {
    /// The value of the cookie by which the browser is recognized.
    pub known_browser: Option<&'a str>,
    /// The browser's session. One of the same person is renewed, one of another ends.
    pub session: Option<&'a Session>,
}

/// Holds a person who was verified, and their session.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    pub account: Account,
    /// The session; what is due of the person comes first: `accounts::terms::due`.
    pub started: Started,
    /// The browser's cookie, to be set for 90 days.
    pub known_browser: String,
}

impl LoggedIn {
    pub(super) fn new(app: &App, account: Account, started: Started, browser: Browser<'_>) -> Result<Self> {
        Ok(Self {
            known_browser: known_browser::cookie(app, &account.email.key(), browser.known_browser)?,
            account,
            started,
        })
    }
}

/// Starts or renews the session, begins the time to set up a demanded factor, mails a code to an address that is not verified yet, and a mail about the login if the
/// browser is new to the account.
pub(super) async fn complete(
    tx: &Tx,
    account: &Account,
    proof: Proof,
    browser: Browser<'_>,
) -> Result<Started> {
    let started = start(tx, account, proof, browser.session).await?;
    second_factor::policy::begin(tx, account).await?;
    let mailed = first_login::begin(tx, account).await?;
    if !mailed && !is_known(tx, account, browser).await? {
        new_browser::notify(tx, account).await?;
    }
    Ok(started)
}

/// Returns `true` if the browser logged in to the account before. One that did so before *This was not me* was chosen
/// may be the one that was meant.
async fn is_known(tx: &Tx, account: &Account, browser: Browser<'_>) -> Result<bool> {
    let known = KnownBrowser::open(tx.app(), browser.known_browser);
    let label = known_browser::label(tx.app(), &account.email.key());
    let Some(last_login) = known.and_then(|it| it.last_login(tx.app(), &label)) else {
        return Ok(false);
    };
    let secured_at = not_me_links::last_used(tx, &account.id).await?;
    Ok(secured_at.is_none_or(|at| last_login > at))
}

async fn start(tx: &Tx, account: &Account, proof: Proof, session: Option<&Session>) -> Result<Started> {
    match session {
        Some(session) if session.account == account.id => sessions::renew(tx, account, session, proof).await,
        other => {
            if let Some(other) = other {
                sessions::retire(tx, &other.account, &other.id, "another_login").await?;
            }
            sessions::start(tx, account, proof).await
        }
    }
}
