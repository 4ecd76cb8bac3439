//! An authenticator app: set up with a secret that counts only once the app has given a code of it, required at every
//! login, taken away. The secret is sealed under the master key (security.md JW-7).

use std::time::Duration;

use super::enrolment::{self, Enrolled};
use super::{policy, reauthentication};
use crate::accounts::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::AccountId;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::Factor;
use crate::domain::second_factor::{TotpSecret, TypedCode};
use crate::domain::session::Session;
use crate::random;
use crate::storage::ephemeral::Kind;
use crate::storage::second_factors::{self, Totp};
use crate::templates::mails::SecondFactorChange;

/// As long as a person may take with the app (security.md AZ-6 gives a login as much).
const SETTING_UP: Duration = Duration::from_secs(600);

/// Returns the purpose of the seal: a secret that is sealed for one account opens for no other.
fn purpose(account: &AccountId) -> String {
    format!("totp {account}")
}

/// Makes a secret for this session to set up, in place of one that was begun before.
pub async fn begin(app: &App, account: &Account, session: &Session) -> Result<()> {
    reauthentication::require_recent(app.db.read(), session, app.clock.now()).await?;
    if second_factors::find_totp(app.db.read(), &account.id)
        .await?
        .is_some()
    {
        return Err(Error::Conflict);
    }
    let sealed = app
        .keys
        .seal(&purpose(&account.id), &random::bytes::<20>())
        .map_err(Error::failed)?;
    app.ephemeral
        .put(
            Kind::Enrolment,
            session.id.as_str(),
            sealed.as_bytes(),
            SETTING_UP,
        )
        .await
        .map_err(Error::from)
}

/// Returns the secret that this session is setting up.
pub async fn begun(app: &App, account: &AccountId, session: &Session) -> Result<Option<TotpSecret>> {
    let sealed = app
        .ephemeral
        .get(Kind::Enrolment, session.id.as_str())
        .await
        .map_err(Error::from)?;
    Ok(sealed
        .and_then(|it| String::from_utf8(it).ok())
        .and_then(|it| open(app, account, &it)))
}

fn open(app: &App, account: &AccountId, sealed: &str) -> Option<TotpSecret> {
    TotpSecret::from_slice(&app.keys.open(&purpose(account), sealed)?)
}

/// Sets the app up by a code of it: from now on every login asks for one. `CodeVoid`: it took too long.
pub async fn confirm(
    app: &App,
    context: &Context,
    account: &Account,
    session: &Session,
    typed: &str,
) -> Result<Enrolled> {
    let secret = begun(app, &account.id, session).await?.ok_or(Error::CodeVoid)?;
    let now = app.clock.now();
    let step = match TypedCode::read(typed) {
        TypedCode::Totp(code) => secret.accepts(&code, now, None),
        _ => return Err(not_a_code()),
    };
    let step = step.ok_or_else(|| Error::field("otp", "error.otp"))?;
    let sealed = app.keys.seal(&purpose(&account.id), secret.expose());
    let totp = Totp {
        sealed_secret: sealed.map_err(Error::failed)?,
        last_step: step,
        created_at: now,
    };
    let enrolled = app
        .write(context, async |tx| {
            reauthentication::hold(tx, session).await?;
            // The mail has the same time: what was added since a mail is told by it.
            let totp = Totp {
                created_at: tx.now(),
                ..totp.clone()
            };
            if !second_factors::insert_totp(tx, &account.id, &totp).await? {
                return Err(Error::Conflict);
            }
            let (factor, change) = (Factor::Totp, SecondFactorChange::TotpAdded);
            enrolment::added(tx, account, session, factor, change).await
        })
        .await?;
    // The rest of the enrolment sets nothing up: the account has an app now.
    if let Err(error) = app.ephemeral.take(Kind::Enrolment, session.id.as_str()).await {
        error.pass_over("a set-up that is done stays until its time is over");
    }
    Ok(enrolled)
}

/// Removes the app, for a person who has just been verified by all that the account asks for. Returns `false` if there
/// was none.
pub async fn remove(app: &App, context: &Context, account: &Account, session: &Session) -> Result<bool> {
    let removed = app.write(context, async |tx| {
        reauthentication::hold(tx, session).await?;
        reauthentication::require_recent(tx, session, tx.now()).await?;
        if !second_factors::delete_totp(tx, &account.id).await? {
            return Ok(false);
        }
        policy::require_another(tx, account).await?;
        let (what, change) = (Factor::Totp.as_str(), SecondFactorChange::TotpRemoved);
        enrolment::removed(tx, account, what, &[], change).await?;
        Ok(true)
    });
    policy::recorded(app, context, account, removed.await).await
}

pub(super) fn not_a_code() -> Error {
    Error::field("otp", "error.otp_form")
}

/// Spends the code and all before it. Returns `false` if it is not right.
pub(super) async fn spend(tx: &Tx, account: &AccountId, totp: &Totp, code: &str) -> Result<bool> {
    let secret = open(tx.app(), account, &totp.sealed_secret);
    let secret = secret.ok_or_else(|| Error::failed("the secret of a second factor cannot be opened"))?;
    match secret.accepts(code, tx.now(), Some(totp.last_step)) {
        Some(step) => Ok(second_factors::spend_step(tx, account, step).await?),
        None => Ok(false),
    }
}
