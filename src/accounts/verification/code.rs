//! Makes the codes that are mailed to an address, counts attempts, and compares (security.md SU-3, SU-4).
//! `verification`, `first_login` and `email_change` call it, and decide what a code completes.

use chrono::Duration;
use sea_orm::ConnectionTrait;
use subtle::ConstantTimeEq;

use crate::accounts::{Error, Result, address_label};
use crate::app::{App, Tx};
use crate::config::Rate;
use crate::domain::account::EmailAddress;
use crate::domain::message::Message;
use crate::domain::{Time, typed_code};
use crate::random;
use crate::storage::email_codes::{self, EmailCode};

const DIGITS: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    SignUp,
    FirstLogin,
    EmailChange,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "signup",
            Self::FirstLogin => "first_login",
            Self::EmailChange => "email_change",
        }
    }
}

/// Returns the labels by which the limits count the codes to an address.
pub(in crate::accounts) fn labels(app: &App, email: &EmailAddress) -> [String; 2] {
    let label = address_label(app, &email.unique_key());
    [format!("{}:{label}", Purpose::FirstLogin.as_str()), label]
}

/// Names what a code is bound to: its purpose, its address and what it completes (SU-3).
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'a> {
    pub purpose: Purpose,
    pub transaction: &'a str,
    pub email: &'a EmailAddress,
}

impl Binding<'_> {
    /// Returns the label by which the limits count. Anybody can sign up with the address of somebody else, or want it for their account: that takes
    /// nothing from the codes and attempts of the owner, whose password comes first.
    fn label(&self, app: &App) -> String {
        let label = address_label(app, &self.email.unique_key());
        match self.purpose {
            Purpose::SignUp | Purpose::EmailChange => label,
            Purpose::FirstLogin => format!("{}:{label}", self.purpose.as_str()),
        }
    }

    fn hmac(&self, app: &App, code: &str) -> String {
        let bound = format!(
            "{}\n{}\n{}\n{code}",
            self.purpose.as_str(),
            self.transaction,
            self.email.key().as_str()
        );
        base16ct::lower::encode_string(&app.keys.hmac("email-code", bound.as_bytes()))
    }
}

/// Says whether a code is the first of its sign-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::accounts) enum When {
    First,
    Again,
}

/// Refuses a code that comes too soon. SU-3: again after 60 s, 3 times an hour and 8 a day for one address, whoever
/// asks. The first code of a sign-up comes on top and does not wait for the minute.
pub(super) async fn check_rates(
    app: &App,
    db: &impl ConnectionTrait,
    now: Time,
    binding: Binding<'_>,
    when: When,
) -> Result<()> {
    let rates = &app.config.limits.code_mails;
    let longest = rates.iter().map(window).max().unwrap_or_default();
    let sent = email_codes::list_sent_since(db, &binding.label(app), now - longest).await?;
    for rate in rates {
        let short = window(rate) <= Duration::minutes(10);
        if short && when == When::First {
            continue;
        }
        let allowed = usize::try_from(rate.count).unwrap_or(usize::MAX) + usize::from(!short);
        let within: Vec<&Time> = sent.iter().filter(|at| **at > now - window(rate)).collect();
        // The newest is first: when the one that is `allowed` places back leaves the window, there is room.
        if within.len() >= allowed
            && let Some(leaves) = within.get(allowed.saturating_sub(1))
        {
            return Err(Error::Throttled {
                retry_after: **leaves + window(rate) - now,
            });
        }
    }
    Ok(())
}

/// Returns how long a person has to wait before another code can be requested, or zero.
pub(super) async fn resend_wait(app: &App, binding: Binding<'_>) -> Result<Duration> {
    match check_rates(app, app.db.read(), app.clock.now(), binding, When::Again).await {
        Ok(()) => Ok(Duration::zero()),
        Err(Error::Throttled { retry_after }) => Ok(retry_after),
        Err(other) => Err(other),
    }
}

fn window(rate: &Rate) -> Duration {
    Duration::from_std(rate.window).unwrap_or(Duration::days(1))
}

/// Makes a new code, which voids the old.
pub(super) async fn issue(tx: &Tx, binding: Binding<'_>) -> Result<String> {
    let code = random::decimal_code(DIGITS);
    email_codes::void(tx, binding.transaction).await?;
    let row = EmailCode {
        id: random::id(),
        purpose: binding.purpose.as_str().to_owned(),
        transaction: binding.transaction.to_owned(),
        address: binding.label(tx.app()),
        hmac: binding.hmac(tx.app(), &code),
        attempts: 0,
        created_at: tx.now(),
    };
    email_codes::insert(tx, row).await?;
    Ok(code)
}

/// Returns the code that was mailed last, if it can still be given.
pub(super) async fn find_open(
    app: &App,
    db: &impl ConnectionTrait,
    now: Time,
    binding: Binding<'_>,
) -> Result<Option<EmailCode>> {
    let lifetime = Duration::from_std(app.config.accounts.email_code).unwrap_or(Duration::minutes(10));
    let found = email_codes::find_open(db, binding.purpose.as_str(), binding.transaction).await?;
    Ok(found.filter(|it| now - it.created_at < lifetime && it.attempts < most_attempts(app)))
}

fn most_attempts(app: &App) -> i32 {
    i32::try_from(app.config.accounts.email_code_attempts).unwrap_or(5)
}

/// Reads what was typed. What cannot be a code is no attempt at one.
pub(super) fn read(typed: &str) -> Result<String> {
    typed_code::digits(typed, DIGITS as usize).ok_or_else(|| {
        let key = if typed.trim().is_empty() {
            "error.required"
        } else {
            "error.code_form"
        };
        Error::field("code", key)
    })
}

/// An attempt that was counted.
#[derive(Debug)]
pub(super) struct Attempt {
    pub code_id: String,
    hmac: String,
    left: i32,
}

/// Counts an attempt. The caller commits this before anything is compared: no crash and no parallel request gives an
/// attempt back (SU-4).
pub(super) async fn count_attempt(tx: &Tx, binding: Binding<'_>) -> Result<Attempt> {
    let open = find_open(tx.app(), tx, tx.now(), binding)
        .await?
        .ok_or(Error::CodeVoid)?;
    for rate in &tx.app().config.limits.code_attempts {
        let made = email_codes::count_attempts_since(tx, &open.address, tx.now() - window(rate)).await?;
        if made >= rate.count {
            return Err(Error::Throttled {
                retry_after: window(rate),
            });
        }
    }
    let most = most_attempts(tx.app());
    let made = email_codes::count_attempt(tx, &open, most, tx.now()).await?;
    Ok(Attempt {
        left: most - made.ok_or(Error::CodeVoid)?,
        code_id: open.id,
        hmac: open.hmac,
    })
}

impl Attempt {
    /// Returns `true` if the code is the one that was mailed, in constant time.
    pub fn is_right(&self, app: &App, binding: Binding<'_>, code: &str) -> bool {
        binding
            .hmac(app, code)
            .as_bytes()
            .ct_eq(self.hmac.as_bytes())
            .into()
    }

    /// Returns the answer to a wrong code: how many attempts are left, or that only a new code helps.
    pub fn refusal(&self) -> Error {
        if self.left <= 0 {
            return Error::CodeVoid;
        }
        let left = u64::from(self.left.unsigned_abs());
        Error::field("code", Message::new("error.code_left").counting(left))
    }
}
