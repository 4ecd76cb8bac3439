//! Verifies what a person presents beside the password: a code of an app, a recovery code, a passkey. A wrong code
//! slows down what follows, as a wrong password does (security.md PW-4), by counts of its own: only a person who has
//! the password gets to them.

use super::failures::counter;
use super::notification::inform;
use super::passkey::assertion;
use super::{recovery_code, totp};
use crate::accounts::{Error, Result, throttle};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::Factor;
use crate::domain::event::{Action, Event};
use crate::domain::message::Message;
use crate::domain::second_factor::TypedCode;
use crate::storage::{accounts, login_throttles, passkeys, second_factors};
use crate::templates::mails::SecondFactorChange;

/// A second factor that a person presents, before anything of it is verified.
#[derive(Clone, Copy, Debug)]
pub enum PresentedFactor<'a> {
    Code(&'a str),
    /// The answer of the device, in JSON.
    Passkey(&'a str),
}

/// A code that has the form of one, or a passkey whose assertion is verified. `verify` spends it in a transaction.
pub(in crate::accounts) enum FactorProof {
    Code(TypedCode),
    Passkey(Box<assertion::VerifiedAssertion>),
}

impl FactorProof {
    /// Reads the presented factor. `key` is that of the challenge to the devices. `WrongCode`: no passkey of theirs
    /// answered it, which is recorded.
    pub(in crate::accounts) async fn read(
        app: &App,
        context: &Context,
        key: &str,
        presented: PresentedFactor<'_>,
    ) -> Result<Self> {
        match presented {
            PresentedFactor::Code(code) => Self::code(code),
            PresentedFactor::Passkey(answer) => {
                let verified = assertion::verify(app, context, key, answer).await?;
                Ok(Self::Passkey(Box::new(verified)))
            }
        }
    }

    /// Reads a typed code. Refuses what cannot be a code, and does not count it: it is no attempt at one.
    pub(in crate::accounts) fn code(typed: &str) -> Result<Self> {
        match TypedCode::read(typed) {
            TypedCode::Nonsense => Err(totp::not_a_code()),
            code => Ok(Self::Code(code)),
        }
    }
}

/// The outcome of a verification. The caller commits either: a factor is spent, and a failure is counted.
pub(in crate::accounts) enum Verification {
    Verified(Factor),
    Refused(Error),
}

/// Spends what was presented, if it is right. Otherwise counts the failure and records it.
pub(in crate::accounts) async fn verify(
    tx: &Tx,
    account: &Account,
    proof: &FactorProof,
    browser: Option<&str>,
) -> Result<Verification> {
    // The account is held: of many guesses at once, each finds what the one before has counted.
    accounts::lock(tx, &account.id).await?;
    let typed = match proof {
        FactorProof::Code(code) => code,
        FactorProof::Passkey(passkey) => {
            let spent = passkey.account() == &account.id && assertion::spend(tx, passkey).await?;
            if spent {
                // The password was beside it.
                passkeys::update_counts_alone(tx, &account.id, Some(passkey.id()), true).await?;
            }
            // This was no guess: the factor was taken away meanwhile.
            return Ok(if spent {
                Verification::Verified(Factor::Passkey)
            } else {
                Verification::Refused(Error::WrongCode)
            });
        }
    };
    let key = counter(&account.id, browser);
    let totp = second_factors::find_totp(tx, &account.id).await?;
    if totp.is_none() && passkeys::count(tx, &account.id).await? == 0 {
        return Err(Error::Conflict);
    }
    let stopped = throttle::check(login_throttles::hold(tx, &key, tx.now()).await?, tx.now())?;
    let right = match (typed, &totp) {
        // NIST SP 800-63B §3.2.2: after so many failures six digits are no proof any more; a recovery code
        // cannot be guessed.
        (TypedCode::Totp(code), Some(totp)) if !stopped => totp::spend(tx, &account.id, totp, code)
            .await?
            .then_some(Factor::Totp),
        (TypedCode::Recovery(code), _) => recovery_code::spend(tx, account, code)
            .await?
            .then_some(Factor::RecoveryCode),
        _ => None,
    };
    if let Some(factor) = right {
        login_throttles::delete(tx, &key).await?;
        return Ok(Verification::Verified(factor));
    }
    let counted = throttle::count(tx, &key).await?;
    let waits = counted.failures();
    let event = Event::new(Action::SecondFactorFailed, format!("account:{}", account.id));
    let event = event.failed(waits.map_or_else(|| "wrong code".to_owned(), |it| format!("{it} failures")));
    tx.record(event).await?;
    if matches!(waits, Some(throttle::FREE | throttle::STOPPED)) {
        // A person who guesses codes has the password.
        inform(tx, account, SecondFactorChange::Guessed).await?;
    }
    let message = Message::new("error.otp_left").counting(counted.left());
    Ok(Verification::Refused(Error::field("otp", message)))
}
