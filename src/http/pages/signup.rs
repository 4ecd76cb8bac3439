//! `/signup` and its steps: details, organization, code, thanks (product.md, steps 2 to 4). Which step
//! comes next is said by the pending sign-up in the database (security.md G-6), which the browser's
//! cookie names; the service that the person came from waits in it, too (AZ-6).

use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::flow::{self, Flow};
use super::login::onward;
use super::organizations::{self, Answers};
use super::{Audience, PageError, PageForm, Routes, Tick, Visit, refused};
use crate::accounts::signup::{self, Details};
use crate::accounts::{self, verification};
use crate::affiliations::requests::{self, SignupError};
use crate::affiliations::{self, choose};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::profile::{Language, ProfileInput};
use crate::domain::signup::{PendingSignup, Stage};
use crate::http::cookies::Cookie;
use crate::http::extract::BrowserSession;
use crate::http::outcome::Outcome;
use crate::oidc::authorization::interaction::Step;
use crate::oidc::authorization::kept_request::{self, Reopened};
use crate::templates::pages::{
    CodeState, ReturnToService, SignupDetails, SignupDone, SignupExpired, SignupOrganization, SignupVerify,
};
use crate::templates::{FormState, Service};

pub fn routes(routes: Routes) -> Routes {
    use Audience::Public;

    routes
        .at("/signup", Public, get(show_details).post(details))
        .at(
            "/signup/organization",
            Public,
            get(show_organization).post(organization),
        )
        .at("/signup/verify", Public, get(show_verify).post(verify))
        .at("/signup/verify/resend", Public, get(to_verify).post(resend))
        .at("/signup/done", Public, get(show_done))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DetailsFields {
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
}

async fn show_details(mut visit: Visit) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    if visit.session.get().is_some() {
        // Whoever has an account goes on with it, unless the service asks for a new one.
        match &flow {
            None => return Ok(onward(&visit)),
            Some(flow) => match flow.step(&visit).await {
                Step::Create => {}
                step => return flow::take(&visit, &flow.handle, step).await,
            },
        }
    }
    if let Some(flow) = &flow {
        kept_request::keep(&visit.app, &flow.handle, &flow.interaction).await?;
    }
    let form = match pending(&visit).await? {
        // Back from a later step: what was typed is there again, but for the password.
        Some(it) => typed_before(&it),
        None => {
            let hint = flow
                .as_ref()
                .and_then(|it| it.interaction.request.login_hint.clone());
            FormState::new(hint.map(|it| ("email", it)))
        }
    };
    let form = visit.form_or(form);
    let service = flow.map(|it| it.service);
    visit.page(&SignupDetails { form, service }).await
}

/// The service's request that a sign-up or a recovery keeps: as it stands, as it was when the form was opened, or as
/// the step before kept it (security.md AZ-6).
pub(super) async fn request_to_keep(
    visit: &Visit,
    flow: Option<&Flow>,
    before: Option<String>,
) -> Result<Option<String>, PageError> {
    if let Some(flow) = flow {
        return Ok(Some(kept_request::to_resume(&flow.interaction)?));
    }
    let Some(handle) = &visit.request else {
        return Ok(before);
    };
    match kept_request::find(&visit.app, handle, &visit.browser).await? {
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

async fn details(form: PageForm<DetailsFields>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let flow = Flow::of(&mut visit).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&visit, flow.as_ref()).await;
    }
    let before = pending(&visit).await?.and_then(|it| it.resume);
    let resume = request_to_keep(&visit, flow.as_ref(), before).await?;
    let details = Details {
        email: &fields.email,
        password: &fields.password,
        password_confirmation: &fields.password_confirmation,
        profile: ProfileInput {
            first_name: &fields.first_name,
            last_name: &fields.last_name,
            single_name: fields.single_name.is_on(),
            title: &fields.title,
            gender: &fields.gender,
            job_title: &fields.job_title,
            professional_role: &fields.professional_role,
        },
        language: Language::parse(visit.locale.as_str()).unwrap_or(Language::En),
        resume,
    };
    match signup::begin(&visit.app, &visit.context(), details, visit.signup.as_deref()).await {
        Ok(handle) => {
            let cookie = Cookie::Signup.set(&visit.app, handle.expose());
            let to = visit.within("/signup/organization");
            Ok(visit.with_cookie(cookie).redirect(&to))
        }
        Err(accounts::Error::Fields(wrong)) => visit.again(refused(typed, wrong).notice("error.form")).await,
        Err(other) => Err(other.into()),
    }
}

async fn pending(visit: &Visit) -> Result<Option<PendingSignup>, PageError> {
    match &visit.signup {
        Some(handle) => Ok(signup::find(&visit.app, handle).await?),
        None => Ok(None),
    }
}

/// The service that waits, in the request under way or, when that was forgotten, in the sign-up itself.
async fn service(visit: &mut Visit, pending: &PendingSignup) -> Option<Service> {
    match Flow::of(visit).await {
        Ok(Some(flow)) => Some(flow.service),
        // Over before the sign-up could keep it: the page says so, and the last one leads back.
        Ok(None) if pending.resume.is_none() => None,
        _ => {
            // The sign-up keeps the request as long as it lives itself: nothing is over.
            (visit.request, visit.over) = (None, None);
            let resume = pending.resume.as_deref()?;
            visit.speak(kept_request::ui_locales_of(resume).as_deref());
            flow::service_of(&visit.app, resume)
        }
    }
}

async fn expired(visit: &mut Visit) -> Result<Response, PageError> {
    if visit.session.get().is_some() {
        // Completed, here or in another window, and opened again by Back or from memory.
        return Ok(onward(visit));
    }
    let service = Flow::of(visit).await.ok().flatten().map(|it| it.service);
    visit.page(&SignupExpired { service }).await
}

async fn show_organization(mut visit: Visit) -> Result<Response, PageError> {
    let Some(pending) = pending(&visit).await? else {
        return expired(&mut visit).await;
    };
    let service = service(&mut visit, &pending).await;
    let form = visit.form_or(FormState::default());
    let page = SignupOrganization {
        questions: organizations::questions(&visit, &Answers::typed(&form)).await?,
        form,
        service,
    };
    visit.page(&page).await
}

async fn organization(form: PageForm<Answers>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let Some(pending) = pending(&visit).await? else {
        return Ok(visit.redirect(&visit.within("/signup/organization")));
    };
    if fields.decision.as_deref() == Some("cancel") {
        let flow = Flow::of(&mut visit).await?;
        return flow::cancel(&visit, flow.as_ref()).await;
    }
    service(&mut visit, &pending).await;
    if fields.is_unfinished() {
        return visit.again_as(StatusCode::OK, typed).await;
    }
    let mut wrong = accounts::Result::Ok(());
    let chosen = choose(&visit.app, &fields.input()).await;
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
        return visit.again(form).await;
    };
    let handle = visit.signup.clone().unwrap_or_default();
    let newsletter = fields.newsletter.is_some_and(Tick::is_on);
    match signup::submit(
        &visit.app,
        &visit.context(),
        &handle,
        choice,
        newsletter,
        accepted,
    )
    .await
    {
        Ok(()) => Ok(visit.redirect(&visit.within("/signup/verify"))),
        Err(accounts::Error::NoSignup) => Ok(visit.redirect(&visit.within("/signup/organization"))),
        Err(accounts::Error::Fields(errors)) => visit.again(organizations::with_errors(typed, errors)).await,
        Err(other) => Err(other.into()),
    }
}

async fn show_verify(mut visit: Visit) -> Result<Response, PageError> {
    let Some(pending) = pending(&visit).await? else {
        return expired(&mut visit).await;
    };
    if pending.stage() == Stage::Details {
        return Ok(visit.redirect(&visit.within("/signup/organization")));
    }
    let wait = verification::resend_wait(&visit.app, &pending).await?;
    let page = SignupVerify {
        service: service(&mut visit, &pending).await,
        form: visit.form_or(FormState::default()),
        email: pending.email.as_str().to_owned(),
        state: visit.content().unwrap_or(CodeState::Sent),
        wait_seconds: u64::try_from(wait.num_seconds()).unwrap_or_default(),
    };
    visit.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Code {
    code: String,
}

async fn verify(form: PageForm<Code>) -> Result<Response, PageError> {
    let PageForm { visit, fields, typed } = form;
    let handle = visit.signup.clone().unwrap_or_default();
    match complete(&visit, &handle, &fields.code).await {
        Ok(joined) => thank(visit, joined).await,
        Err(accounts::Error::Fields(wrong)) => visit.again(refused(typed, wrong)).await,
        Err(accounts::Error::CodeVoid) => {
            let spent = Outcome::of(&CodeState::Spent)?;
            visit
                .again_with(spent.with_status(StatusCode::UNPROCESSABLE_ENTITY))
                .await
        }
        Err(accounts::Error::StepMissing) => Ok(visit.redirect(&visit.within("/signup/organization"))),
        Err(accounts::Error::NoSignup) => Ok(visit.redirect(&visit.within("/signup/verify"))),
        Err(other) => Err(other.into()),
    }
}

async fn complete(visit: &Visit, handle: &str, code: &str) -> accounts::Result<requests::Joined> {
    let proof = verification::verify(&visit.app, handle, code).await?;
    match requests::complete_signup(&visit.app, &visit.context(), &proof).await {
        Ok(joined) => Ok(joined),
        Err(SignupError::Account(error)) => Err(error),
        Err(SignupError::Affiliation(error)) => Err(accounts::Error::Failed(format!("{error:?}"))),
    }
}

/// What the last page says.
#[derive(Debug, Serialize, Deserialize)]
struct Welcome {
    /// The request of the service that the person came from.
    resume: Option<String>,
    /// `None`: the request began in another browser and does not go on here.
    continue_to: Option<String>,
    pending_organization: Option<String>,
}

/// Logged in, and on to the last page, from which *OK* leads back to the service.
async fn thank(mut visit: Visit, joined: requests::Joined) -> Result<Response, PageError> {
    let completed = joined.completed;
    let reopened = match &completed.resume {
        Some(resume) => kept_request::reopen(&visit.app, resume, &visit.browser).await?,
        None => Reopened::Gone,
    };
    let welcome = Welcome {
        continue_to: match reopened {
            Reopened::Here(handle) => Some(format!("/authorize/continue?request={handle}")),
            Reopened::Elsewhere => None,
            Reopened::Gone => Some(match &visit.request {
                Some(handle) => format!("/authorize/continue?request={handle}"),
                None => "/account".to_owned(),
            }),
        },
        resume: completed.resume,
        pending_organization: joined
            .affiliation
            .filter(|(it, _)| it.status() == AffiliationStatus::Pending)
            .map(|(_, organization)| organization.name),
    };
    visit.session = BrowserSession::begun(&completed.started.session, &completed.account);
    let known = accounts::known_browser::cookie(
        &visit.app,
        &completed.account.email.key(),
        visit.known_browser.as_deref(),
    )?;
    let known = Cookie::KnownBrowser.set(&visit.app, &known);
    let signup = Cookie::Signup.clear(&visit.app);
    visit
        .with_cookie_value(Cookie::Session, completed.started.cookie.expose())
        .with_cookie(known)
        .with_cookie(signup)
        .show_at("/signup/done", Outcome::of(&welcome)?)
        .await
}

/// Also when it is opened from memory: then it is said that the account is ready, and no more.
async fn show_done(mut visit: Visit) -> Result<Response, PageError> {
    if visit.session.get().is_none() {
        return Ok(visit.redirect("/login"));
    }
    let welcome: Option<Welcome> = visit.content();
    let page = match welcome {
        Some(it) => {
            let resume = it.resume.as_deref();
            visit.speak(resume.and_then(kept_request::ui_locales_of).as_deref());
            let service = resume.and_then(|it| flow::service_of(&visit.app, it));
            let (service, continue_to) = match (service, it.continue_to) {
                (Some(service), None) => return visit.page(&ReturnToService { service }).await,
                (service, continue_to) => (service, continue_to.unwrap_or_else(|| "/account".into())),
            };
            SignupDone {
                service,
                continue_to,
                pending_organization: it.pending_organization,
            }
        }
        None => SignupDone {
            service: None,
            continue_to: "/account".into(),
            pending_organization: None,
        },
    };
    visit.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Nothing {}

async fn resend(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { visit, .. } = form;
    let handle = visit.signup.clone().unwrap_or_default();
    let state = match signup::resend(&visit.app, &visit.context(), &handle).await {
        Ok(()) => CodeState::SentAgain,
        Err(accounts::Error::Throttled { .. }) => CodeState::NotYet,
        Err(accounts::Error::StepMissing) => {
            return Ok(visit.redirect(&visit.within("/signup/organization")));
        }
        Err(accounts::Error::NoSignup) => return Ok(visit.redirect(&visit.within("/signup/verify"))),
        Err(other) => return Err(other.into()),
    };
    visit
        .show_at(&visit.within("/signup/verify"), Outcome::of(&state)?)
        .await
}

/// From memory, or reloaded: the button is on the page before.
async fn to_verify(visit: Visit) -> Result<Response, PageError> {
    Ok(visit.redirect(&visit.within("/signup/verify")))
}
