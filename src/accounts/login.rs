//! Login with a password, or with a passkey in its place. A failure has one answer and one cost, whatever its
//! cause (security.md PW-3); failures slow down what follows (PW-4); a success starts a session, or renews the
//! one in which the person proves again who they are (SE-2, SE-4).

use chrono::Duration;
use sea_orm::ConnectionTrait;

pub mod passkey;
pub mod second_step;

use super::known_browser::{self, KnownBrowser};
use super::second_factor::{self, Answer};
use super::sessions::{self, Started, of_person};
use super::verification::first_login;
use super::{Error, Result, current_terms, tell, throttle};
use crate::app::App;
use crate::audit;
use crate::domain::Time;
use crate::domain::account::{Account, EmailAddress, EmailKey};
use crate::domain::actor::Context;
use crate::domain::authentication::{Acr, Factor, Proof, SecondProof};
use crate::domain::event::{Action, Event};
use crate::domain::password::Password;
use crate::domain::profile::FieldErrors;
use crate::domain::session::Session;
use crate::limits::Limit;
use crate::passwords::Verdict;
use crate::storage::{accounts, login_throttles};
use crate::templates::mails;

#[derive(Clone, Copy, Debug)]
pub struct LoginForm<'a> {
    pub email: &'a str,
    pub password: &'a str,
    pub second: Second<'a>,
}

/// Where a second factor comes from, if the account has one.
#[derive(Clone, Copy, Debug)]
pub enum Second<'a> {
    /// The second step asks for it.
    Later,
    /// A code in the same form.
    Code(&'a str),
    /// The browser's session, if it was begun with one just now (SE-4).
    InSession,
}

/// What a browser brings along.
#[derive(Clone, Copy, Debug, Default)]
pub struct Browser<'a> {
    /// The value of the cookie by which it is known.
    pub known: Option<&'a str>,
    /// Its session. The same person's is renewed, another's ends.
    pub session: Option<&'a Session>,
}

/// A person who has proved who they are.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    pub account: Account,
    /// What is due in it comes first: `Session::due`.
    pub started: Started,
    /// The browser's cookie, to be set for 90 days.
    pub known_browser: String,
}

impl LoggedIn {
    fn new(app: &App, account: Account, started: Started, browser: Browser<'_>) -> Result<Self> {
        Ok(Self {
            known_browser: known_browser::cookie(app, &account.email.key(), browser.known)?,
            account,
            started,
        })
    }
}

pub async fn attempt(
    app: &App,
    context: &Context,
    form: LoginForm<'_>,
    browser: Browser<'_>,
) -> Result<LoggedIn> {
    match once(app, context, form, browser).await {
        // Another login of the same moment stored the password anew, or a reset changed it: what is
        // stored now decides.
        Err(Error::Conflict) => match once(app, context, form, browser).await {
            Err(Error::Conflict) => Err(Error::Busy),
            other => other,
        },
        other => other,
    }
}

/// `Conflict`: what is stored of the password changed while it was verified.
async fn once(app: &App, context: &Context, form: LoginForm<'_>, browser: Browser<'_>) -> Result<LoggedIn> {
    let (email, password) = read(&form)?;
    app.limits.check(Limit::SignInFailures, &context.network).await?;
    app.limits
        .check(Limit::SignInFailedAccounts, &context.network)
        .await?;

    let now = app.clock.now();
    let label = known_browser::label(app, &email.key());
    let known = KnownBrowser::open(app, browser.known);
    let known = known.as_ref().and_then(|it| it.knows(app, &label));
    let counter = throttle::key(&label, known);
    let stopped = throttle::check(login_throttles::find(app.db.read(), &counter).await?, now)?;

    let found = accounts::find_credentials(app.db.read(), &email.key()).await?;
    let hash = found.as_ref().and_then(|(_, hash)| hash.as_deref());
    let verdict = match &password {
        Some(password) => app.passwords.verify(password, hash).await?,
        // Longer than any password here: refused before hashing, for all alike (PW-1).
        None => Verdict::Wrong,
    };
    let Some((account, hash)) = found
        .as_ref()
        .and_then(|(account, hash)| Some((account, hash.as_deref()?)))
        .filter(|(account, _)| verdict != Verdict::Wrong && account.is_active() && !stopped)
    else {
        let account = found.as_ref().map(|(account, _)| account);
        return Err(refuse(app, context, now, &counter, &label, account).await?);
    };

    let upgraded = match (&password, verdict) {
        (Some(password), Verdict::RightButOutdated) => Some(app.passwords.hash(password).await?),
        _ => None,
    };
    let outcome = app
        .db
        .write(async |tx| {
            // Guesses that ran beside each other: once they have brought a wait, none is answered.
            throttle::check(login_throttles::find_locked(tx, &counter).await?, now)?;
            login_throttles::delete(tx, &counter).await?;
            let account = still_valid(tx, &email.key(), account, hash).await?;
            if let Some(new) = &upgraded {
                accounts::replace_hash(tx, &account.id, hash, new).await?;
            }
            let mut proof = Proof::password(now);
            if second_factor::reach_within(tx, &account.id).await? > Acr::Password {
                proof.second_factor = match form.second {
                    Second::Later => return Ok(Outcome::CodeNeeded),
                    Second::InSession => {
                        let held = held(browser, &account, now)?;
                        // The older of the two proofs.
                        proof.authenticated_at = held.at;
                        Some(held)
                    }
                    Second::Code(code) => {
                        let code = Answer::code(code)?;
                        let right = second_factor::verify(app, tx, now, context, &account, &code, known);
                        let factor = match right.await? {
                            Ok(factor) => factor,
                            Err(error) => return Ok(Outcome::CodeWrong(error)),
                        };
                        Some(SecondProof { factor, at: now })
                    }
                };
            }
            let done = complete(app, tx, now, context, &account, proof, known.is_some(), browser).await?;
            Ok::<_, Error>(Outcome::Done(Box::new(done)))
        })
        .await?;
    match outcome {
        Outcome::Done(started) => LoggedIn::new(app, account.clone(), *started, browser),
        Outcome::CodeWrong(error) => Err(second_step::wrong(app, context, error).await?),
        Outcome::CodeNeeded => {
            // What the password is stored as by now.
            let hash = upgraded.as_deref().unwrap_or(hash);
            let ticket = second_step::wait_for_code(app, &account.id, hash, now, known).await?;
            Err(Error::SecondFactorNeeded { ticket })
        }
    }
}

/// The second factor that this person showed in this session, within the last minutes.
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

/// What a right password comes to.
enum Outcome {
    Done(Box<Started>),
    CodeNeeded,
    CodeWrong(Error),
}

/// An empty or impossible field is told without asking anything: it is true for every address.
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

/// Counts and records a failure, known address or not, and says what is answered.
async fn refuse(
    app: &App,
    context: &Context,
    now: Time,
    counter: &str,
    label: &str,
    account: Option<&Account>,
) -> Result<Error> {
    let object = account.map_or_else(|| format!("address:{label}"), |it| format!("account:{}", it.id));
    app.db
        .write(async |tx| {
            throttle::check(login_throttles::find_locked(tx, counter).await?, now)?;
            let waits = throttle::count(tx, counter, now).await?;
            let event = match waits {
                None => Event::new(Action::SignInFailed, object.clone()).failed("wrong credentials"),
                Some(failures) => {
                    Event::new(Action::SignInThrottled, object.clone()).failed(format!("{failures} failures"))
                }
            };
            audit::record(tx, now, context, event).await?;
            if let (Some(throttle::STOPPED), Some(account)) = (waits, account) {
                let message = mails::PasswordDisabled {
                    name: account.profile.full_name(),
                };
                tell(app, tx, &account.email, account.language, &message).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    app.limits.count(Limit::SignInFailures, &context.network).await?;
    app.limits
        .count_distinct(Limit::SignInFailedAccounts, &context.network, label)
        .await?;
    Ok(Error::WrongCredentials)
}

/// The account as it is now, held until the transaction ends: a reset that came in between wins (PW-6).
async fn still_valid(
    tx: &impl ConnectionTrait,
    key: &EmailKey,
    before: &Account,
    hash: &str,
) -> Result<Account> {
    let (account, current) = accounts::find_credentials_locked(tx, key)
        .await?
        .filter(|(now, _)| now.id == before.id && now.is_active())
        .ok_or(Error::WrongCredentials)?;
    if current.as_deref() == Some(hash) {
        Ok(account)
    } else {
        Err(Error::Conflict)
    }
}

/// All is proved: a session, a code to an address that is not verified yet, and a mail if the browser is new to the
/// account.
#[expect(clippy::too_many_arguments, reason = "what a login is made of; three callers")]
async fn complete(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
    proof: Proof,
    known: bool,
    browser: Browser<'_>,
) -> Result<Started> {
    let started = start(tx, now, context, account, proof, browser.session).await?;
    let told = first_login::begin(app, tx, now, context, account).await?;
    if !known && !told {
        tell_of_new_browser(app, tx, now, context, account).await?;
    }
    Ok(started)
}

async fn start(
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
    proof: Proof,
    session: Option<&Session>,
) -> Result<Started> {
    let terms_due = current_terms(tx, now)
        .await?
        .are_due(account.terms_version.as_deref());
    match session {
        Some(session) if session.account == account.id => {
            sessions::renew(tx, now, context, account, session, proof, terms_due).await
        }
        other => {
            if let Some(other) = other {
                sessions::retire(tx, now, context, &other.account, &other.id, "another_login").await?;
            }
            sessions::start(tx, now, context, account, proof, terms_due).await
        }
    }
}

/// At most one an hour for each account (LG-4).
async fn tell_of_new_browser(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    account: &Account,
) -> Result<()> {
    if !accounts::update_new_browser_told(tx, &account.id, now - Duration::hours(1), now).await? {
        return Ok(());
    }
    let message = mails::NewSignIn {
        name: account.profile.full_name(),
        at: now,
        browser: browser_in_words(&of_person(context, account).user_agent),
    };
    tell(app, tx, &account.email, account.language, &message).await
}

/// `Firefox, Windows`: names known to us, never text that a browser sent.
pub fn browser_in_words(user_agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(sign, _)| user_agent.contains(sign))
            .map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    [browser, system]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_words_of_ours() {
        let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(browser_in_words(firefox), "Firefox, Windows");
        assert_eq!(browser_in_words("curl/8 <script>"), "");
    }
}
