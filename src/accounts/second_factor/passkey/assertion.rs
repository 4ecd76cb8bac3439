//! Verifies passkeys presented at a login, after the password or in its place (Web Authentication §7.2).
//!
//! A passkey whose signature counter did not rise (step 22) may be a copy (security.md PW-8). The login fails, the person is told by mail, and
//! the passkey no longer replaces the password until it has been beside one: whoever copied it has the passkey alone. It is
//! not removed, as a faulty security key does the same, and its owner would be locked out.

use sea_orm::DbErr;

use super::challenge::{self, Challenge, handle};
use super::registration::list;
use crate::accounts::second_factor::notification::inform_about;
use crate::accounts::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::AccountId;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::storage::accounts;
use crate::storage::ephemeral::Kind;
use crate::storage::passkeys::{self, Passkey};
use crate::templates::mails::SecondFactorChange;
use crate::webauthn::{self, Assertion};

/// Makes a challenge for the devices of a person, or for whichever device answers; `key` is the caller's.
pub async fn begin(app: &App, key: &str, account: Option<&AccountId>) -> Result<()> {
    let allowed = match account {
        Some(account) => list(app, account).await?,
        None => Vec::new(),
    };
    let allowed: Vec<String> = allowed.into_iter().map(|it| it.credential_id).collect();
    let ceremony = app
        .webauthn
        .begin_authentication(&allowed)
        .map_err(Error::failed)?;
    let account = account.cloned();
    let challenge = Challenge { ceremony, account };
    challenge::store(app, Kind::PasskeyChallenge, key, &challenge).await
}

/// A challenge that a page holds until a device answers.
#[derive(Debug, serde::Serialize)]
pub struct HeldChallenge {
    /// The options for the browser, in JSON.
    pub options: String,
    /// The challenge itself, sealed for the browser.
    pub ticket: String,
}

/// Makes a challenge to whichever device answers, for a page of this browser to hold. Writes nothing.
pub fn begin_held(app: &App, browser: &str) -> Result<HeldChallenge> {
    let ceremony = app.webauthn.begin_authentication(&[]).map_err(Error::failed)?;
    let options = ceremony.options.clone();
    let challenge = Challenge {
        ceremony,
        account: None,
    };
    let ticket = challenge::seal(app, challenge, browser)?;
    Ok(HeldChallenge { options, ticket })
}

/// Returns the options for the browser, if a challenge is pending.
pub async fn pending(app: &App, key: &str) -> Result<Option<String>> {
    let challenge = challenge::find(app, Kind::PasskeyChallenge, key).await?;
    Ok(challenge.map(|it| it.ceremony.options))
}

/// Holds a passkey whose assertion is verified, until `spend` writes that down.
pub(in crate::accounts) struct VerifiedAssertion {
    passkey: Passkey,
    credential: String,
}

impl VerifiedAssertion {
    pub(in crate::accounts) fn id(&self) -> &str {
        &self.passkey.id
    }

    pub(in crate::accounts) fn account(&self) -> &AccountId {
        &self.passkey.account
    }

    pub(in crate::accounts) fn counts_alone(&self) -> bool {
        self.passkey.counts_alone
    }
}

/// Verifies the answer of a device. Spends the challenge, whatever the answer. `ChallengeExpired`: none was open.
/// `WrongCode`: no passkey of ours answered it, or none of whom it was put to; the trail says which and why.
pub(in crate::accounts) async fn verify(
    app: &App,
    context: &Context,
    key: &str,
    answer: &str,
) -> Result<VerifiedAssertion> {
    let challenge = challenge::take(app, Kind::PasskeyChallenge, key).await?;
    let challenge = challenge.ok_or(Error::ChallengeExpired)?;
    verify_answer(app, context, challenge, answer).await
}

/// Verifies the answer of a device to a challenge that the page of this browser held, as `verify` does.
pub(in crate::accounts) async fn verify_held(
    app: &App,
    context: &Context,
    held: HeldTicket<'_>,
    answer: &str,
) -> Result<VerifiedAssertion> {
    let challenge = challenge::open_once(app, held.ticket, held.browser).await?;
    let challenge = challenge.ok_or(Error::ChallengeExpired)?;
    verify_answer(app, context, challenge, answer).await
}

/// The ticket of a challenge that a page held, and the browser of that page.
#[derive(Clone, Copy, Debug)]
pub struct HeldTicket<'a> {
    pub ticket: &'a str,
    pub browser: &'a str,
}

async fn verify_answer(
    app: &App,
    context: &Context,
    challenge: Challenge,
    answer: &str,
) -> Result<VerifiedAssertion> {
    match check(app, &challenge, answer).await {
        Ok(verified) => Ok(verified),
        Err(VerifyError::Failed(error)) => Err(error),
        Err(VerifyError::SignCountRegressed(passkey)) => {
            app.write(context, async |tx| sign_count_regressed(tx, &passkey).await)
                .await?;
            Err(Error::WrongCode)
        }
        Err(VerifyError::Refused { account, why }) => {
            let account = account.or(challenge.account);
            let object = account.map_or_else(|| "passkey".to_owned(), |it| format!("account:{it}"));
            let event = Event::new(Action::SecondFactorFailed, object).failed(why);
            app.write(context, async |tx| {
                Ok::<_, Error>(tx.record(event.clone()).await?)
            })
            .await?;
            Err(Error::WrongCode)
        }
    }
}

enum VerifyError {
    /// `account` is the owner of the passkey, as the device states it.
    Refused {
        account: Option<AccountId>,
        why: String,
    },
    SignCountRegressed(Box<Passkey>),
    Failed(Error),
}

impl From<DbErr> for VerifyError {
    fn from(error: DbErr) -> Self {
        Self::Failed(error.into())
    }
}

async fn check(app: &App, challenge: &Challenge, answer: &str) -> Result<VerifiedAssertion, VerifyError> {
    let refuse = |account: Option<&AccountId>, why: String| {
        let account = account.cloned();
        Err(VerifyError::Refused { account, why })
    };
    let assertion = match Assertion::read(answer) {
        Ok(assertion) => assertion,
        Err(webauthn::Error::Refused(why)) => return refuse(None, why),
        Err(other) => return Err(VerifyError::Failed(Error::failed(other))),
    };
    let found = passkeys::find_by_credential(app.db.read(), &assertion.credential_id()).await?;
    let Some(passkey) = found else {
        return refuse(None, "unknown passkey".into());
    };
    let owner = &passkey.account;
    if challenge.account.as_ref().is_some_and(|it| it != owner) {
        return refuse(Some(owner), "asked of another person".into());
    }
    // Web Authentication §7.2, step 6: the device states whose passkey it is, if nothing else did, and is right.
    let expected = handle(app, owner);
    let is_right = match assertion.user_handle() {
        Some(said) => said == expected,
        None => challenge.account.is_some(),
    };
    if !is_right {
        return refuse(Some(owner), "another user handle".into());
    }
    match app
        .webauthn
        .finish_authentication(&challenge.ceremony, &assertion, &passkey.credential)
    {
        Ok(credential) => Ok(VerifiedAssertion { passkey, credential }),
        Err(webauthn::Error::Refused(why)) => refuse(Some(owner), why),
        Err(webauthn::Error::SignCountRegressed) => Err(VerifyError::SignCountRegressed(Box::new(passkey))),
        Err(other) => Err(VerifyError::Failed(Error::failed(other))),
    }
}

/// Writes that a passkey may have a copy, and tells its owner.
async fn sign_count_regressed(tx: &Tx, passkey: &Passkey) -> Result<()> {
    passkeys::update_counts_alone(tx, &passkey.account, Some(&passkey.id), false).await?;
    let event = Event::new(Action::SignCountRegressed, format!("account:{}", passkey.account));
    tx.record(event.failed(format!("passkey:{}", passkey.id))).await?;
    if let Some(account) = accounts::find(tx, &passkey.account).await? {
        let change = SecondFactorChange::SignCountRegressed;
        inform_about(tx, &account, change, Some(&passkey.name)).await?;
    }
    Ok(())
}

/// Writes the use of the passkey down. Returns `false` if it was meanwhile taken away, used elsewhere, or set back by a
/// reset of the password.
pub(in crate::accounts) async fn spend(tx: &Tx, assertion: &VerifiedAssertion) -> Result<bool> {
    Ok(passkeys::update_used(tx, &assertion.passkey, &assertion.credential, tx.now()).await?)
}
