//! Passkeys shown at a login, after the password or in its place (Web Authentication §7.2).

use sea_orm::ConnectionTrait;

use super::challenge::{Question, handle, keep, kept, taken};
use super::registration::list;
use crate::accounts::{Error, Result};
use crate::app::App;
use crate::audit;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::{AccountId, Time};
use crate::storage::ephemeral::Kind;
use crate::storage::passkeys::{self, Passkey};
use crate::webauthn::{self, Claim};

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
