//! Names the next step of an accepted request: a login, a choice, a consent, a refusal, or the answer (OpenID Connect
//! Core §3.1.2.3, §3.1.2.4; security.md AZ-6, AZ-10, G-6). A page does the step and comes back here; steps never call
//! each other. What was done is read from session, consent and the stored interaction, never from the browser.

use std::time::Duration;

use super::grant::{self, Login};
use super::response::{AuthorizationResponse, Target};
use super::{interaction_handle, pushed_request};
use crate::accounts::terms;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authorization::AuthorizationRequest;
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::domain::role::Role;
use crate::domain::session::{Due, Session};
use crate::domain::{AccountId, Time, powers, scope, secret::Digest};
use crate::limits::Limit;
use crate::oidc::access_policy::{self, AccessRefused};
use crate::oidc::acr::{self, AcrOutcome};
use crate::oidc::consent::{self, ConsentNeeded};
use crate::oidc::{Error, Result, subject};
use crate::random;
use crate::storage::ephemeral::Kind;

/// The binding of a request that came by POST until its browser comes: a form of another site brings no cookies of
/// ours.
const NO_BROWSER: &str = "";

/// The person in front of the browser, if there is a session.
pub type Person<'a> = Option<(&'a Session, &'a Account)>;

#[derive(Debug)]
pub enum Step {
    /// The person is to log in. `again`: there is a session, but the password must be entered again.
    Login {
        again: bool,
    },
    /// The person is to make an account (Initiating User Registration §2).
    Create,
    /// The session is to be raised by a second factor (RFC 9470).
    SecondFactor,
    /// The account has no second factor that would do: a page says so, and how to set one up; its button answers
    /// `unmet_authentication_requirements`.
    SecondFactorMissing,
    /// The account is to be deleted, unless the person keeps it.
    KeepAccount,
    /// The address of the account is to be verified by a code.
    VerifyEmail,
    /// A new version of the Terms of Use or of the Privacy Notice is to be accepted.
    Terms,
    SelectAccount,
    Consent(ConsentNeeded),
    /// The access policy refuses the person: a page says why and what to do; its button answers `access_denied`.
    AccessRefused(AccessRefused),
    Answer(AuthorizationResponse),
    /// The request was answered already, in another window or by an earlier press.
    Over,
    /// Nobody can be answered: the client or its address is no longer registered, or the pushed or posted request was
    /// answered in another tab.
    Unanswerable(Error),
}

/// An accepted request that waits for its person, bound to the browser it came from.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Interaction {
    pub request: AuthorizationRequest,
    /// Digest of the browser's interaction cookie.
    pub(super) browser: Digest,
    #[serde(flatten)]
    done: Done,
    expires_at: Time,
}

/// The acts of a person about a request, beyond those that session and consent remember.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Done {
    /// The account that the person chose to go on with.
    chosen: Option<AccountId>,
    /// The account that agreed to the details of the request (RFC 9396 §2).
    #[serde(default)]
    agreed: Option<AccountId>,
}

/// Keeps a request that cannot be answered at once; the handle is all that pages carry of it. DS-3: each client network
/// may have a limited number open.
pub async fn open(app: &App, request: AuthorizationRequest, browser: &str, network: &str) -> Result<String> {
    app.limits.count(Limit::Interactions, network).await?;
    keep(app, request, browser).await
}

/// Keeps a request that came by POST until its browser comes. That browser can open it more than once, as a pushed one,
/// and is answered once (security.md G-8, AZ-12).
pub async fn open_posted(app: &App, request: AuthorizationRequest, network: &str) -> Result<String> {
    let pushed = request.pushed.unwrap_or_else(random::token);
    let request = AuthorizationRequest {
        pushed: Some(pushed),
        ..request
    };
    open(app, request, NO_BROWSER, network).await
}

/// Finds the request that [`open_posted`] keeps behind a handle.
pub async fn find_posted(app: &App, handle: &str) -> Result<Option<AuthorizationRequest>> {
    let found = find(app, handle, NO_BROWSER).await?;
    Ok(found.map(|it| it.request))
}

pub(super) async fn keep(app: &App, request: AuthorizationRequest, browser: &str) -> Result<String> {
    let handle = interaction_handle::new(app, &request)?;
    let ttl = chrono::Duration::from_std(app.config.authorization.interaction).map_err(Error::internal)?;
    let interaction = Interaction {
        request,
        browser: Digest::of(browser.as_bytes()),
        done: Done::default(),
        expires_at: app.clock.now() + ttl,
    };
    put(app, &handle, &interaction).await?;
    Ok(handle)
}

/// Finds the interaction of a handle, in its own browser only.
pub async fn find(app: &App, handle: &str, browser: &str) -> Result<Option<Interaction>> {
    let stored = app
        .ephemeral
        .get(Kind::Interaction, &key(handle))
        .await
        .map_err(Error::from)?;
    let Some(stored) = stored else { return Ok(None) };
    let interaction: Interaction = serde_json::from_slice(&stored).map_err(Error::internal)?;
    Ok(Some(interaction).filter(|it| it.browser.matches(browser)))
}

/// Returns `true` if the request of a handle waits, in whatever browser.
pub async fn is_open(app: &App, handle: &str) -> Result<bool> {
    let found = app.ephemeral.get(Kind::Interaction, &key(handle)).await;
    Ok(found.map_err(Error::from)?.is_some())
}

/// Starts the request of a handle over in another browser: as it was accepted, and with nothing of what was done
/// about it (security.md AZ-6).
pub async fn restart(app: &App, handle: &str, browser: &str, network: &str) -> Result<Option<String>> {
    let stored = app
        .ephemeral
        .get(Kind::Interaction, &key(handle))
        .await
        .map_err(Error::from)?;
    let Some(stored) = stored else { return Ok(None) };
    let interaction: Interaction = serde_json::from_slice(&stored).map_err(Error::internal)?;
    if interaction.request.test_login.is_some() {
        // AD-11: a test login is its tester's, and ends in the browser where it began.
        return Ok(None);
    }
    let request = AuthorizationRequest {
        accepted_at: app.clock.now(),
        ..interaction.request
    };
    match client_of(app, &request) {
        Some(_) => open(app, request, browser, network).await.map(Some),
        None => Ok(None),
    }
}

/// Notes that the person goes on with the account of this session (`prompt=select_account`). Returns `false` if the
/// request was answered meanwhile: it is not opened again (security.md G-9).
pub async fn choose(app: &App, handle: &str, interaction: &Interaction, account: &AccountId) -> Result<bool> {
    let mut chosen = interaction.clone();
    chosen.done.chosen = Some(account.clone());
    replace(app, handle, &chosen).await
}

/// Notes that the person agrees to the request, also in detail. Returns `false` if it was answered meanwhile: there
/// is nothing to agree to.
pub async fn agree(
    app: &App,
    context: &Context,
    handle: &str,
    interaction: &Interaction,
    account: &AccountId,
) -> Result<bool> {
    let mut agreed = interaction.clone();
    agreed.done.agreed = Some(account.clone());
    if !replace(app, handle, &agreed).await? {
        return Ok(false);
    }
    // The consent comes last: should storing it fail, the person is asked again.
    let (_, role) = context.actor.person().unwrap_or((account, Role::User));
    consent::remember(app, context, &grantable(&interaction.request, role), account).await?;
    Ok(true)
}

/// Returns the next step of a request that was just accepted; an answer needs nothing stored.
pub async fn begin(app: &App, request: &AuthorizationRequest, person: Person<'_>) -> Result<Step> {
    match decide(app, request, person, &Done::default()).await {
        Step::Answer(answer) => answer_once(app, request, answer).await,
        other => Ok(other),
    }
}

/// Returns the next step of a stored request. G-8: it is answered once, so the second answer finds it gone.
pub async fn proceed(app: &App, handle: &str, interaction: &Interaction, person: Person<'_>) -> Result<Step> {
    let step = decide(app, &interaction.request, person, &interaction.done).await;
    match step {
        Step::Answer(answer) => finish(app, handle, &interaction.request, answer).await,
        other => Ok(other),
    }
}

/// Answers `access_denied`: the person pressed a button because they do not want to go on, or may not.
pub async fn deny(app: &App, context: &Context, handle: &str, interaction: &Interaction) -> Result<Step> {
    let error = Error::access_denied("The person did not grant access");
    refuse(app, context, handle, interaction, error).await
}

/// Answers `unmet_authentication_requirements`: the person goes back without the second factor that the service
/// insists on.
pub async fn give_up(app: &App, context: &Context, handle: &str, interaction: &Interaction) -> Result<Step> {
    refuse(app, context, handle, interaction, unmet()).await
}

async fn refuse(
    app: &App,
    context: &Context,
    handle: &str,
    interaction: &Interaction,
    error: Error,
) -> Result<Step> {
    let request = &interaction.request;
    let recorded = record_denial(app, context, request, &error).await;
    let error = recorded.err().unwrap_or(error);
    finish(
        app,
        handle,
        request,
        Target::from(request).refusal(app.config.issuer.as_str(), error),
    )
    .await
}

async fn finish(
    app: &App,
    handle: &str,
    request: &AuthorizationRequest,
    answer: AuthorizationResponse,
) -> Result<Step> {
    match app.ephemeral.take(Kind::Interaction, &key(handle)).await? {
        Some(_) => answer_once(app, request, answer).await,
        None => Ok(Step::Over),
    }
}

/// Answers once: a pushed or posted request may wait in several tabs, of which one is answered (security.md AZ-9,
/// G-8).
async fn answer_once(
    app: &App,
    request: &AuthorizationRequest,
    answer: AuthorizationResponse,
) -> Result<Step> {
    Ok(if pushed_request::is_first_answer(app, request).await? {
        Step::Answer(answer)
    } else {
        Step::Unanswerable(Error::invalid_request_uri("The request was answered already"))
    })
}

async fn decide(app: &App, request: &AuthorizationRequest, person: Person<'_>, done: &Done) -> Step {
    // G-10, DR-6: the registration may have changed since the request came.
    let Some(client) = client_of(app, request) else {
        return Step::Unanswerable(Error::invalid_request(
            "The client or its redirect_uri is no longer registered",
        ));
    };
    let refuse = |error| Step::Answer(Target::from(request).refusal(app.config.issuer.as_str(), error));
    let outcome = match identify(app, request, &client, person) {
        Ok((session, account)) => {
            let request = &grantable(request, account.role);
            let login = Login {
                request,
                client: &client,
                session,
                account,
            };
            authorize(app, &login, done).await
        }
        Err(need) => Err(need),
    };
    match outcome {
        Ok(granted) => {
            let openid = request.scope.contains(scope::OPENID);
            Step::Answer(Target::from(request).success(app.config.issuer.as_str(), openid, granted))
        }
        Err(Need::Refusal(error)) => refuse(error),
        Err(Need::Step(step)) if !request.prompt.none => *step,
        // Core §3.1.2.6, security.md AZ-10: the person may be asked nothing.
        Err(Need::Step(step)) => refuse(unasked(&step)),
    }
}

/// Returns the request without what a person of this role cannot grant: it is neither asked for nor given (AD-1).
fn grantable(request: &AuthorizationRequest, role: Role) -> AuthorizationRequest {
    AuthorizationRequest {
        scope: powers::grantable(&request.scope, role),
        ..request.clone()
    }
}

/// The reason why there is no code yet.
enum Need {
    Step(Box<Step>),
    Refusal(Error),
}

impl From<Step> for Need {
    fn from(step: Step) -> Self {
        Self::Step(Box::new(step))
    }
}

impl From<Error> for Need {
    fn from(error: Error) -> Self {
        Self::Refusal(error)
    }
}

/// Returns the person of the session, if the login is as recent as the request wants and the person is the one it
/// asks for.
fn identify<'a>(
    app: &App,
    request: &AuthorizationRequest,
    client: &Client,
    person: Person<'a>,
) -> Result<(&'a Session, &'a Account), Need> {
    let (prompt, now) = (&request.prompt, app.clock.now());
    // Compares the name that this client has for the person (Core §8).
    let is_wanted = |account: &Account| {
        let wanted = request.subject.as_ref();
        wanted.is_none_or(|it| *it == subject::for_client(app, client, &account.sub))
    };
    let Some((session, account)) = person else {
        return Err(Need::from(if prompt.create {
            Step::Create
        } else {
            Step::Login { again: false }
        }));
    };
    // A proof given after the request arrived satisfies whatever it asked: no second one follows.
    let is_fresh = session.authenticated_at >= request.accepted_at;
    if is_fresh {
        return if is_wanted(account) {
            Ok((session, account))
        } else {
            // Core §3.1.2.1, id_token_hint: another person logged in.
            Err(Need::Refusal(Error::login_required(
                "Another person is logged in",
            )))
        };
    }
    if prompt.create {
        return Err(Step::Create.into());
    }
    let age = (now - session.authenticated_at).num_milliseconds();
    let is_too_old = request
        .max_age
        .is_some_and(|most| u64::try_from(age).unwrap_or(0) > most.saturating_mul(1000));
    if prompt.login || is_too_old || !is_wanted(account) {
        return Err(Step::Login { again: true }.into());
    }
    Ok((session, account))
}

/// Checks everything beyond the person's identity, then issues what the response type asks for.
async fn authorize(app: &App, login: &Login<'_>, done: &Done) -> Result<Vec<(&'static str, String)>, Need> {
    let Login {
        request,
        client,
        session,
        account,
    } = login;
    if request.scope.is_empty() {
        return Err(Error::access_denied("The person holds nothing of the scope that was asked for").into());
    }
    match terms::due(app, account).await.map_err(Error::from)? {
        Some(Due::Deletion) => return Err(Step::KeepAccount.into()),
        Some(Due::EmailVerification) => return Err(Step::VerifyEmail.into()),
        Some(Due::Terms) => return Err(Step::Terms.into()),
        None => {}
    }
    let was_chosen =
        done.chosen.as_ref() == Some(&account.id) || session.authenticated_at >= request.accepted_at;
    if request.prompt.select_account && !was_chosen {
        return Err(Step::SelectAccount.into());
    }
    let acr = match acr::decide(app, &request.wanted_acr(), session, account).await? {
        AcrOutcome::Satisfied(acr) => acr,
        AcrOutcome::SecondFactor => return Err(Step::SecondFactor.into()),
        AcrOutcome::NotEnrolled => return Err(Step::SecondFactorMissing.into()),
        AcrOutcome::Unsupported => return Err(unmet().into()),
    };
    if let Some(refused) = access_policy::check(app.db.read(), client, &account.id).await? {
        return Err(Step::AccessRefused(refused).into());
    }
    let agreed = done.agreed.as_ref() == Some(&account.id);
    if let Some(needed) = consent::needed(app, client, request, &account.id, agreed).await? {
        return Err(Step::Consent(needed).into());
    }
    Ok(grant::issue(app, login, acr).await?)
}

fn unasked(step: &Step) -> Error {
    match step {
        Step::Consent(_) => Error::consent_required("The person must consent"),
        Step::SelectAccount => Error::account_selection_required("The person must choose an account"),
        Step::AccessRefused(_) => Error::access_denied("The person does not meet the access policy"),
        Step::SecondFactorMissing => unmet(),
        Step::Login { .. } | Step::SecondFactor | Step::Create => {
            Error::login_required("The person must log in")
        }
        _ => Error::interaction_required("The person must act"),
    }
}

/// Returns the error of OpenID Connect Core Error Code unmet_authentication_requirements §2.
fn unmet() -> Error {
    Error::unmet_authentication_requirements("acr is not among those asked for")
}

pub(super) fn client_of(app: &App, request: &AuthorizationRequest) -> Option<std::sync::Arc<Client>> {
    let client = app.registry.find(request.client_id.as_str())?;
    // The address of a test login was settled when this service made the request (AD-11).
    (request.test_login.is_some() || client.redirects_to(&request.redirect_uri)).then_some(client)
}

async fn record_denial(
    app: &App,
    context: &Context,
    request: &AuthorizationRequest,
    why: &Error,
) -> Result<()> {
    let event = Event::new(
        Action::AuthorizationRefused,
        format!("client:{}", request.client_id),
    )
    .failed(why.code().as_str());
    let recorded = app.write(context, async |tx| tx.record(event.clone()).await);
    Ok(recorded.await?)
}

async fn put(app: &App, handle: &str, interaction: &Interaction) -> Result<()> {
    let (content, left) = stored(app, interaction)?;
    let key = key(handle);
    let put = app.ephemeral.put(Kind::Interaction, &key, &content, left);
    put.await.map_err(Error::from)
}

async fn replace(app: &App, handle: &str, interaction: &Interaction) -> Result<bool> {
    let (content, left) = stored(app, interaction)?;
    let key = key(handle);
    let replaced = app.ephemeral.replace(Kind::Interaction, &key, &content, left);
    replaced.await.map_err(Error::from)
}

fn stored(app: &App, interaction: &Interaction) -> Result<(Vec<u8>, Duration)> {
    let content = serde_json::to_vec(interaction).map_err(Error::internal)?;
    let left = interaction.expires_at - app.clock.now();
    Ok((content, left.to_std().unwrap_or(Duration::ZERO)))
}

pub(super) fn key(handle: &str) -> String {
    Digest::of(handle.as_bytes()).as_str().to_owned()
}
