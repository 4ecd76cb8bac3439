//! Login with a password. A failure has one answer and one cost, whatever its cause (security.md PW-3); failures slow
//! down what follows (PW-4).

use sea_orm::ConnectionTrait;

use super::completion::{Browser, LoggedIn, complete};
use super::second_step;
use crate::accounts::known_browser::{self, KnownBrowser};
use crate::accounts::second_factor::{self, FactorProof, Verification};
use crate::accounts::sessions::Started;
use crate::accounts::{Error, Result, foreign_hash, throttle};
use crate::app::{App, Tx};
use crate::domain::Time;
use crate::domain::account::{Account, EmailAddress, EmailKey};
use crate::domain::actor::Context;
use crate::domain::authentication::{Acr, Factor, Proof, SecondProof};
use crate::domain::event::{Action, Event};
use crate::domain::password::Password;
use crate::domain::profile::FieldErrors;
use crate::limits::Limit;
use crate::passwords::Verdict;
use crate::proof_of_work::Effort;
use crate::storage::{accounts, login_throttles};
use crate::templates::mails;

#[derive(Clone, Copy, Debug)]
pub struct LoginForm<'a> {
    pub email: &'a str,
    pub password: &'a str,
    pub second: Second<'a>,
    /// The proof of work that came with the form.
    pub effort: Effort,
}

/// Says where a second factor comes from, if the account has one.
#[derive(Clone, Copy, Debug)]
pub enum Second<'a> {
    /// The second step asks for it.
    Later,
    /// A code in the same form.
    Code(&'a str),
    /// The browser's session has one, if it was begun with one just now (SE-4).
    InSession,
}

pub async fn attempt(
    app: &App,
    context: &Context,
    form: LoginForm<'_>,
    browser: Browser<'_>,
) -> Result<LoggedIn> {
    match once(app, context, form, browser).await {
        // Another login of the same moment stored the password again, or a reset changed it: the hash that is stored
        // now decides.
        Err(Error::Conflict) => match once(app, context, form, browser).await {
            Err(Error::Conflict) => Err(Error::Busy),
            other => other,
        },
        other => other,
    }
}

/// A login that is attempted, with an address that has an account or with one that has none.
struct Attempt {
    /// The time at which the form was read, before the password was hashed.
    at: Time,
    /// Names the address in limits and in the audit trail.
    label: String,
    /// Names the address and the browser among the counters of failures.
    counter: String,
    /// `true` if the browser is new to the address and its form came without the work that it asks for.
    lacks_work: bool,
}

impl Attempt {
    /// Names the attempt, and refuses a network of which too many failed.
    async fn begin(
        app: &App,
        context: &Context,
        label: String,
        known: Option<&str>,
        effort: Effort,
    ) -> Result<Self> {
        app.limits.check(Limit::SignInFailures, &context.network).await?;
        app.limits
            .check(Limit::SignInFailedAccounts, &context.network)
            .await?;
        let lacks_work = effort.is_lacking() && known.is_none();
        if lacks_work {
            // DS-5: others of the network go on, by doing the work.
            app.limits
                .check(Limit::SignInFailuresWithoutWork, &context.network)
                .await?;
        }
        Ok(Self {
            at: app.clock.now(),
            counter: throttle::key(&label, known),
            label,
            lacks_work,
        })
    }
}

/// Attempts the login once. `Conflict`: what is stored of the password changed while it was verified.
async fn once(app: &App, context: &Context, form: LoginForm<'_>, browser: Browser<'_>) -> Result<LoggedIn> {
    let (email, password) = read(&form)?;
    let label = known_browser::label(app, &email.key());
    let known = KnownBrowser::open(app, browser.known_browser);
    let known = known.as_ref().and_then(|it| it.id_for(app, &label));
    let attempt = Attempt::begin(app, context, label, known, form.effort).await?;
    let at = attempt.at;
    let counted = login_throttles::find(app.db.read(), &attempt.counter).await?;
    let stopped = throttle::check(counted.unwrap_or_default(), at)?;

    let found = accounts::find_credentials(app.db.read(), &email.key()).await?;
    let verdict = verify(app, password.as_ref(), found.as_ref()).await?;
    let Some((account, hash)) = found
        .as_ref()
        .and_then(|(account, hash)| Some((account, hash.as_deref()?)))
        .filter(|(account, _)| verdict.is_right() && account.may_log_in() && !stopped)
    else {
        let account = found.as_ref().map(|(account, _)| account);
        return Err(refuse(app, context, &attempt, account).await?);
    };

    let upgraded = match (&password, verdict) {
        (Some(password), Verdict::RightButOutdated) => Some(app.passwords.hash(password).await?),
        _ => None,
    };
    let outcome = app
        .write(context, async |tx| {
            // Guesses may have run beside each other: once they have brought a wait, none is answered.
            throttle::check(login_throttles::hold(tx, &attempt.counter, tx.now()).await?, at)?;
            login_throttles::delete(tx, &attempt.counter).await?;
            let account = still_valid(tx, &email.key(), account, hash).await?;
            if let Some(new) = &upgraded {
                accounts::replace_hash(tx, &account.id, hash, new).await?;
            }
            match verify_second(tx, &account, form.second, browser, known).await? {
                Ok(proof) => {
                    let done = complete(tx, &account, proof, browser).await?;
                    Ok::<_, Error>(Outcome::Done(Box::new(done)))
                }
                Err(outcome) => Ok(outcome),
            }
        })
        .await?;
    match outcome {
        Outcome::Done(started) => LoggedIn::new(app, account.clone(), *started, browser),
        Outcome::CodeWrong(error) => Err(second_step::wrong(app, context, error).await?),
        Outcome::CodeNeeded => {
            // The upgraded hash has replaced the one that was read.
            let hash = upgraded.as_deref().unwrap_or(hash);
            let ticket = second_step::wait_for_code(app, &account.id, hash, at, known).await?;
            Err(Error::SecondFactorNeeded { ticket })
        }
    }
}

/// Returns what a right password proves, with the second factor if the account has one; or what is missing to it.
async fn verify_second(
    tx: &Tx,
    account: &Account,
    second: Second<'_>,
    browser: Browser<'_>,
    known: Option<&str>,
) -> Result<Result<Proof, Outcome>> {
    let mut proof = Proof::password(tx.now());
    if second_factor::reachable_acr_within(tx, &account.id).await? <= Acr::Password {
        return Ok(Ok(proof));
    }
    let second = match second {
        Second::Later => return Ok(Err(Outcome::CodeNeeded)),
        Second::InSession => held(browser, account, tx.now())?,
        Second::Code(code) => {
            let code = FactorProof::code(code)?;
            let factor = match second_factor::verify(tx, account, &code, known).await? {
                Verification::Verified(factor) => factor,
                Verification::Refused(error) => return Ok(Err(Outcome::CodeWrong(error))),
            };
            SecondProof { factor, at: tx.now() }
        }
    };
    // The login is as old as the older of the two proofs.
    proof.authenticated_at = proof.authenticated_at.min(second.at);
    proof.second_factor = Some(second);
    Ok(Ok(proof))
}

/// Compares the password with what is stored for the address. What cannot be verified is wrong to whoever logs in; the log
/// says it once for the account, which needs *Forgot password?*.
async fn verify(
    app: &App,
    password: Option<&Password>,
    found: Option<&(Account, Option<String>)>,
) -> Result<Verdict> {
    // The password is longer than any here: refused before hashing, for all alike (PW-1).
    let Some(password) = password else {
        return Ok(Verdict::Wrong);
    };
    let stored = found.and_then(|(_, hash)| hash.as_deref());
    let verdict = foreign_hash::verify(app, password, stored).await?;
    if let (Verdict::Unverifiable(reason), Some((account, _))) = (&verdict, found)
        && app.passwords.is_news(account.id.as_str())
    {
        tracing::error!(account = %account.id, reason, "the stored hash of a password cannot be verified");
    }
    Ok(verdict)
}

/// Returns the second factor that this person presented in this session within the last minutes.
fn held(browser: Browser<'_>, account: &Account, now: Time) -> Result<SecondProof> {
    let session = browser
        .session
        .filter(|it| it.account == account.id && it.has_recent_second_factor(now));
    let proof = session.and_then(|it| it.second_factor);
    let mut proof = proof.ok_or(Error::ReauthenticationNeeded)?;
    if proof.factor == Factor::PasskeyAlone {
        proof.factor = Factor::Passkey; // it has the password beside it now
    }
    Ok(proof)
}

/// Says what a right password leads to.
enum Outcome {
    Done(Box<Started>),
    CodeNeeded,
    CodeWrong(Error),
}

/// Refuses an empty or impossible field before any query: that is true for every address.
fn read(form: &LoginForm<'_>) -> Result<(EmailAddress, Option<Password>)> {
    let mut errors = FieldErrors::new();
    let email = EmailAddress::parse(form.email);
    if email.is_err() {
        let key = if form.email.trim().is_empty() {
            "error.required"
        } else {
            "error.email"
        };
        errors.insert("email", key);
    }
    if form.password.is_empty() {
        errors.insert("password", "error.required");
    }
    match email {
        Ok(email) if errors.is_empty() => Ok((email, Password::typed(form.password))),
        _ => Err(Error::Fields(errors)),
    }
}

/// Counts and records a failure, whether the address has an account or not, and returns the answer.
async fn refuse(app: &App, context: &Context, attempt: &Attempt, account: Option<&Account>) -> Result<Error> {
    let object = account.map_or_else(
        || format!("address:{}", attempt.label),
        |it| format!("account:{}", it.id),
    );
    app.write(context, async |tx| {
        throttle::check(
            login_throttles::hold(tx, &attempt.counter, tx.now()).await?,
            attempt.at,
        )?;
        let waits = throttle::count(tx, &attempt.counter).await?.failures();
        let event = match waits {
            None => Event::new(Action::SignInFailed, object.clone()).failed("wrong credentials"),
            Some(failures) => {
                Event::new(Action::SignInThrottled, object.clone()).failed(format!("{failures} failures"))
            }
        };
        tx.record(event).await?;
        if let (Some(throttle::STOPPED), Some(account)) = (waits, account) {
            let message = mails::PasswordDisabled {
                name: account.profile.full_name(),
            };
            tx.mail(account, &message).await?;
        }
        Ok::<_, Error>(())
    })
    .await?;
    app.limits.count(Limit::SignInFailures, &context.network).await?;
    if attempt.lacks_work {
        app.limits
            .count(Limit::SignInFailuresWithoutWork, &context.network)
            .await?;
    }
    app.limits
        .count_distinct(Limit::SignInFailedAccounts, &context.network, &attempt.label)
        .await?;
    Ok(Error::WrongCredentials)
}

/// Returns the account as it is now, and holds it until the transaction ends. PW-6: a reset that came in between wins.
async fn still_valid(
    tx: &impl ConnectionTrait,
    key: &EmailKey,
    before: &Account,
    hash: &str,
) -> Result<Account> {
    let (account, current) = accounts::find_credentials_locked(tx, key)
        .await?
        .filter(|(now, _)| now.id == before.id && now.may_log_in())
        .ok_or(Error::WrongCredentials)?;
    if current.as_deref() == Some(hash) {
        Ok(account)
    } else {
        Err(Error::Conflict)
    }
}
