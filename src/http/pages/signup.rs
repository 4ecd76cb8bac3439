//! `/signup` and its steps: details, organization, code, thanks (product.md, steps 2 to 4). Which step
//! comes next is said by the pending sign-up in the database (security.md G-6), which the browser's
//! cookie names; the service that the person came from waits in it, too (AZ-6).

use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::flow::{self, Flow};
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
use crate::oidc::authorization::interaction;
use crate::templates::pages::{
    CodeState, SignupDetails, SignupDone, SignupExpired, SignupOrganization, SignupVerify,
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
        .at("/signup/verify/resend", Public, post(resend))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DetailsFields {
    email: String,
    first_name: String,
    last_name: String,
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
    let service = flow.map(|it| it.service);
    visit.page(&SignupDetails { form, service }).await
}

fn typed_before(pending: &PendingSignup) -> FormState {
    let profile = &pending.profile;
    FormState::new([
        ("email", pending.email.as_str()),
        ("first_name", &profile.first_name),
        ("last_name", &profile.last_name),
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
    let resume = match &flow {
        Some(flow) if fields.decision == "cancel" => return flow.deny(&visit).await,
        Some(flow) => Some(interaction::to_resume(&flow.interaction.request)?),
        None => None,
    };
    let details = Details {
        email: &fields.email,
        password: &fields.password,
        password_confirmation: &fields.password_confirmation,
        profile: ProfileInput {
            first_name: &fields.first_name,
            last_name: &fields.last_name,
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
            let to = within(&visit, "/signup/organization");
            Ok(visit.with_cookie(cookie).redirect(&to))
        }
        Err(accounts::Error::Fields(wrong)) => {
            let form = refused(typed, wrong).notice("error.form");
            visit
                .form_again(&SignupDetails {
                    form,
                    service: flow.map(|it| it.service),
                })
                .await
        }
        Err(other) => Err(other.into()),
    }
}

/// A page of the same request.
fn within(visit: &Visit, path: &str) -> String {
    match &visit.request {
        Some(handle) => format!("{path}?request={handle}"),
        None => path.to_owned(),
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
        _ => {
            visit.request = None;
            flow::service_of(&visit.app, pending.resume.as_deref()?)
        }
    }
}

async fn expired(visit: &mut Visit) -> Result<Response, PageError> {
    let service = Flow::of(visit).await.ok().flatten().map(|it| it.service);
    visit.page(&SignupExpired { service }).await
}

async fn show_organization(mut visit: Visit) -> Result<Response, PageError> {
    let Some(pending) = pending(&visit).await? else {
        return expired(&mut visit).await;
    };
    let page = SignupOrganization {
        form: FormState::default(),
        service: service(&mut visit, &pending).await,
        questions: organizations::first_questions(&visit).await?,
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
        return expired(&mut visit).await;
    };
    if fields.decision.as_deref() == Some("cancel") {
        return Flow::required(&mut visit).await?.deny(&visit).await;
    }
    let service = service(&mut visit, &pending).await;
    let questions = organizations::questions(&visit, &fields).await?;
    let page = |form| SignupOrganization {
        form,
        service,
        questions,
    };
    if fields.is_unfinished() {
        return visit.page(&page(typed)).await;
    }
    let mut wrong = accounts::Result::Ok(());
    let chosen = choose(visit.app.db.read(), &fields.input()).await;
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
        return visit.form_again(&page(form)).await;
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
        Ok(()) => Ok(visit.redirect(&within(&visit, "/signup/verify"))),
        Err(accounts::Error::NoSignup) => expired(&mut visit).await,
        Err(accounts::Error::Fields(errors)) => {
            visit
                .form_again(&page(organizations::with_errors(typed, errors)))
                .await
        }
        Err(other) => Err(other.into()),
    }
}

async fn show_verify(mut visit: Visit) -> Result<Response, PageError> {
    let Some(pending) = pending(&visit).await? else {
        return expired(&mut visit).await;
    };
    if pending.stage() == Stage::Details {
        return Ok(visit.redirect(&within(&visit, "/signup/organization")));
    }
    let state = match visit.query("code").as_deref() {
        Some("again") => CodeState::SentAgain,
        Some("not-yet") => CodeState::NotYet,
        _ => CodeState::Sent,
    };
    let page = verify_page(&mut visit, &pending, FormState::default(), state).await;
    visit.page(&page).await
}

async fn verify_page(
    visit: &mut Visit,
    pending: &PendingSignup,
    form: FormState,
    state: CodeState,
) -> SignupVerify {
    SignupVerify {
        form,
        service: service(visit, pending).await,
        email: pending.email.as_str().to_owned(),
        state,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Code {
    code: String,
}

async fn verify(form: PageForm<Code>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let Some(pending) = pending(&visit).await? else {
        return expired(&mut visit).await;
    };
    let handle = visit.signup.clone().unwrap_or_default();
    let (form, state) = match complete(&visit, &handle, &fields.code).await {
        Ok(joined) => return thank(visit, joined).await,
        Err(accounts::Error::WrongCode) => (typed.error("code", "error.code"), CodeState::Sent),
        Err(accounts::Error::Fields(wrong)) => (refused(typed, wrong), CodeState::Sent),
        Err(accounts::Error::CodeVoid) => (typed, CodeState::Spent),
        Err(accounts::Error::StepMissing) => {
            return Ok(visit.redirect(&within(&visit, "/signup/organization")));
        }
        Err(accounts::Error::NoSignup) => return expired(&mut visit).await,
        Err(other) => return Err(other.into()),
    };
    let page = verify_page(&mut visit, &pending, form, state).await;
    visit.form_again(&page).await
}

async fn complete(visit: &Visit, handle: &str, code: &str) -> accounts::Result<requests::Joined> {
    let proof = verification::verify(&visit.app, handle, code).await?;
    match requests::complete_signup(&visit.app, &visit.context(), &proof).await {
        Ok(joined) => Ok(joined),
        Err(SignupError::Account(error)) => Err(error),
        Err(SignupError::Affiliation(error)) => Err(accounts::Error::Failed(format!("{error:?}"))),
    }
}

/// Logged in, and back to the service by *OK*.
async fn thank(mut visit: Visit, joined: requests::Joined) -> Result<Response, PageError> {
    let completed = joined.completed;
    let mut page = SignupDone {
        service: None,
        continue_to: "/account".into(),
        pending_organization: joined
            .affiliation
            .filter(|(it, _)| it.status() == AffiliationStatus::Pending)
            .map(|(_, organization)| organization.name),
    };
    if let Some(resume) = &completed.resume {
        page.service = flow::service_of(&visit.app, resume);
        if let Some(handle) = interaction::reopen(&visit.app, resume, &visit.browser).await? {
            page.continue_to = format!("/authorize/continue?request={handle}");
        }
    }
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
        .page(&page)
        .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Nothing {}

async fn resend(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { mut visit, .. } = form;
    let handle = visit.signup.clone().unwrap_or_default();
    let state = match signup::resend(&visit.app, &visit.context(), &handle).await {
        Ok(()) => "again",
        Err(accounts::Error::Throttled { .. }) => "not-yet",
        Err(accounts::Error::StepMissing) => {
            return Ok(visit.redirect(&within(&visit, "/signup/organization")));
        }
        Err(accounts::Error::NoSignup) => return expired(&mut visit).await,
        Err(other) => return Err(other.into()),
    };
    let path = within(&visit, "/signup/verify");
    let separator = if path.contains('?') { '&' } else { '?' };
    Ok(visit.redirect(&format!("{path}{separator}code={state}")))
}
