//! The test login of a client: whoever looks after it logs in, in the place of a person, and this service does in the place of
//! the client what the client does then, by the same rooms. Each step is described, what was issued is ended at once, and
//! nothing that could be used leaves the server (security.md AD-11).
//!
//! The answer to such a request goes to an address of ours, and inside of the server: the browser carries neither code nor
//! token. `proof` has the keys of a test, `steps` what follows the answer, `decoding` reads tokens, `report` is what is shown.

mod decoding;
mod proof;
mod report;
mod steps;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::decoding::check;
use self::proof::Proof;
use self::report::Refusal;
pub use self::report::{Check, CheckKind, Form, LeftOut, Name, Parameter, Report, Step, StepKind, Token};
use self::steps::{Held, Test};
use super::authorization::raw_request::OwnTest;
use super::authorization::request::{self, RawRequest, Rejection};
use super::authorization::response::AuthorizationResponse;
use super::authorization::{interaction, pushed_request};
use super::clients::{self, ClientError};
use super::{Code, Error, access_policy, access_token, codes, endpoints};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::authorization::{AuthorizationRequest, ResponseMode};
use crate::domain::client::{Client, GrantType, ResponseType};
use crate::domain::event::{Action, Event};
use crate::domain::secret::Digest;
use crate::domain::session::Session;
use crate::domain::token::LONGEST_ACCESS_TOKEN;
use crate::domain::{AuthorizationId, ClientId, SessionId, TestLoginId};
use crate::sealed::{self, Purpose};
use crate::storage::refresh_tokens;
use crate::{paths, random};

/// The time in which a test is answered, and then the time for which its result is kept.
const LIFETIME: Duration = Duration::from_mins(10);

/// The session and the browser of whoever tests.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub session: &'a SessionId,
    /// The value of the browser's cookie.
    pub browser: &'a str,
    pub network: &'a str,
}

/// What the test is to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub response_type: &'a str,
    pub scope: &'a str,
    pub prompt: &'a str,
}

/// The reason why a client cannot be tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Disabled,
    /// No grant of it goes through a browser.
    NoLogin,
}

/// A client before its test.
#[derive(Clone, Debug)]
pub struct Outline {
    pub client: Client,
    pub unfit: Option<Unfit>,
    pub response_types: Vec<ResponseType>,
    pub left_out: Vec<LeftOut>,
}

/// A test that was begun.
#[derive(Debug)]
pub enum Begun {
    /// The request waits for the person, under this handle.
    Waiting(String),
    /// It was refused at once; the report says why.
    Ended(TestLoginId),
}

/// What became of an answer.
#[derive(Debug)]
pub enum Concluded {
    /// The report is kept.
    Reported(ClientId, TestLoginId),
    /// It is not the answer of whoever began the test, or came too late or twice: nothing of it was used.
    Dropped,
}

#[derive(Debug, thiserror::Error)]
pub enum TestLoginError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the client cannot be tested")]
    Unfit(Unfit),
    #[error("{}", .0.description())]
    Protocol(Error),
    #[error(transparent)]
    Store(#[from] sealed::Error),
}

impl From<Error> for TestLoginError {
    fn from(error: Error) -> Self {
        Self::Protocol(error)
    }
}

impl From<sea_orm::DbErr> for TestLoginError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Client(error.into())
    }
}

/// A test that waits for its answer. It is kept sealed; the browser has nothing of it.
#[derive(Serialize, Deserialize)]
struct Pending {
    client: ClientId,
    session: SessionId,
    browser: Digest,
    redirect_uri: String,
    state: String,
    nonce: String,
    verifier: String,
    steps: Vec<Step>,
}

/// Says what a test of the client would be. Whoever may edit the client may test it.
pub async fn outline(app: &App, context: &Context, id: &ClientId) -> Result<Outline, TestLoginError> {
    clients::require_editor(app, context, id).await?;
    let client = clients::find(app, id).await?;
    let offered = &app.config.authorization.response_types;
    let is_usable = |it: &ResponseType| {
        offered.contains(it)
            && (!it.code || client.may_use(GrantType::AuthorizationCode))
            && (!it.is_front_channel() || client.may_use(GrantType::Implicit))
    };
    let registered = client.metadata.response_types.iter().copied();
    let response_types: Vec<ResponseType> = registered.filter(is_usable).collect();
    let unfit = if !client.enabled {
        Some(Unfit::Disabled)
    } else if response_types.is_empty() {
        Some(Unfit::NoLogin)
    } else {
        None
    };
    Ok(Outline {
        unfit,
        response_types,
        left_out: LeftOut::of(&client),
        client,
    })
}

/// Begins a test: makes the request, has it checked as every other, and keeps what its answer is compared with.
pub async fn begin(
    app: &App,
    context: &Context,
    id: &ClientId,
    place: Place<'_>,
    asked: Asked<'_>,
) -> Result<Begun, TestLoginError> {
    let Outline { client, unfit, .. } = outline(app, context, id).await?;
    if let Some(unfit) = unfit {
        return Err(TestLoginError::Unfit(unfit));
    }
    let test = OwnTest {
        id: TestLoginId::new(random::token()),
        redirect_uri: app.config.issuer.at(&paths::admin_client_test_result(id)),
    };
    let mut pending = Pending {
        client: client.id.clone(),
        session: place.session.clone(),
        browser: Digest::of(place.browser.as_bytes()),
        redirect_uri: test.redirect_uri.clone(),
        state: random::token(),
        nonce: random::token(),
        verifier: random::token(),
        steps: Vec::new(),
    };
    let id = test.id.clone();
    match accepted(app, &client, test, &mut pending, asked).await {
        Ok(request) => {
            sealed::put(app, Purpose::TestLogin, id.as_str(), &pending, LIFETIME).await?;
            let handle = interaction::open(app, request, place.browser, place.network).await?;
            Ok(Begun::Waiting(handle))
        }
        Err(error) if error.code() == Code::ServerError => Err(error.into()),
        Err(error) => {
            let refused = pending.steps.pop().map(|it| it.refused(&error));
            pending.steps.extend(refused);
            end(app, context, &client, &id, (pending, None)).await?;
            Ok(Begun::Ended(id))
        }
    }
}

/// Makes the request in the place of the client, and describes it. It takes the way of a pushed one if the client must push.
async fn accepted(
    app: &App,
    client: &Client,
    test: OwnTest,
    pending: &mut Pending,
    asked: Asked<'_>,
) -> Result<AuthorizationRequest, Error> {
    let parameters = parameters(client, pending, asked);
    let pairs = parameters.iter().filter_map(|it| {
        let value = it.value.clone()?;
        Some((it.name.as_str().to_owned(), value))
    });
    let pushes = client.must_push_requests();
    let raw = RawRequest::of_test(test, pairs.collect(), pushes);
    let at = |path: &str| app.config.issuer.at(path);
    let first = if pushes {
        Step::new(StepKind::Push).request("POST", at(endpoints::PUSHED_AUTHORIZATION_REQUEST))
    } else {
        Step::new(StepKind::Authorization).request("GET", at(endpoints::AUTHORIZATION))
    };
    pending.steps.push(Step {
        sent: parameters,
        ..first
    });
    let request = request::accept_of_test(app, &raw).map_err(Rejection::into_error)?;
    if !pushes {
        return Ok(request);
    }
    let request_uri = pushed_request::keep(app, client, request).await?;
    let expires_in = app.config.authorization.pushed_request.as_secs();
    if let Some(pushed) = pending.steps.last_mut() {
        pushed.received = vec![
            Parameter::hidden(Name::RequestUri),
            Parameter::new(Name::ExpiresIn, expires_in.to_string()),
        ];
    }
    pending.steps.push(Step {
        sent: vec![
            Parameter::new(Name::ClientId, client.id.as_str()),
            Parameter::hidden(Name::RequestUri),
        ],
        ..Step::new(StepKind::Authorization).request("GET", at(endpoints::AUTHORIZATION))
    });
    pushed_request::open(app, client, &request_uri).await
}

/// Returns the parameters of the request: those of a careful client.
fn parameters(client: &Client, pending: &Pending, asked: Asked<'_>) -> Vec<Parameter> {
    let mut all = vec![
        Parameter::new(Name::ClientId, client.id.as_str()),
        Parameter::new(Name::RedirectUri, &pending.redirect_uri),
        Parameter::new(Name::ResponseType, asked.response_type),
    ];
    if client.may_be_answered_by(ResponseMode::Jwt) {
        all.push(Parameter::new(Name::ResponseMode, ResponseMode::Jwt.as_str()));
    }
    all.extend([
        Parameter::new(Name::Scope, asked.scope),
        Parameter::new(Name::State, &pending.state),
        Parameter::new(Name::Nonce, &pending.nonce),
    ]);
    if asked.response_type.split(' ').any(|it| it == "code") {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&pending.verifier));
        all.push(Parameter::new(Name::CodeChallenge, challenge));
        all.push(Parameter::new(Name::CodeChallengeMethod, "S256"));
    }
    if !asked.prompt.is_empty() {
        all.push(Parameter::new(Name::Prompt, asked.prompt));
    }
    all
}

/// Takes the answer to the request of a test, and does what its client would do with it. It counts once, for the session and
/// the browser that began the test, in its time, and while whoever tests may edit the client. Whatever else comes is dropped:
/// a code that nobody has ends by itself.
pub async fn conclude(
    app: &App,
    context: &Context,
    (session, browser): (Option<&Session>, &str),
    answer: AuthorizationResponse,
) -> Result<Concluded, TestLoginError> {
    let Some(id) = answer.test_login.clone() else {
        return Ok(Concluded::Dropped);
    };
    let pending: Option<Pending> = sealed::get(app, Purpose::TestLogin, id.as_str()).await?;
    let is_theirs = |it: &Pending| {
        session.is_some_and(|own| own.id == it.session)
            && it.browser.matches(browser)
            && it.client == answer.client_id
    };
    let Some(mut pending) = pending.filter(is_theirs) else {
        return Ok(Concluded::Dropped);
    };
    let claim = format!("answered\n{}", id.as_str());
    if !sealed::claim(app, Purpose::TestLogin, &claim, LIFETIME).await? {
        return Ok(Concluded::Dropped);
    }
    sealed::remove(app, Purpose::TestLogin, id.as_str()).await?;
    clients::require_editor(app, context, &pending.client).await?;
    let client = clients::find(app, &pending.client).await?;
    let code = answer.code().map(str::to_owned);
    let access_token = answer.parameters.iter().find(|it| it.0 == "access_token");
    let authorization = match (&code, access_token) {
        (Some(code), _) => codes::authorization_of(app, code, &client.id).await?,
        (None, Some((_, token))) => access_token::read(app, token).and_then(|it| it.authorization_id),
        (None, None) => None,
    };
    let issued = play(app, &client, &mut pending, answer).await?;
    if let Some(step) = pending.steps.iter_mut().find(|it| is_denied(it))
        && let Some(refusal) = &mut step.refusal
        && let Some((account, _)) = context.actor.person()
    {
        let refused = access_policy::check(app.db.read(), &client, account).await?;
        refusal.lacks = refused.map(|it| it.lacks).unwrap_or_default();
    }
    let client_id = client.id.clone();
    let ended = authorization.map(|it| (it, issued));
    end(app, context, &client, &id, (pending, ended)).await?;
    Ok(Concluded::Reported(client_id, id))
}

fn is_denied(step: &Step) -> bool {
    let code = step.refusal.as_ref().map(|it: &Refusal| it.code.as_str());
    code == Some(Code::AccessDenied.as_str())
}

/// Does in the place of the client what follows the answer. Returns the access token that it holds at the end.
async fn play(
    app: &App,
    client: &Client,
    pending: &mut Pending,
    answer: AuthorizationResponse,
) -> Result<Option<String>, Error> {
    let test = Test {
        app,
        client,
        redirect_uri: &pending.redirect_uri,
        state: &pending.state,
        nonce: &pending.nonce,
        verifier: &pending.verifier,
    };
    let (step, held) = test.response(answer).await;
    let is_refused = step.refusal.is_some();
    let mut steps = vec![step];
    let Held {
        code,
        mut access_token,
        mut sub,
    } = held;
    // A token that came through the browser is bound to no key.
    let mut bound_by = Proof::default();
    if let (Some(code), false) = (code, is_refused) {
        let proof = Proof::new(app, client)?;
        let (step, tokens) = test.tokens(&code, &proof).await;
        steps.push(step);
        if let Some(tokens) = tokens {
            sub = test.subject_of(&tokens).or(sub);
            access_token = Some(tokens.access_token);
            bound_by = proof;
        }
    }
    if let Some(token) = &access_token {
        steps.push(test.userinfo(token, sub.as_deref(), &bound_by).await);
    }
    pending.steps.extend(steps);
    Ok(access_token)
}

/// Ends all that was issued, records the test, and keeps the report. Nobody holds anything of it, so a process that is killed
/// before leaves nothing that could be used.
async fn end(
    app: &App,
    context: &Context,
    client: &Client,
    id: &TestLoginId,
    (pending, issued): (Pending, Option<(AuthorizationId, Option<String>)>),
) -> Result<(), TestLoginError> {
    let mut report = Report {
        client: client.id.clone(),
        session: pending.session,
        ended_at: app.clock.now(),
        steps: pending.steps,
        left_out: LeftOut::of(client),
    };
    let event = Event::new(Action::ClientLoginTested, format!("client:{}", client.id));
    let event = match report.refusal() {
        Some(code) => event.failed(code),
        None => event,
    };
    let written = app.write(context, async |tx| {
        if let Some((authorization, _)) = &issued {
            let until = tx.now() + LONGEST_ACCESS_TOKEN;
            refresh_tokens::end_authorization(tx, authorization, tx.now(), until).await?;
        }
        tx.record(event.clone()).await
    });
    written.await?;
    if let Some((_, Some(token))) = issued {
        let refused = matches!(
            access_token::validate(app, &token).await?,
            access_token::Validity::Invalid(_)
        );
        let mut step = Step::new(StepKind::End);
        step.checks = vec![check(CheckKind::Revoked, refused)];
        report.steps.push(step);
    }
    sealed::put(app, Purpose::TestLoginReport, id.as_str(), &report, LIFETIME).await?;
    Ok(())
}

/// Returns the result of a test, for the session that began it. It is kept for ten minutes.
pub async fn report(
    app: &App,
    context: &Context,
    client: &ClientId,
    session: &SessionId,
    id: &TestLoginId,
) -> Result<Option<Report>, TestLoginError> {
    clients::require_editor(app, context, client).await?;
    let kept: Option<Report> = sealed::get(app, Purpose::TestLoginReport, id.as_str()).await?;
    Ok(kept.filter(|it| it.client == *client && it.session == *session))
}
