//! `/signup` and its steps: details, organization, code, thanks (product.md, steps 2 to 4). The pending sign-up in the
//! database, which the browser's cookie names, says which step comes next (security.md G-6); the service that the
//! person came from waits in it, too (AZ-6).

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::documents::language;
use super::flow::{self, Flow};
use super::form_guard::{effort, guard, is_decoy};
use super::login_outcome::{code_spent, with_session_cookies};
use super::onward::onward;
use super::organizations::{self, Answers};
use super::resumption::Resumption;
use super::{PageContext, PageError, PageForm, Tick, refused, service};
use crate::accounts::signup::{self, Details};
use crate::accounts::{self, terms, verification};
use crate::affiliations::lifecycle::requests::{self, SignupError};
use crate::affiliations::{self, choose};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::profile::ProfileInput;
use crate::domain::signup::{PendingSignup, Stage};
use crate::http::cookies::Cookie;
use crate::http::extract::BrowserSession;
use crate::http::outcome::Outcome;
use crate::oidc::authorization::interaction::Step;
use crate::oidc::authorization::kept_request;
use crate::paths;
use crate::proof_of_work::Form;
use crate::templates::pages::{
    CodeState, ReturnToService, SignupDetails, SignupDone, SignupExpired, SignupOrganization, SignupVerify,
};
use crate::templates::{FormState, Service};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetailsFields {
    email: String,
    first_name: String,
    last_name: String,
    single_name: Tick,
    password: String,
    password_confirmation: String,
    title: String,
    gender: String,
    job_title: String,
    professional_role: String,
    decision: String,
    /// The proof of work.
    work: String,
    /// The field that no person sees.
    website: String,
}

pub async fn show_details(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    if ctx.session().get().is_some() {
        // A person who has an account goes on with it, unless the service asks for a new one.
        match &flow {
            None => return Ok(onward(&ctx)),
            Some(flow) => match flow.step(&ctx).await? {
                Step::Create => {}
                step => return flow::take(&ctx, &flow.handle, step).await,
            },
        }
    }
    if let Some(flow) = &flow {
        kept_request::keep(&ctx.app, &flow.handle, &flow.interaction).await?;
    }
    let form = match pending(&ctx).await? {
        // The person came back from a later step: what was typed is there again, but for the password.
        Some(pending) => typed_before(&pending),
        None => {
            let hint = flow
                .as_ref()
                .and_then(|it| it.interaction.request.login_hint.clone());
            FormState::new(hint.map(|it| ("email", it)))
        }
    };
    let form = ctx.form_or(form);
    let service = flow.map(|it| it.service);
    let (ctx, guard) = guard(ctx, Form::SignUp).await;
    ctx.page(&SignupDetails { form, service, guard }).await
}

/// Returns the service's request that a sign-up or a recovery keeps: as it is now, as it was when the form was opened,
/// or as the step before kept it (security.md AZ-6).
pub(super) async fn request_to_keep(
    ctx: &PageContext,
    flow: Option<&Flow>,
    before: Option<String>,
) -> Result<Option<String>, PageError> {
    if let Some(flow) = flow {
        return Ok(Some(kept_request::to_resume(&flow.interaction)?));
    }
    let Some(handle) = ctx.request() else {
        return Ok(before);
    };
    match kept_request::find(&ctx.app, handle, ctx.browser()).await? {
        Some(interaction) => Ok(Some(kept_request::to_resume(&interaction)?)),
        None => Ok(before),
    }
}

fn typed_before(pending: &PendingSignup) -> FormState {
    let profile = &pending.profile;
    FormState::new([
        ("email", pending.email.as_str()),
        ("first_name", &profile.first_name),
        ("last_name", &profile.last_name),
        ("single_name", if profile.has_single_name() { "on" } else { "" }),
        ("title", profile.title.map_or("", |it| it.as_str())),
        ("gender", profile.gender.as_str()),
        ("job_title", &profile.job_title),
        ("professional_role", profile.professional_role.as_str()),
    ])
}

pub async fn details(form: PageForm<DetailsFields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    let before = pending(&ctx).await?.and_then(|it| it.resume);
    let resume = request_to_keep(&ctx, flow.as_ref(), before).await?;
    let details = Details {
        email: &fields.email,
        password: accounts::NewPassword {
            password: &fields.password,
            confirmation: &fields.password_confirmation,
        },
        profile: ProfileInput {
            first_name: &fields.first_name,
            last_name: &fields.last_name,
            single_name: fields.single_name.is_on(),
            title: &fields.title,
            gender: &fields.gender,
            job_title: &fields.job_title,
            professional_role: &fields.professional_role,
        },
        language: language(&ctx),
        resume,
        effort: effort(&ctx, Form::SignUp, &fields.work).await?,
        is_decoy: is_decoy(&ctx, &fields.website),
    };
    match signup::begin(
        &ctx.app,
        &ctx.actor_context(),
        details,
        ctx.cookie(Cookie::Signup).as_deref(),
    )
    .await
    {
        Ok(handle) => {
            let cookie = Cookie::Signup.set(&ctx.app, handle.expose());
            let to = ctx.within(paths::SIGNUP_ORGANIZATION);
            Ok(ctx.with_cookie(cookie).redirect(&to))
        }
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong).notice("error.form")).await,
        Err(other) => Err(other.into()),
    }
}

async fn pending(ctx: &PageContext) -> Result<Option<PendingSignup>, PageError> {
    match ctx.cookie(Cookie::Signup) {
        Some(handle) => Ok(signup::find(&ctx.app, &handle).await?),
        None => Ok(None),
    }
}

/// Finds the service that waits, in the request under way or, when that was forgotten, in the sign-up itself.
async fn with_service(ctx: PageContext, pending: &PendingSignup) -> (PageContext, Option<Service>) {
    match Flow::enter(ctx.clone()).await {
        Ok((ctx, Some(flow))) => (ctx, Some(flow.service)),
        // The request was over before the sign-up could keep it: the page says so, and the last one leads back.
        Ok((ctx, None)) if pending.resume.is_none() => (ctx, None),
        _ => {
            // The sign-up keeps the request as long as it is kept itself: nothing is over.
            let ctx = ctx.outside_of_requests();
            let Some(resume) = pending.resume.as_deref() else {
                return (ctx, None);
            };
            let service = service::for_kept_request(&ctx.app, resume);
            let ui_locales = kept_request::ui_locales_of(resume);
            (ctx.speaking(ui_locales.as_deref()), service)
        }
    }
}

async fn expired(ctx: PageContext) -> Result<Response, PageError> {
    if ctx.session().get().is_some() {
        // The sign-up was completed, here or in another window, and opened again by Back or from memory.
        return Ok(onward(&ctx));
    }
    let (ctx, service) = match Flow::enter(ctx.clone()).await {
        Ok((ctx, flow)) => (ctx, flow.map(|it| it.service)),
        Err(_) => (ctx, None),
    };
    ctx.page(&SignupExpired { service }).await
}

pub async fn show_organization(ctx: PageContext) -> Result<Response, PageError> {
    let Some(pending) = pending(&ctx).await? else {
        return expired(ctx).await;
    };
    let (ctx, service) = with_service(ctx, &pending).await;
    let form = ctx.form_or(FormState::default());
    let page = SignupOrganization {
        questions: organizations::questions(&ctx, &Answers::typed(&form)).await?,
        form,
        service,
        version: terms::offer(&ctx.app, language(&ctx)).label(),
    };
    ctx.page(&page).await
}

pub async fn organization(form: PageForm<Answers>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let Some(pending) = pending(&ctx).await? else {
        return Ok(ctx.redirect(&ctx.within(paths::SIGNUP_ORGANIZATION)));
    };
    if fields.decision.as_deref() == Some("cancel") {
        let (ctx, flow) = Flow::enter(ctx).await?;
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    let (ctx, _) = with_service(ctx, &pending).await;
    if fields.is_unfinished() {
        return ctx.again_as(StatusCode::OK, typed).await;
    }
    let mut wrong = accounts::Result::Ok(());
    let chosen = choose(&ctx.app, &fields.input()).await;
    let accepted = fields.accept_terms.is_some_and(Tick::is_on);
    let choice = match chosen {
        Ok(choice) if accepted => Some(choice),
        Ok(_) => None,
        Err(affiliations::Error::Invalid(errors)) => {
            wrong = Err(accounts::Error::Fields(errors));
            None
        }
        Err(other) => return Err(other.into()),
    };
    let Some(choice) = choice else {
        let mut form = match wrong {
            Err(accounts::Error::Fields(errors)) => organizations::with_errors(typed, errors),
            _ => typed.notice("error.form"),
        };
        if !accepted {
            form.add_error("accept_terms", "error.accept_terms");
        }
        return ctx.again(form).await;
    };
    let handle = ctx.cookie(Cookie::Signup).unwrap_or_default();
    let newsletter = fields.newsletter.is_some_and(Tick::is_on);
    let submission = signup::Submission {
        choice,
        newsletter,
        accept_terms: accepted,
        shown: fields.version.unwrap_or_default(),
    };
    match signup::submit(&ctx.app, &ctx.actor_context(), &handle, submission).await {
        Ok(()) => Ok(ctx.redirect(&ctx.within(paths::SIGNUP_VERIFY))),
        Err(accounts::Error::NoSignup) => Ok(ctx.redirect(&ctx.within(paths::SIGNUP_ORGANIZATION))),
        Err(accounts::Error::Fields(errors)) => ctx.again(organizations::with_errors(typed, errors)).await,
        Err(other) => Err(other.into()),
    }
}

pub async fn show_verify(ctx: PageContext) -> Result<Response, PageError> {
    let Some(pending) = pending(&ctx).await? else {
        return expired(ctx).await;
    };
    if pending.stage() == Stage::Details {
        return Ok(ctx.redirect(&ctx.within(paths::SIGNUP_ORGANIZATION)));
    }
    let wait = verification::resend_wait(&ctx.app, &pending).await?;
    let (ctx, service) = with_service(ctx, &pending).await;
    let page = SignupVerify {
        service,
        form: ctx.form_or(FormState::default()),
        email: pending.email.as_str().to_owned(),
        state: ctx.content().unwrap_or(CodeState::Sent),
        wait_seconds: u64::try_from(wait.num_seconds()).unwrap_or_default(),
        is_delayed: !pending.mail_delay.is_zero(),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Code {
    code: String,
}

pub async fn verify(form: PageForm<Code>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let handle = ctx.cookie(Cookie::Signup).unwrap_or_default();
    match complete(&ctx, &handle, &fields.code).await {
        Ok(joined) => thank(ctx, joined).await,
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(accounts::Error::CodeVoid) => code_spent(&ctx).await,
        Err(accounts::Error::StepMissing) => Ok(ctx.redirect(&ctx.within(paths::SIGNUP_ORGANIZATION))),
        Err(accounts::Error::NoSignup) => Ok(ctx.redirect(&ctx.within(paths::SIGNUP_VERIFY))),
        Err(other) => Err(other.into()),
    }
}

async fn complete(ctx: &PageContext, handle: &str, code: &str) -> accounts::Result<requests::Joined> {
    let context = ctx.actor_context();
    let proof = verification::verify(&ctx.app, &context, handle, code).await?;
    match requests::complete_signup(&ctx.app, &context, &proof).await {
        Ok(joined) => Ok(joined),
        Err(SignupError::Account(error)) => Err(error),
        Err(SignupError::Affiliation(error)) => Err(accounts::Error::Failed(format!("{error:?}"))),
    }
}

/// The content of the last page.
#[derive(Debug, Serialize, Deserialize)]
struct Welcome {
    #[serde(flatten)]
    resumption: Resumption,
    pending_organization: Option<String>,
}

/// Logs the person in, and redirects to the last page, from which *OK* leads back to the service.
async fn thank(ctx: PageContext, joined: requests::Joined) -> Result<Response, PageError> {
    let completed = joined.completed;
    let otherwise = match ctx.request() {
        Some(handle) => paths::authorize_continue(handle),
        None => paths::ACCOUNT.to_owned(),
    };
    let welcome = Welcome {
        resumption: Resumption::of(&ctx, completed.resume, otherwise).await?,
        pending_organization: joined
            .affiliation
            .filter(|(it, _)| it.status() == AffiliationStatus::Pending)
            .map(|(_, organization)| organization.name),
    };
    let session = BrowserSession::begun(&completed.started.session, &completed.account);
    let ctx = ctx.with_session(session);
    let known =
        accounts::known_browser::cookie(&ctx.app, &completed.account.email.key(), ctx.known_browser())?;
    let signup = Cookie::Signup.clear(&ctx.app);
    with_session_cookies(ctx, &completed.started, &known)
        .with_cookie(signup)
        .show_at(paths::SIGNUP_DONE, Outcome::of(&welcome)?)
        .await
}

/// Shows the last page. Opened from memory, it says that the account is ready, and no more.
pub async fn show_done(ctx: PageContext) -> Result<Response, PageError> {
    if ctx.session().get().is_none() {
        return Ok(ctx.redirect(paths::LOGIN));
    }
    let Some(welcome) = ctx.content::<Welcome>() else {
        let page = SignupDone {
            service: None,
            continue_to: paths::ACCOUNT.into(),
            pending_organization: None,
        };
        return ctx.page(&page).await;
    };
    let ctx = welcome.resumption.speaking(ctx);
    match welcome.resumption.into_way_back(&ctx) {
        (Some(service), None) => ctx.page(&ReturnToService { service }).await,
        (service, continue_to) => {
            let page = SignupDone {
                service,
                continue_to: continue_to.unwrap_or_else(|| paths::ACCOUNT.into()),
                pending_organization: welcome.pending_organization,
            };
            ctx.page(&page).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}

pub async fn resend(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { ctx, .. } = form;
    let handle = ctx.cookie(Cookie::Signup).unwrap_or_default();
    let state = match signup::resend(&ctx.app, &ctx.actor_context(), &handle).await {
        Ok(()) => CodeState::SentAgain,
        Err(accounts::Error::Throttled { .. }) => CodeState::NotYet,
        Err(accounts::Error::StepMissing) => {
            return Ok(ctx.redirect(&ctx.within(paths::SIGNUP_ORGANIZATION)));
        }
        Err(accounts::Error::NoSignup) => return Ok(ctx.redirect(&ctx.within(paths::SIGNUP_VERIFY))),
        Err(other) => return Err(other.into()),
    };
    ctx.show_at(&ctx.within(paths::SIGNUP_VERIFY), Outcome::of(&state)?)
        .await
}

/// Redirects to the page with the button: this one was opened from memory, or reloaded.
pub async fn to_verify(ctx: PageContext) -> Result<Response, PageError> {
    Ok(ctx.redirect(&ctx.within(paths::SIGNUP_VERIFY)))
}
