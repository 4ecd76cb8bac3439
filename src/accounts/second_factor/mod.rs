//! What a person shows beside the password: an authenticator app (RFC 6238), and recovery codes for the day
//! when it is lost (product.md, "Beside the sign-up"). A wrong code slows down what follows, as a wrong
//! password does (security.md PW-4), by counts of its own: only who knows the password gets to them.

pub mod recovery_code;
pub mod totp;

use sea_orm::ConnectionTrait;

use super::{Error, Result, tell, throttle};
use crate::app::App;
use crate::audit;
use crate::domain::account::{Account, Email};
use crate::domain::actor::Context;
use crate::domain::authentication::{Acr, Factor};
use crate::domain::event::{Action, Event};
use crate::domain::second_factor::Typed;
use crate::domain::session::Session;
use crate::domain::{AccountId, Time};
use crate::storage::{accounts, login_throttles, second_factors};
use crate::templates::mails::{SecondFactorChange, SecondFactorChanged};

/// What the page about it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub since: Time,
    pub recovery_codes: u64,
}

/// `None`: the password is all.
pub async fn standing(app: &App, account: &AccountId) -> Result<Option<Standing>> {
    let db = app.db.read();
    let Some(totp) = second_factors::find_totp(db, account).await? else {
        return Ok(None);
    };
    Ok(Some(Standing {
        since: totp.created_at,
        recovery_codes: second_factors::count_codes(db, account).await?,
    }))
}

/// The most that a login of this person can come to.
pub async fn reach(app: &App, account: &AccountId) -> Result<Acr> {
    reach_within(app.db.read(), account).await
}

pub(super) async fn reach_within(db: &impl ConnectionTrait, account: &AccountId) -> Result<Acr> {
    Ok(match second_factors::find_totp(db, account).await? {
        Some(_) => Acr::SecondFactor,
        None => Acr::Password,
    })
}

/// SE-4, and all factors that the account has: who has only the password takes none away.
pub(super) async fn require_recent(
    db: &impl ConnectionTrait,
    session: &Session,
    account: &AccountId,
    now: Time,
) -> Result<()> {
    super::require_recent(session, now)?;
    match session.acr() >= reach_within(db, account).await? {
        true => Ok(()),
        false => Err(Error::ReauthenticationNeeded),
    }
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

/// What was typed, spent if it is right. `None`: it is wrong and was counted, which the transaction must keep.
pub(super) async fn verify(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
    typed: &str,
    browser: Option<&str>,
) -> Result<Option<Factor>> {
    let key = counter(&account.id, browser);
    // Held: of many guesses at once, each finds what the one before has counted.
    let held = second_factors::find_totp_locked(tx, &account.id).await?;
    let totp = held.ok_or(Error::Conflict)?;
    let stopped = throttle::check(login_throttles::find_locked(tx, &key).await?, now)?;
    let right = match Typed::read(typed) {
        // NIST SP 800-63B §3.2.2: after so many failures six digits are no proof any more; a recovery code
        // cannot be guessed.
        Typed::Totp(code) if !stopped => totp::spend(app, tx, &account.id, &totp, &code, now)
            .await?
            .then_some(Factor::Totp),
        Typed::Recovery(code) => recovery_code::spend(app, tx, now, context, account, &code)
            .await?
            .then_some(Factor::RecoveryCode),
        Typed::Totp(_) | Typed::Nonsense => None,
    };
    if right.is_some() {
        login_throttles::delete(tx, &key).await?;
        return Ok(right);
    }
    let waits = throttle::count(tx, &key, now).await?;
    let event = Event::new(Action::SecondFactorFailed, format!("account:{}", account.id));
    let event = event.failed(waits.map_or_else(|| "wrong code".to_owned(), |it| format!("{it} failures")));
    audit::record(tx, now, context, event).await?;
    if matches!(waits, Some(throttle::FREE | throttle::STOPPED)) {
        // Whoever guesses codes knows the password.
        inform(app, tx, now, account, SecondFactorChange::Guessed).await?;
    }
    Ok(None)
}

/// For the operator, whom the person has convinced: without the app and without codes. `false`: there was none.
pub async fn remove_for(app: &App, context: &Context, email: &str) -> Result<bool> {
    let email = Email::parse(email).map_err(|_| Error::field("email", "error.email"))?;
    let now = app.clock.now();
    app.db
        .write(
            async |tx| match accounts::find_by_email(tx, &email.key()).await? {
                Some(account) => remove_within(app, tx, now, context, &account).await,
                None => Ok(false),
            },
        )
        .await
}

async fn remove_within(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
) -> Result<bool> {
    if !second_factors::delete_all(tx, &account.id).await? {
        return Ok(false);
    }
    forgive(tx, &account.id).await?;
    let event = Event::new(Action::SecondFactorRemoved, format!("account:{}", account.id)).because("totp");
    audit::record(tx, now, context, event).await?;
    inform(app, tx, now, account, SecondFactorChange::TotpRemoved).await?;
    Ok(true)
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
