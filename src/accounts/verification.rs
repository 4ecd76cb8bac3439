//! Verifies the code that was mailed to an address, and makes the account (security.md SU-3 to SU-5).
//! An attempt is counted durably before anything is compared; whoever gets it right completes the
//! sign-up in one transaction, which `affiliations` composes with the request to the Focal Point.

mod code;
pub mod email_change;
pub mod first_login;

use chrono::Duration;
use sea_orm::SqlErr;

use self::code::{Binding, Purpose};
use super::sessions::{self, Started};
use super::{Error, Result, former_addresses, newsletter, terms};
use crate::app::{App, Tx};
use crate::domain::account::{Account, Status};
use crate::domain::actor::Context;
use crate::domain::authentication;
use crate::domain::document::{Acceptance, DocumentKind};
use crate::domain::event::{Action, Event};
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::signup::{Choice, PendingSignup, Stage};
use crate::domain::{AccountId, Subject};
use crate::mail::Recipient;
use crate::random;
use crate::storage::accounts::{Holder, NewAccount};
use crate::storage::{acceptances, accounts, email_codes, pending_signups};
use crate::templates::mails;

pub(super) use self::code::{When, labels};

fn binding(pending: &PendingSignup) -> Binding<'_> {
    Binding {
        purpose: Purpose::SignUp,
        transaction: pending.id.as_str(),
        email: &pending.email,
    }
}

/// Saves what was chosen and mails a new code, which voids the old; or writes to an owner of the address that there is
/// an account. Both do the same work (SU-1).
pub(super) async fn send(tx: &Tx, pending: &PendingSignup, when: When) -> Result<()> {
    code::check_rates(tx.app(), tx, tx.now(), binding(pending), when).await?;
    let owner = save_choice(tx, pending).await?;
    let code = code::issue(tx, binding(pending)).await?;
    let delay = pending.mail_delay;
    match owner {
        // A program filled in the form: nobody is written to (DS-6).
        _ if pending.is_decoy => {}
        None => {
            let mail = mails::VerificationCode { code };
            let to = Recipient {
                email: &pending.email,
                language: pending.language,
                account: None,
            };
            tx.mail_later(to, &mail, delay).await?;
        }
        // The mail goes to the stored address, never to the one that was typed (SU-2).
        Some(owner) => {
            let message = mails::AccountExists {
                name: owner.name.clone(),
            };
            tx.mail_later((&owner).into(), &message, delay).await?;
        }
    }
    Ok(())
}

/// Saves what was chosen. Returns the holder of the address, if there is one: then no code completes this.
pub(super) async fn save_choice(tx: &Tx, pending: &PendingSignup) -> Result<Option<Holder>> {
    let owner = accounts::find_holder(tx, &pending.email.unique_key()).await?;
    pending_signups::update_choice(tx, pending, owner.is_some(), tx.now()).await?;
    Ok(owner)
}

/// Returns how long a person has to wait before another code can be requested, or zero.
pub async fn resend_wait(app: &App, pending: &PendingSignup) -> Result<Duration> {
    code::resend_wait(app, binding(pending)).await
}

/// A sign-up whose code was right. Only `verify` makes one.
#[derive(Debug)]
pub struct Proof {
    pending: PendingSignup,
    /// The id that the new account gets.
    account: AccountId,
    secrets: pending_signups::Secrets,
    code_id: String,
}

impl Proof {
    pub fn pending(&self) -> &PendingSignup {
        &self.pending
    }

    /// Returns the circumstances in which the sign-up is completed: the visitor acts as the person of the new account.
    pub fn acting(&self, context: &Context) -> Context {
        context.as_person(&self.account, Role::User)
    }
}

/// Verifies a code. Counts the attempt, and commits that, before it compares (SU-4).
pub async fn verify(app: &App, context: &Context, handle: &str, code: &str) -> Result<Proof> {
    let digest = Secret::new(handle).digest();
    let code = code::read(code)?;

    // Committed before the comparison: no crash and no parallel request gives an attempt back (SU-4).
    let (pending, secrets, attempt) = app
        .write(context, async |tx| {
            let (pending, secrets) = pending_signups::find(tx, &digest)
                .await?
                .filter(|(it, _)| it.is_alive(tx.now()))
                .ok_or(Error::NoSignup)?;
            if pending.stage() == Stage::Details {
                return Err(Error::StepMissing);
            }
            let attempt = code::count_attempt(tx, binding(&pending)).await?;
            Ok((pending, secrets, attempt))
        })
        .await?;

    let right = attempt.is_right(app, binding(&pending), &code);
    // No code completes a sign-up for an address that has an account, not even by luck (SU-1).
    if right & !secrets.taken {
        Ok(Proof {
            pending,
            account: AccountId::new(random::id()),
            secrets,
            code_id: attempt.code_id,
        })
    } else {
        Err(attempt.refusal())
    }
}

/// Holds what a completed sign-up has made.
#[derive(Debug)]
pub struct Completed {
    pub account: Account,
    pub started: Started,
    /// The person's choice of step 3 (product.md): `affiliations` acts on it in this transaction.
    pub choice: Choice,
    /// The interrupted authorization request.
    pub resume: Option<String>,
}

/// Makes the account and its first session. Of any number of parallel uses of one code, one succeeds. The unit of work is
/// that of `Proof::acting`, so the person of the new account acts in it.
pub async fn complete(tx: &Tx, proof: &Proof) -> Result<Completed> {
    let pending = &proof.pending;
    let choice = pending.choice.clone().ok_or(Error::StepMissing)?;
    if !email_codes::spend(tx, &proof.code_id).await? || !pending_signups::delete(tx, &pending.id).await? {
        return Err(Error::NoSignup);
    }
    let address = pending.email.unique_key();
    if accounts::find_holder(tx, &address).await?.is_some() {
        return Err(Error::NoSignup);
    }
    let accepted = pending.accepted.as_deref().unwrap_or_default();
    let account = Account {
        id: proof.account.clone(),
        sub: Subject::new(random::id()),
        email: pending.email.clone(),
        email_verified: true,
        profile: pending.profile.clone(),
        role: Role::User,
        status: Status::Active,
        newsletter: pending.newsletter.is_some(),
        language: pending.language,
        terms_version: pending.terms_version(),
        privacy_version: Acceptance::version_of(DocumentKind::Privacy, accepted),
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let new = NewAccount {
        account: account.clone(),
        password_hash: Some(proof.secrets.password_hash.clone()),
        terms_accepted_at: proof.secrets.terms_accepted_at,
        imported_at: None,
    };
    accounts::insert(tx, new)
        .await
        .map_err(|error| match error.sql_err() {
            // Another browser completed a sign-up for the address at the same moment.
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::NoSignup,
            _ => error.into(),
        })?;
    pending_signups::update_taken(tx, &address).await?;
    former_addresses::take(tx, &[&account.email]).await?;

    let accepted_at = proof.secrets.terms_accepted_at.unwrap_or(tx.now());
    acceptances::insert(tx, &account.id, accepted, accepted_at).await?;

    let event = Event::new(Action::SignUpCompleted, format!("account:{}", account.id));
    tx.record(event.because(terms::in_words(accepted))).await?;
    if let Some(consent) = &pending.newsletter {
        newsletter::subscribe(tx, &account, consent).await?;
    }
    let started = sessions::start(tx, &account, authentication::Proof::password(tx.now())).await?;
    Ok(Completed {
        account,
        started,
        choice,
        resume: pending.resume.clone(),
    })
}
