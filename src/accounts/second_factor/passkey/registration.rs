//! Passkeys: registered by a person who has just logged in, named and taken away (Web Authentication §7.1).

use super::challenge::{self, Challenge, handle};
use crate::accounts::second_factor::enrolment::{self, Enrolled};
use crate::accounts::second_factor::{policy, reauthentication};
use crate::accounts::{Error, Result};
use crate::app::App;
use crate::domain::aaguid::Aaguid;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::Factor;
use crate::domain::browser::browser_in_words;
use crate::domain::session::Session;
use crate::domain::{AccountId, text};
use crate::random;
use crate::storage::ephemeral::Kind;
use crate::storage::passkeys::{self, Passkey};
use crate::templates::mails::SecondFactorChange;
use crate::webauthn;

/// The most passkeys of one account.
pub const MOST: u64 = 20;
const LONGEST_NAME: usize = 100;
/// The name of one that neither its authenticator nor the browser names: the word is the same in most languages.
const UNNAMED: &str = "Passkey";

fn enrolment(session: &Session) -> String {
    format!("passkey:{}", session.id)
}

fn wrong(error: webauthn::Error) -> Error {
    match error {
        webauthn::Error::Refused(why) => {
            tracing::debug!(why, "a passkey was refused");
            Error::WrongCode
        }
        other => Error::failed(other),
    }
}

/// Lists the account's passkeys, the first one first; no more than `MOST`.
pub async fn list(app: &App, account: &AccountId) -> Result<Vec<Passkey>> {
    Ok(passkeys::list_of_account(app.db.read(), account).await?)
}

/// Makes a challenge for this session to register a passkey. `Conflict`: there are enough.
pub async fn begin(app: &App, account: &Account, session: &Session) -> Result<()> {
    reauthentication::require_recent(app.db.read(), session, app.clock.now()).await?;
    let existing = list(app, &account.id).await?;
    if existing.len() as u64 >= MOST {
        return Err(Error::Conflict);
    }
    let existing: Vec<String> = existing.into_iter().map(|it| it.credential_id).collect();
    let (email, name) = (account.email.as_str(), account.profile.full_name());
    let ceremony = app
        .webauthn
        .begin_registration(handle(app, &account.id), email, &name, &existing)
        .map_err(Error::failed)?;
    let account = Some(account.id.clone());
    let challenge = Challenge { ceremony, account };
    challenge::store(app, Kind::Enrolment, &enrolment(session), &challenge).await
}

/// Returns the options for the browser, if a registration is pending.
pub async fn pending(app: &App, session: &Session) -> Result<Option<String>> {
    let challenge = challenge::find(app, Kind::Enrolment, &enrolment(session)).await?;
    Ok(challenge.map(|it| it.ceremony.options))
}

/// A passkey that a device has made.
#[derive(Clone, Copy)]
pub struct NewPasskey<'a> {
    /// The person's name for it; if it is empty, the name of what made it.
    pub name: &'a str,
    /// The answer of the device, in JSON.
    pub response: &'a str,
}

/// Registers the passkey that a device has made. `ChallengeExpired`: it took too long; `WrongCode`: the answer is not
/// as it should be; `Conflict`: it is registered already.
pub async fn confirm(
    app: &App,
    context: &Context,
    account: &Account,
    session: &Session,
    new: NewPasskey<'_>,
) -> Result<Enrolled> {
    // A name can be mended, so it is read before the challenge is spent.
    let typed = match new.name.trim() {
        "" => None,
        _ => Some(named(new.name)?),
    };
    let challenge = challenge::take(app, Kind::Enrolment, &enrolment(session)).await?;
    let challenge = challenge.ok_or(Error::ChallengeExpired)?;
    let made = app
        .webauthn
        .finish_registration(&challenge.ceremony, new.response);
    let made = made.map_err(wrong)?;
    let name = match typed {
        Some(name) => name,
        None => {
            let model = made.aaguid.and_then(Aaguid::name).map(str::to_owned);
            let maker = model.unwrap_or_else(|| browser_in_words(&context.user_agent));
            first_free(&maker, &list(app, &account.id).await?)
        }
    };
    let passkey = Passkey {
        id: random::id(),
        account: account.id.clone(),
        credential_id: made.id,
        credential: made.data,
        name,
        counts_alone: true,
        created_at: app.clock.now(),
        last_used_at: None,
    };
    app.write(context, async |tx| {
        reauthentication::hold(tx, session).await?;
        // The mail has the same time: what was added since a mail is told by it.
        let passkey = Passkey {
            created_at: tx.now(),
            ..passkey.clone()
        };
        if passkeys::count(tx, &account.id).await? >= MOST || !passkeys::insert(tx, &passkey).await? {
            return Err(Error::Conflict);
        }
        let (factor, change) = (Factor::Passkey, SecondFactorChange::PasskeyAdded);
        enrolment::added(tx, account, session, factor, change).await
    })
    .await
}

/// Returns the name of what made a passkey, with a number if the person has one of that name.
fn first_free(maker: &str, existing: &[Passkey]) -> String {
    let maker = if maker.is_empty() { UNNAMED } else { maker };
    let numbered = (2..).map(|number| format!("{maker} {number}"));
    let mut names = std::iter::once(maker.to_owned()).chain(numbered);
    let is_free = |name: &String| existing.iter().all(|it| it.name != *name);
    names.find(is_free).unwrap_or_default()
}

fn named(name: &str) -> Result<String> {
    text::line(name, LONGEST_NAME).map_err(|it| Error::field("name", it.message()))
}

/// Renames a passkey. Returns `false` if there is no such passkey any more.
pub async fn rename(app: &App, context: &Context, account: &Account, id: &str, name: &str) -> Result<bool> {
    let name = named(name)?;
    let renamed = app.write(context, async |tx| {
        Ok::<_, Error>(passkeys::update_name(tx, &account.id, id, &name).await?)
    });
    renamed.await
}

/// Removes a passkey, for a person who has just been verified by all that the account asks for. Returns `false` if
/// there was none.
pub async fn remove(
    app: &App,
    context: &Context,
    account: &Account,
    session: &Session,
    id: &str,
) -> Result<bool> {
    let removed = app.write(context, async |tx| {
        reauthentication::hold(tx, session).await?;
        reauthentication::require_recent(tx, session, tx.now()).await?;
        if !passkeys::delete(tx, &account.id, id).await? {
            return Ok(false);
        }
        policy::require_another(tx, account).await?;
        let (what, change) = (Factor::Passkey.as_str(), SecondFactorChange::PasskeyRemoved);
        enrolment::removed(tx, account, what, &[], change).await?;
        Ok(true)
    });
    policy::recorded(app, context, account, removed.await).await
}
