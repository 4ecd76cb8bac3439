//! The code that proves an e-mail address, and the account that comes of it (security.md SU-3 to SU-5).
//! An attempt is counted durably before anything is compared; whoever gets it right completes the
//! sign-up in one transaction, which `affiliations` composes with the request to the Focal Point.

use chrono::Duration;
use sea_orm::{ConnectionTrait, SqlErr};
use subtle::ConstantTimeEq;

use super::sessions::{self, Started, of_person};
use super::{Error, Result, address_label, current_terms, hexadecimal, tell};
use crate::app::App;
use crate::config::Rate;
use crate::domain::account::{Account, Status};
use crate::domain::actor::{Context, Role};
use crate::domain::authentication;
use crate::domain::event::{Action, Event};
use crate::domain::message::Message;
use crate::domain::secret::Secret;
use crate::domain::signup::{Choice, PendingSignup, Stage};
use crate::domain::{AccountId, Subject, Time, typed_code};
use crate::storage::accounts::{Holder, NewAccount};
use crate::storage::email_codes::{self, EmailCode};
use crate::storage::{accounts, pending_signups};
use crate::templates::mails;
use crate::{audit, random};

const PURPOSE: &str = "signup";
const DIGITS: u32 = 8;

/// Whether a code is the first of its sign-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    First,
    Again,
}

/// Saves what was chosen and mails a new code, which voids the old; or tells an owner of the address
/// that there is an account. Both do the same work (SU-1).
pub(super) async fn send(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    pending: &PendingSignup,
    when: When,
) -> Result<()> {
    let label = address_label(app, &pending.email.unique_key());
    check_rates(app, tx, now, &label, when).await?;
    let owner = save_choice(tx, now, pending).await?;

    let code = random::decimal_code(DIGITS);
    email_codes::void(tx, pending.id.as_str()).await?;
    let row = EmailCode {
        id: random::id(),
        purpose: PURPOSE.to_owned(),
        transaction: pending.id.to_string(),
        address: label,
        hmac: code_hmac(app, pending, &code),
        attempts: 0,
        created_at: now,
    };
    email_codes::insert(tx, row).await?;
    match owner {
        None => {
            tell(
                app,
                tx,
                &pending.email,
                pending.language,
                &mails::VerificationCode { code },
            )
            .await
        }
        // To the stored address, never to the one that was typed (SU-2).
        Some(owner) => {
            let message = mails::AccountExists { name: owner.name };
            tell(app, tx, &owner.email, owner.language, &message).await
        }
    }
}

/// Saves what was chosen. Returns the holder of the address, if there is one: then no code completes this.
pub(super) async fn save_choice(
    tx: &impl ConnectionTrait,
    now: Time,
    pending: &PendingSignup,
) -> Result<Option<Holder>> {
    let owner = accounts::find_holder(tx, &pending.email.unique_key()).await?;
    pending_signups::update_choice(tx, pending, owner.is_some(), now).await?;
    Ok(owner)
}

/// SU-3: again after 60 s, 3 times an hour and 8 a day for one address, whoever asks. The first code of a
/// sign-up comes on top and does not wait for the minute.
async fn check_rates(app: &App, tx: &impl ConnectionTrait, now: Time, label: &str, when: When) -> Result<()> {
    let rates = &app.config.limits.code_mails;
    let longest = rates.iter().map(window).max().unwrap_or_default();
    let sent = email_codes::list_sent_since(tx, label, now - longest).await?;
    for rate in rates {
        let short = window(rate) <= Duration::minutes(10);
        if short && when == When::First {
            continue;
        }
        let allowed = usize::try_from(rate.count).unwrap_or(usize::MAX) + usize::from(!short);
        let within: Vec<&Time> = sent.iter().filter(|at| **at > now - window(rate)).collect();
        // Newest first: when the one that is `allowed` places back leaves the window, there is room.
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

/// How long a person has to wait before another code can be asked for; zero if no time at all.
pub async fn resend_wait(app: &App, pending: &PendingSignup) -> Result<Duration> {
    let label = address_label(app, &pending.email.unique_key());
    match check_rates(app, app.db.read(), app.clock.now(), &label, When::Again).await {
        Ok(()) => Ok(Duration::zero()),
        Err(Error::Throttled { retry_after }) => Ok(retry_after),
        Err(other) => Err(other),
    }
}

fn window(rate: &Rate) -> Duration {
    Duration::from_std(rate.window).unwrap_or(Duration::days(1))
}

/// A sign-up whose code was right. Only `verify` makes one.
#[derive(Debug)]
pub struct Proof {
    pending: PendingSignup,
    secrets: pending_signups::Secrets,
    code_id: String,
}

impl Proof {
    pub fn pending(&self) -> &PendingSignup {
        &self.pending
    }
}

/// *Verify code.*
pub async fn verify(app: &App, handle: &str, code: &str) -> Result<Proof> {
    let now = app.clock.now();
    let digest = Secret::new(handle).digest();
    let lifetime = Duration::from_std(app.config.accounts.email_code).unwrap_or(Duration::minutes(10));
    let most = i32::try_from(app.config.accounts.email_code_attempts).unwrap_or(5);
    // What cannot be a code is no attempt at one.
    let code = typed_code::digits(code, DIGITS as usize).ok_or_else(|| {
        let key = if code.trim().is_empty() {
            "error.required"
        } else {
            "error.code_form"
        };
        Error::field("code", key)
    })?;

    // Committed before the comparison: no crash and no parallel request gives an attempt back (SU-4).
    let (proof, expected, left) = app
        .db
        .write(async |tx| {
            let (pending, secrets) = pending_signups::find(tx, &digest)
                .await?
                .filter(|(it, _)| it.is_alive(now))
                .ok_or(Error::NoSignup)?;
            if pending.stage() == Stage::Details {
                return Err(Error::StepMissing);
            }
            let open = email_codes::find_open(tx, PURPOSE, pending.id.as_str())
                .await?
                .filter(|it| now - it.created_at < lifetime)
                .ok_or(Error::CodeVoid)?;
            for rate in &app.config.limits.code_attempts {
                let made = email_codes::count_attempts_since(tx, &open.address, now - window(rate)).await?;
                if made >= rate.count {
                    return Err(Error::Throttled {
                        retry_after: window(rate),
                    });
                }
            }
            let counted = email_codes::count_attempt(tx, &open, most, now).await?;
            let made = counted.ok_or(Error::CodeVoid)?;
            Ok((
                Proof {
                    pending,
                    secrets,
                    code_id: open.id,
                },
                open.hmac,
                most - made,
            ))
        })
        .await?;

    let given = code_hmac(app, &proof.pending, &code);
    let right = bool::from(given.as_bytes().ct_eq(expected.as_bytes()));
    // No code completes a sign-up for an address that has an account, not even by luck (SU-1).
    if right & !proof.secrets.taken {
        Ok(proof)
    } else if left > 0 {
        let left = u64::from(left.unsigned_abs());
        Err(Error::field(
            "code",
            Message::new("error.code_left").counting(left),
        ))
    } else {
        Err(Error::CodeVoid)
    }
}

/// What a completed sign-up has come to.
#[derive(Debug)]
pub struct Completed {
    pub account: Account,
    pub started: Started,
    /// What the person chose on screen 3: `affiliations` acts on it in this transaction.
    pub choice: Choice,
    /// The interrupted authorization request.
    pub resume: Option<String>,
}

/// Makes the account and its first session. Of any number of parallel uses of one code, one succeeds.
pub async fn complete(
    app: &App,
    tx: &impl ConnectionTrait,
    context: &Context,
    proof: &Proof,
) -> Result<Completed> {
    let now = app.clock.now();
    let pending = &proof.pending;
    let choice = pending.choice.clone().ok_or(Error::StepMissing)?;
    if !email_codes::spend(tx, &proof.code_id).await? || !pending_signups::delete(tx, &pending.id).await? {
        return Err(Error::NoSignup);
    }
    let address = pending.email.unique_key();
    if accounts::find_holder(tx, &address).await?.is_some() {
        return Err(Error::NoSignup);
    }
    let account = Account {
        id: AccountId::new(random::id()),
        sub: Subject::new(random::id()),
        email: pending.email.clone(),
        email_verified: true,
        profile: pending.profile.clone(),
        role: Role::User,
        status: Status::Active,
        newsletter: pending.newsletter,
        language: pending.language,
        terms_version: pending.terms_version.clone(),
        created_at: now,
        updated_at: now,
    };
    let new = NewAccount {
        account: account.clone(),
        password_hash: Some(proof.secrets.password_hash.clone()),
        terms_accepted_at: proof.secrets.terms_accepted_at,
    };
    accounts::insert(tx, new)
        .await
        .map_err(|error| match error.sql_err() {
            // Another browser completed a sign-up for the address at the same moment.
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::NoSignup,
            _ => error.into(),
        })?;
    pending_signups::update_taken(tx, &address).await?;

    let context = of_person(context, &account);
    let event = Event::new(Action::SignUpCompleted, format!("account:{}", account.id)).because(format!(
        "terms {}",
        account.terms_version.as_deref().unwrap_or_default()
    ));
    audit::record(tx, now, &context, event).await?;
    let terms_due = current_terms(tx, now)
        .await?
        .are_due(account.terms_version.as_deref());
    let started = sessions::start(
        tx,
        now,
        &context,
        &account,
        authentication::Proof::password(now),
        terms_due,
    )
    .await?;
    Ok(Completed {
        account,
        started,
        choice,
        resume: pending.resume.clone(),
    })
}

/// Bound to purpose, address and the pending transaction (SU-3).
fn code_hmac(app: &App, pending: &PendingSignup, code: &str) -> String {
    let bound = format!(
        "{PURPOSE}\n{}\n{}\n{code}",
        pending.id,
        pending.email.key().as_str()
    );
    hexadecimal(&app.keys.hmac("email-code", bound.as_bytes()))
}
