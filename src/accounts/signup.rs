//! Sign-up as a pending row that can be resumed: step 2 makes it, step 3 adds to it and has a code
//! mailed, the code turns it into an account (`verification`). An address that has an account takes the
//! same steps with the same hashes, writes and mails, and never ends in one (security.md SU-1, SU-5).

use chrono::Duration;
use serde_json::json;

use super::new_password::{self, NewPassword};
use super::terms;
use super::{Error, Result, address_label, effort, newsletter, verification};
use crate::app::App;
use crate::domain::account::EmailAddress;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::newsletter::ConsentPage;
use crate::domain::password::Password;
use crate::domain::profile::{FieldErrors, Language, Profile, ProfileInput};
use crate::domain::secret::Secret;
use crate::domain::signup::{Choice, PendingSignup, PendingSignupId, Stage};
use crate::limits::Limit;
use crate::proof_of_work::Effort;
use crate::random;
use crate::storage::pending_signups;

/// Unfinished sign-ups kept for one address (security.md DS-3).
const MOST_PER_ADDRESS: u64 = 5;

/// Step 2, as it was typed (product.md).
#[derive(Debug)]
pub struct Details<'a> {
    pub email: &'a str,
    pub password: NewPassword<'a>,
    pub profile: ProfileInput<'a>,
    pub language: Language,
    /// The interrupted authorization request, to be given back at the end.
    pub resume: Option<String>,
    /// The proof of work that came with the form.
    pub effort: Effort,
    /// The field that no person sees was filled in: the sign-up looks like any other, and no mail leaves (security.md
    /// DS-6).
    pub is_decoy: bool,
}

/// Begins a sign-up with step 2. Returns the handle for the browser's cookie; `previous` is the one it has, if the
/// person went back, and is void afterwards.
pub async fn begin(
    app: &App,
    context: &Context,
    details: Details<'_>,
    previous: Option<&str>,
) -> Result<Secret> {
    let (email, profile, password) = check(app, &details)?;
    app.limits.count(Limit::SignUp, &context.network).await?;
    let mail_delay = mail_delay(app, context, &details, &email, previous).await?;
    let hash = new_password::hash(app, &password).await?;

    let handle = Secret::new(random::token());
    let previous = previous.map(|it| Secret::new(it).digest());
    app.write(context, async |tx| {
        let mut pending = PendingSignup {
            id: PendingSignupId::new(random::id()),
            email: email.clone(),
            profile: profile.clone(),
            language: details.language,
            newsletter: None,
            choice: None,
            accepted: None,
            resume: details.resume.clone(),
            created_at: tx.now(),
            mail_delay,
            is_decoy: details.is_decoy,
        };
        if let Some(previous) = &previous
            && let Some((old, _)) = pending_signups::find(tx, previous).await?
        {
            pending.resume = pending.resume.or(old.resume);
            pending_signups::delete(tx, &old.id).await?;
        }
        pending_signups::insert(tx, &pending, &hash, &handle.digest()).await?;
        pending_signups::delete_all_but(tx, &email.unique_key(), MOST_PER_ADDRESS).await?;
        let event = started(app, &pending).with(json!({"work": details.effort.as_str()}));
        tx.record(event).await?;
        Ok::<_, Error>(())
    })
    .await?;
    Ok(handle)
}

/// Counts a form that came without work, and returns how long its mails wait. A person who went back to correct the form
/// has done the work already, unless the address is another.
async fn mail_delay(
    app: &App,
    context: &Context,
    details: &Details<'_>,
    email: &EmailAddress,
    previous: Option<&str>,
) -> Result<Duration> {
    let before = match previous {
        Some(handle) if details.effort.is_lacking() => find(app, handle).await?,
        _ => None,
    };
    match before.filter(|it| it.email.key() == email.key()) {
        Some(before) => Ok(before.mail_delay),
        None => effort::mail_delay(app, context, details.effort).await,
    }
}

/// Returns the event of a step. That of a program's sign-up says so. Its object is the address, by which the person takes
/// the record along, and by which it is emptied with a deleted account.
fn started(app: &App, pending: &PendingSignup) -> Event {
    let label = address_label(app, &pending.email.unique_key());
    let event = Event::new(Action::SignUpStarted, format!("address:{label}"));
    if pending.is_decoy {
        event.failed("decoy field filled in")
    } else {
        event
    }
}

/// Returns the sign-up of a browser, if it is still kept. Its `stage()` says which step comes next.
pub async fn find(app: &App, handle: &str) -> Result<Option<PendingSignup>> {
    let found = pending_signups::find(app.db.read(), &Secret::new(handle).digest()).await?;
    let now = app.clock.now();
    Ok(found.map(|(it, _)| it).filter(|it| it.is_alive(now)))
}

/// Step 3, as it was filled in (product.md).
#[derive(Clone, Debug)]
pub struct Submission {
    pub choice: Choice,
    pub newsletter: bool,
    pub accept_terms: bool,
    /// The texts that the page offered, as its form names them ([`terms::Offer::label`]).
    pub shown: String,
}

/// Adds step 3 to the sign-up, and mails a code. `affiliations` has checked the choice against the directory.
pub async fn submit(app: &App, context: &Context, handle: &str, submission: Submission) -> Result<()> {
    if !submission.accept_terms {
        return Err(Error::field("accept_terms", "error.accept_terms"));
    }
    let digest = Secret::new(handle).digest();
    app.write(context, async |tx| {
        let (mut pending, _) = pending_signups::find(tx, &digest)
            .await?
            .filter(|(it, _)| it.is_alive(tx.now()))
            .ok_or(Error::NoSignup)?;
        // A version may have come into force while the form was filled in.
        let documents = app.documents_in(tx).await?;
        let offer = terms::find_offer(&documents, &submission.shown, tx.now())
            .ok_or_else(|| Error::field("accept_terms", "error.terms_changed"))?;
        let first = pending.stage() == Stage::Details;
        pending.choice = Some(submission.choice.clone());
        pending.newsletter = submission
            .newsletter
            .then(|| newsletter::consent(tx.context(), tx.now(), ConsentPage::SignUp, offer.language));
        pending.accepted = Some(offer.acceptances());
        let when = if first {
            verification::When::First
        } else {
            verification::When::Again
        };
        match verification::send(tx, &pending, when).await {
            // The person was back at step 3 within the minute: the code that was mailed is still valid.
            Err(Error::Throttled { .. }) if !first => {
                verification::save_choice(tx, &pending).await?;
            }
            other => other?,
        }
        tx.record(sent(app, &pending, "code_sent")).await?;
        Ok(())
    })
    .await
}

/// Mails another code: *Didn't get the code? Click here.*
pub async fn resend(app: &App, context: &Context, handle: &str) -> Result<()> {
    let digest = Secret::new(handle).digest();
    app.write(context, async |tx| {
        let (pending, _) = pending_signups::find(tx, &digest)
            .await?
            .filter(|(it, _)| it.is_alive(tx.now()))
            .ok_or(Error::NoSignup)?;
        if pending.stage() == Stage::Details {
            return Err(Error::StepMissing);
        }
        verification::send(tx, &pending, verification::When::Again).await?;
        tx.record(sent(app, &pending, "code_resent")).await?;
        Ok(())
    })
    .await
}

/// Returns the event of a code that was mailed, or looks as if it had been.
fn sent(app: &App, pending: &PendingSignup, what: &str) -> Event {
    let event = started(app, pending);
    if pending.is_decoy {
        event
    } else {
        event.because(what)
    }
}

/// Checks every field, and returns every reason (security.md SU-6).
fn check(app: &App, details: &Details<'_>) -> Result<(EmailAddress, Profile, Password)> {
    let mut errors = FieldErrors::new();
    let email = EmailAddress::parse(details.email).ok();
    if email.is_none() {
        let key = if details.email.trim().is_empty() {
            "error.required"
        } else {
            "error.email"
        };
        errors.insert("email", key);
    }
    if email
        .as_ref()
        .is_some_and(|it| app.disposable_domains.contains(it.domain()))
    {
        errors.insert("email", "error.email_disposable");
    }
    let profile = Profile::parse(&details.profile)
        .map_err(|it| errors.extend(it))
        .ok();
    let names = [details.profile.first_name, details.profile.last_name];
    let password = details.password.choose(app, &mut errors, email.as_ref(), &names);
    match (email, profile, password) {
        (Some(email), Some(profile), Some(password)) if errors.is_empty() => Ok((email, profile, password)),
        _ => Err(Error::Fields(errors)),
    }
}
