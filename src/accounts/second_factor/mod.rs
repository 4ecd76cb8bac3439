//! What a person shows beside the password: an authenticator app (RFC 6238), a passkey (Web Authentication),
//! and recovery codes for the day when they are lost (product.md, "Beside the sign-up"). Who has set one up is
//! asked for it after every password. A wrong code slows down what follows, as a wrong password does
//! (security.md PW-4), by counts of its own: only who knows the password gets to them.

pub mod passkey;
pub mod recovery_code;
pub mod totp;

use sea_orm::ConnectionTrait;

use super::sessions::{self, Started};
use super::{Error, Result, tell, throttle};
use crate::app::App;
use crate::audit;
use crate::config::Issuer;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::authentication::{Acr, Factor, SecondProof};
use crate::domain::event::{Action, Event};
use crate::domain::message::Message;
use crate::domain::second_factor::Typed;
use crate::domain::session::Session;
use crate::domain::{AccountId, Time};
use crate::storage::{accounts, login_throttles, passkeys, second_factors};
use crate::templates::mails::{SecondFactorChange, SecondFactorChanged};
use crate::webauthn;

/// What pages about it show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub totp_since: Option<Time>,
    pub passkeys: u64,
    pub recovery_codes: u64,
}

impl Standing {
    /// The password is not all.
    pub fn is_on(&self) -> bool {
        self.totp_since.is_some() || self.passkeys > 0
    }
}

pub async fn standing(app: &App, account: &AccountId) -> Result<Standing> {
    let db = app.db.read();
    let totp = second_factors::find_totp(db, account).await?;
    Ok(Standing {
        totp_since: totp.map(|it| it.created_at),
        passkeys: passkeys::count(db, account).await?,
        recovery_codes: second_factors::count_codes(db, account).await?,
    })
}

/// The most that any login here can come to.
pub fn best(issuer: &Issuer) -> Acr {
    match webauthn::place(issuer) {
        Some(_) => Acr::Passkey,
        None => Acr::SecondFactor,
    }
}

/// The most that a login of this person can come to.
pub async fn reach(app: &App, account: &AccountId) -> Result<Acr> {
    reach_within(app.db.read(), account).await
}

pub(super) async fn reach_within(db: &impl ConnectionTrait, account: &AccountId) -> Result<Acr> {
    if passkeys::count(db, account).await? > 0 {
        return Ok(Acr::Passkey);
    }
    Ok(match second_factors::find_totp(db, account).await? {
        Some(_) => Acr::SecondFactor,
        None => Acr::Password,
    })
}

/// What proves the person stays as it is until the transaction ends, and the session has shown what that asks for: a
/// factor may have come since the set-up began.
async fn hold(tx: &impl ConnectionTrait, now: Time, session: &Session, account: &AccountId) -> Result<()> {
    sessions::hold(tx, now, session).await?;
    require_class(tx, session, account).await
}

async fn require_class(db: &impl ConnectionTrait, session: &Session, account: &AccountId) -> Result<()> {
    let reach = reach_within(db, account).await?;
    match session.acr() >= reach.min(Acr::SecondFactor) {
        true => Ok(()),
        false => Err(Error::ReauthenticationNeeded),
    }
}

/// SE-4, and a second factor if the account has one: who has only the password takes none away, and who has
/// lost one takes it away by another.
pub(super) async fn require_recent(
    db: &impl ConnectionTrait,
    session: &Session,
    account: &AccountId,
    now: Time,
) -> Result<()> {
    super::require_recent(session, now)?;
    require_class(db, session, account).await
}

/// The counter of wrong codes: for strangers, or for one browser that signed in before, so that who has
/// learned the password locks no owner out. Not one of those that a new password forgets.
fn counter(account: &AccountId, browser: Option<&str>) -> String {
    match browser {
        None => format!("f:{account}"),
        Some(browser) => format!("f:{browser}:{account}"),
    }
}

/// Forgets wrong codes and their waits, in all browsers.
pub(super) async fn forgive(tx: &impl ConnectionTrait, account: &AccountId) -> Result<()> {
    login_throttles::delete_of(tx, &format!(":{account}")).await?;
    Ok(())
}

/// What a person shows, as it came.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    Code(&'a str),
    /// What the device answered, in JSON.
    Passkey(&'a str),
}

/// The same, after all that needs no transaction.
pub(super) enum Answer {
    Code(Typed),
    Passkey(Box<passkey::Answered>),
}

impl Answer {
    /// `key` is that of the question to the devices. `WrongCode`: no passkey of theirs answered it, which is recorded.
    pub(super) async fn read(app: &App, context: &Context, key: &str, shown: Shown<'_>) -> Result<Self> {
        match shown {
            Shown::Code(it) => Self::code(it),
            Shown::Passkey(it) => {
                let answered = passkey::answer(app, context, key, it).await?;
                Ok(Self::Passkey(Box::new(answered)))
            }
        }
    }

    /// What cannot be a code is no attempt at one: it is told, not counted.
    pub(super) fn code(typed: &str) -> Result<Self> {
        match Typed::read(typed) {
            Typed::Nonsense => Err(not_a_code()),
            code => Ok(Self::Code(code)),
        }
    }
}

fn not_a_code() -> Error {
    Error::field("otp", "error.otp_form")
}

/// What was shown, spent if it is right. An inner error: it is wrong and was counted, which the transaction must keep.
pub(super) async fn verify(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
    answer: &Answer,
    browser: Option<&str>,
) -> Result<Result<Factor>> {
    // Held: of many guesses at once, each finds what the one before has counted.
    accounts::lock(tx, &account.id).await?;
    let typed = match answer {
        Answer::Code(it) => it,
        Answer::Passkey(it) => {
            let spent = it.account() == &account.id && passkey::spend(tx, now, it).await?;
            if spent {
                // The password was beside it.
                passkeys::update_counts_alone(tx, &account.id, Some(it.id()), true).await?;
            }
            // No guess: it was taken away meanwhile.
            return Ok(spent.then_some(Factor::Passkey).ok_or(Error::WrongCode));
        }
    };
    let key = counter(&account.id, browser);
    let totp = second_factors::find_totp(tx, &account.id).await?;
    if totp.is_none() && passkeys::count(tx, &account.id).await? == 0 {
        return Err(Error::Conflict);
    }
    let stopped = throttle::check(login_throttles::find_locked(tx, &key).await?, now)?;
    let right = match (typed, &totp) {
        // NIST SP 800-63B §3.2.2: after so many failures six digits are no proof any more; a recovery code
        // cannot be guessed.
        (Typed::Totp(code), Some(totp)) if !stopped => totp::spend(app, tx, &account.id, totp, code, now)
            .await?
            .then_some(Factor::Totp),
        (Typed::Recovery(code), _) => recovery_code::spend(app, tx, now, context, account, code)
            .await?
            .then_some(Factor::RecoveryCode),
        _ => None,
    };
    if let Some(factor) = right {
        login_throttles::delete(tx, &key).await?;
        return Ok(Ok(factor));
    }
    let counted = throttle::count_and_wait(tx, &key, now).await?;
    let waits = counted.err();
    let event = Event::new(Action::SecondFactorFailed, format!("account:{}", account.id));
    let event = event.failed(waits.map_or_else(|| "wrong code".to_owned(), |it| format!("{it} failures")));
    audit::record(tx, now, context, event).await?;
    if matches!(waits, Some(throttle::FREE | throttle::STOPPED)) {
        // Whoever guesses codes knows the password.
        inform(app, tx, now, account, SecondFactorChange::Guessed).await?;
    }
    let message = Message::new("error.otp_left").counting(counted.unwrap_or_default());
    Ok(Err(Error::field("otp", message)))
}

/// A factor that is set up.
#[derive(Debug)]
pub struct Enrolled {
    /// With the first one, to be shown this once.
    pub recovery_codes: Option<Vec<String>>,
    /// The session, in which the factor is proved now.
    pub started: Started,
}

#[expect(clippy::too_many_arguments, reason = "what a change is made of; two callers")]
async fn added(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
    session: &Session,
    factor: Factor,
    change: SecondFactorChange,
) -> Result<Enrolled> {
    forgive(tx, &account.id).await?;
    let recovery_codes = match second_factors::count_codes(tx, &account.id).await? {
        0 => Some(recovery_code::replace(app, tx, &account.id).await?),
        _ => None,
    };
    let event = Event::new(Action::SecondFactorAdded, format!("account:{}", account.id));
    audit::record(tx, now, context, event.because(factor.as_str())).await?;
    inform(app, tx, now, account, change).await?;
    let proof = SecondProof { factor, at: now };
    let started = sessions::raise(tx, now, context, session, proof).await?;
    Ok(Enrolled {
        recovery_codes,
        started,
    })
}

/// After `what` was taken away: with the last factor go the codes.
async fn removed(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
    what: &str,
    change: SecondFactorChange,
) -> Result<()> {
    let was_last = reach_within(tx, &account.id).await? == Acr::Password;
    if was_last {
        second_factors::delete_codes(tx, &account.id).await?;
        forgive(tx, &account.id).await?;
    }
    let event = Event::new(Action::SecondFactorRemoved, format!("account:{}", account.id)).because(what);
    audit::record(tx, now, context, event).await?;
    let change = match was_last {
        true => SecondFactorChange::TurnedOff,
        false => change,
    };
    inform(app, tx, now, account, change).await
}

/// For the operator, whom the person has convinced: without any factor and without codes. `false`: there was none.
pub async fn remove_for(app: &App, context: &Context, email: &str) -> Result<bool> {
    let email = EmailAddress::parse(email).map_err(|_| Error::field("email", "error.email"))?;
    let now = app.clock.now();
    app.db
        .write(
            async |tx| match accounts::find_by_email(tx, &email.key()).await? {
                Some(account) => remove_all(app, tx, now, context, &account).await,
                None => Ok(false),
            },
        )
        .await
}

async fn remove_all(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
) -> Result<bool> {
    accounts::lock(tx, &account.id).await?;
    let had_app = second_factors::delete_totp(tx, &account.id).await?;
    let had_passkeys = passkeys::delete_all(tx, &account.id).await? > 0;
    if had_app || had_passkeys {
        removed(
            app,
            tx,
            now,
            context,
            account,
            "all",
            SecondFactorChange::TurnedOff,
        )
        .await?;
    }
    Ok(had_app || had_passkeys)
}

/// The person hears of every change (security.md LG-4).
async fn inform(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    account: &Account,
    change: SecondFactorChange,
) -> Result<()> {
    let message = SecondFactorChanged {
        name: account.profile.full_name(),
        at: now,
        change,
    };
    tell(app, tx, &account.email, account.language, &message).await
}
