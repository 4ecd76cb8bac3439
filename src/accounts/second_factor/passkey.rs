//! Passkeys: set up by a person who has just logged in, shown at a login after the password or in its place, named
//! and taken away. A question to a person's devices is kept for as long as they may take, and answered once.

use std::time::Duration;

use sea_orm::ConnectionTrait;

use super::enrolment::{self, Enrolled};
use super::reauthentication;
use crate::accounts::{Error, Result};
use crate::app::App;
use crate::audit;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::Factor;
use crate::domain::event::{Action, Event};
use crate::domain::session::Session;
use crate::domain::{AccountId, Time, text};
use crate::random;
use crate::storage::ephemeral::Kind;
use crate::storage::passkeys::{self, Passkey};
use crate::templates::mails::SecondFactorChange;
use crate::webauthn::{self, Ceremony, Claim, UserHandle};

/// Of one account.
pub const MOST: u64 = 20;
const LONGEST_NAME: usize = 100;
/// As long as browsers are told to wait for a device (Web Authentication §5.4, `timeout`).
const PATIENCE: Duration = Duration::from_secs(300);

/// The same for ever, for devices that log in without an address; it tells them nothing.
fn handle(app: &App, account: &AccountId) -> UserHandle {
    let mac = app.keys.hmac("passkey user", account.as_str().as_bytes());
    std::array::from_fn(|at| mac[at])
}

fn enrolment(session: &Session) -> String {
    format!("passkey:{}", session.id)
}

/// What devices are asked, until one answers.
#[derive(serde::Serialize, serde::Deserialize)]
struct Question {
    ceremony: Ceremony,
    /// Whose devices; anybody's otherwise.
    account: Option<AccountId>,
}

async fn keep(app: &App, kind: Kind, key: &str, question: &Question) -> Result<()> {
    let value = serde_json::to_vec(question).map_err(Error::failed)?;
    let kept = app.ephemeral.put(kind, key, &value, PATIENCE).await;
    kept.map_err(Error::from)
}

async fn kept(app: &App, kind: Kind, key: &str) -> Result<Option<Question>> {
    let found = app.ephemeral.get(kind, key).await.map_err(Error::from)?;
    found
        .map(|it| serde_json::from_slice(&it).map_err(Error::failed))
        .transpose()
}

async fn taken(app: &App, kind: Kind, key: &str) -> Result<Option<Question>> {
    let found = app.ephemeral.take(kind, key).await.map_err(Error::from)?;
    found
        .map(|it| serde_json::from_slice(&it).map_err(Error::failed))
        .transpose()
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

/// The first one first; no more than `MOST`.
pub async fn list(app: &App, account: &AccountId) -> Result<Vec<Passkey>> {
    Ok(passkeys::list_of_account(app.db.read(), account).await?)
}

/// A new one for this session to set up. `Conflict`: there are enough.
pub async fn begin(app: &App, account: &Account, session: &Session) -> Result<()> {
    reauthentication::require_recent(app.db.read(), session, &account.id, app.clock.now()).await?;
    let known = list(app, &account.id).await?;
    if known.len() as u64 >= MOST {
        return Err(Error::Conflict);
    }
    let known: Vec<String> = known.into_iter().map(|it| it.credential_id).collect();
    let (email, name) = (account.email.as_str(), account.profile.full_name());
    let ceremony = app
        .webauthn
        .create(handle(app, &account.id), email, &name, &known)
        .map_err(Error::failed)?;
    let account = Some(account.id.clone());
    let question = Question { ceremony, account };
    keep(app, Kind::Enrolment, &enrolment(session), &question).await
}

/// What the browser is to ask the person's devices.
pub async fn begun(app: &App, session: &Session) -> Result<Option<String>> {
    let question = kept(app, Kind::Enrolment, &enrolment(session)).await?;
    Ok(question.map(|it| it.ceremony.options))
}

/// A device has made one. `QuestionVoid`: it took too long; `WrongCode`: the answer is not as it should be;
/// `Conflict`: it is known already.
pub async fn confirm(
    app: &App,
    context: &Context,
    account: &Account,
    session: &Session,
    name: &str,
    answer: &str,
) -> Result<Enrolled> {
    // Before the question is spent: a name can be mended.
    let name = named(name)?;
    let question = taken(app, Kind::Enrolment, &enrolment(session)).await?;
    let question = question.ok_or(Error::QuestionVoid)?;
    let made = app.webauthn.created(&question.ceremony, answer);
    let made = made.map_err(wrong)?;
    let now = app.clock.now();
    let passkey = Passkey {
        id: random::id(),
        account: account.id.clone(),
        credential_id: made.id,
        credential: made.data,
        name,
        counts_alone: true,
        created_at: now,
        last_used_at: None,
    };
    app.db
        .write(async |tx| {
            reauthentication::hold(tx, now, session, &account.id).await?;
            if passkeys::count(tx, &account.id).await? >= MOST || !passkeys::insert(tx, &passkey).await? {
                return Err(Error::Conflict);
            }
            let (factor, change) = (Factor::Passkey, SecondFactorChange::PasskeyAdded);
            enrolment::added(app, tx, now, context, account, session, factor, change).await
        })
        .await
}

fn named(name: &str) -> Result<String> {
    text::line(name, LONGEST_NAME).map_err(|it| Error::field("name", it.message()))
}

/// `false`: there is no such passkey any more.
pub async fn rename(app: &App, account: &Account, id: &str, name: &str) -> Result<bool> {
    let name = named(name)?;
    let renamed = app
        .db
        .write(async |tx| Ok::<_, Error>(passkeys::update_name(tx, &account.id, id, &name).await?));
    renamed.await
}

/// By the person, who has just proved all that the account asks for. `false`: there was none.
pub async fn remove(
    app: &App,
    context: &Context,
    account: &Account,
    session: &Session,
    id: &str,
) -> Result<bool> {
    let now = app.clock.now();
    app.db
        .write(async |tx| {
            reauthentication::hold(tx, now, session, &account.id).await?;
            reauthentication::require_recent(tx, session, &account.id, now).await?;
            if !passkeys::delete(tx, &account.id, id).await? {
                return Ok(false);
            }
            let (what, change) = (Factor::Passkey.as_str(), SecondFactorChange::PasskeyRemoved);
            enrolment::removed(app, tx, now, context, account, what, change).await?;
            Ok(true)
        })
        .await
}

/// A question for the devices of a person, or for whichever device answers; `key` is the asker's.
pub async fn ask(app: &App, key: &str, account: Option<&AccountId>) -> Result<()> {
    let allowed = match account {
        Some(account) => list(app, account).await?,
        None => Vec::new(),
    };
    let allowed: Vec<String> = allowed.into_iter().map(|it| it.credential_id).collect();
    let ceremony = app.webauthn.ask(&allowed).map_err(Error::failed)?;
    let account = account.cloned();
    let question = Question { ceremony, account };
    keep(app, Kind::PasskeyQuestion, key, &question).await
}

/// What the browser is to ask the person's devices, if a question is open.
pub async fn asked(app: &App, key: &str) -> Result<Option<String>> {
    let question = kept(app, Kind::PasskeyQuestion, key).await?;
    Ok(question.map(|it| it.ceremony.options))
}

/// A passkey that has answered, until that is written down.
pub(in crate::accounts) struct Answered {
    passkey: Passkey,
    credential: String,
}

impl Answered {
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

/// The question is spent, whatever the answer. `QuestionVoid`: none was open. `WrongCode`: no passkey of ours answered
/// it, or none of whom it was put to; the trail says which and why.
pub(in crate::accounts) async fn answer(
    app: &App,
    context: &Context,
    key: &str,
    answer: &str,
) -> Result<Answered> {
    let question = taken(app, Kind::PasskeyQuestion, key).await?;
    let question = question.ok_or(Error::QuestionVoid)?;
    match judge(app, &question, answer).await? {
        Ok(it) => Ok(it),
        Err(refusal) => {
            let account = refusal.account.or(question.account);
            let object = account.map_or_else(|| "passkey".to_owned(), |it| format!("account:{it}"));
            let event = Event::new(Action::SecondFactorFailed, object).failed(refusal.why);
            let now = app.clock.now();
            app.db
                .write(async |tx| Ok::<_, Error>(audit::record(tx, now, context, event.clone()).await?))
                .await?;
            Err(Error::WrongCode)
        }
    }
}

struct Refusal {
    /// Whose passkey it was said to be.
    account: Option<AccountId>,
    why: String,
}

async fn judge(app: &App, question: &Question, answer: &str) -> Result<Result<Answered, Refusal>> {
    let refuse = |account: Option<&AccountId>, why: String| {
        let account = account.cloned();
        Ok(Err(Refusal { account, why }))
    };
    let claim = match Claim::read(answer) {
        Ok(it) => it,
        Err(webauthn::Error::Refused(why)) => return refuse(None, why),
        Err(other) => return Err(Error::failed(other)),
    };
    let found = passkeys::find_by_credential(app.db.read(), &claim.credential_id()).await?;
    let Some(passkey) = found else {
        return refuse(None, "unknown passkey".into());
    };
    let owner = &passkey.account;
    if question.account.as_ref().is_some_and(|it| it != owner) {
        return refuse(Some(owner), "asked of another person".into());
    }
    // Web Authentication §7.2, step 6: the device says whose it is, if nothing else did, and is right.
    let expected = handle(app, owner);
    let is_right = match claim.user_handle() {
        Some(said) => said == expected,
        None => question.account.is_some(),
    };
    if !is_right {
        return refuse(Some(owner), "another user handle".into());
    }
    match app
        .webauthn
        .answered(&question.ceremony, &claim, &passkey.credential)
    {
        Ok(credential) => Ok(Ok(Answered { passkey, credential })),
        Err(webauthn::Error::Refused(why)) => refuse(Some(owner), why),
        Err(other) => Err(Error::failed(other)),
    }
}

/// `false`: the passkey was taken away, shown elsewhere, or lost its standing by a reset of the password, meanwhile.
pub(in crate::accounts) async fn spend(tx: &impl ConnectionTrait, now: Time, it: &Answered) -> Result<bool> {
    Ok(passkeys::update_used(tx, &it.passkey, &it.credential, now).await?)
}
