//! `/forgot-password`, `/reset-password`: also the way in for accounts of the former platform
//! (security.md PW-5, PW-6, SU-1). The link's token leaves the address with the first step.

use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::flow::{self, Flow};
use super::signup::request_to_keep;
use super::{Audience, PageError, PageForm, Routes, Visit, refused};
use crate::accounts::{self, recovery};
use crate::domain::profile::Language;
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::oidc::authorization::kept_request::{self, Reopened};
use crate::templates::FormState;
use crate::templates::pages::{
    ForgotPassword, ForgotPasswordSent, ResetPassword, ResetPasswordDone, ResetPasswordExpired,
    ReturnToService,
};

pub fn routes(routes: Routes) -> Routes {
    routes
        .at("/forgot-password", Audience::Public, get(ask).post(send))
        .at("/reset-password", Audience::Public, get(open).post(reset))
}

async fn ask(mut visit: Visit) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    if let Some(email) = visit.content() {
        let service = flow.map(|it| it.service);
        return visit.page(&ForgotPasswordSent { email, service }).await;
    }
    if let Some(flow) = &flow {
        kept_request::keep(&visit.app, &flow.handle, &flow.interaction).await?;
    }
    let hint = flow
        .as_ref()
        .and_then(|it| it.interaction.request.login_hint.clone());
    let form = visit.form_or(FormState::new(hint.map(|it| ("email", it))));
    visit
        .page(&ForgotPassword {
            form,
            service: flow.map(|it| it.service),
        })
        .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Address {
    email: String,
    decision: String,
}

async fn send(form: PageForm<Address>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let flow = Flow::of(&mut visit).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&visit, flow.as_ref()).await;
    }
    let resume = request_to_keep(&visit, flow.as_ref(), None).await?;
    let language = Language::parse(visit.locale.as_str()).unwrap_or(Language::En);
    let context = visit.context();
    match recovery::request(&visit.app, &context, &fields.email, language, resume.as_deref()).await {
        Ok(()) => {
            let sent = Outcome::of(&fields.email.trim())?;
            visit.again_with(sent).await
        }
        Err(accounts::Error::Fields(wrong)) => visit.again(refused(typed, wrong)).await,
        Err(other) => Err(other.into()),
    }
}

/// The link of the mail brings `token`; it moves to a cookie, and the address is shown without it.
async fn open(visit: Visit) -> Result<Response, PageError> {
    if let Some(kept) = visit.content() {
        return show_done(visit, kept).await;
    }
    if let Some(token) = visit.query("token") {
        let well_formed = token.len() <= 100
            && token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !well_formed {
            return visit.page(&ResetPasswordExpired {}).await;
        }
        let cookie = Cookie::Reset.set(&visit.app, &token);
        return Ok(visit.with_cookie(cookie).redirect("/reset-password"));
    }
    let Some(token) = visit.reset.clone() else {
        return visit.page(&ResetPasswordExpired {}).await;
    };
    match recovery::open(&visit.app, &token).await {
        Ok(account) => {
            let email = account.email.as_str().to_owned();
            visit
                .page(&ResetPassword {
                    form: visit.form_or(FormState::default()),
                    email,
                })
                .await
        }
        Err(accounts::Error::LinkVoid) => visit.page(&ResetPasswordExpired {}).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewPassword {
    password: String,
    password_confirmation: String,
}

async fn reset(form: PageForm<NewPassword>) -> Result<Response, PageError> {
    let PageForm { visit, fields, typed } = form;
    let Some(token) = visit.reset.clone() else {
        return Ok(visit.redirect("/reset-password"));
    };
    let (new, confirmation) = (&fields.password, &fields.password_confirmation);
    match recovery::complete(&visit.app, &visit.context(), &token, new, confirmation).await {
        Ok(done) => finish(visit, done).await,
        Err(accounts::Error::Fields(wrong)) => visit.again(refused(typed, wrong)).await,
        Err(accounts::Error::LinkVoid) => Ok(visit.redirect("/reset-password")),
        Err(other) => Err(other.into()),
    }
}

/// What the page after a new password says.
#[derive(Debug, Serialize, Deserialize)]
struct Changed {
    /// The request of the service that the person came from.
    resume: Option<String>,
    /// `None`: the request began in another browser and does not go on here.
    continue_to: Option<String>,
}

/// On to the login, and with it back to the service that the person came from. In another browser than the
/// service's request began in, on to a page that links to the service (AZ-6, DV-3).
async fn finish(visit: Visit, done: recovery::Done) -> Result<Response, PageError> {
    let reopened = match &done.resume {
        Some(resume) => kept_request::reopen(&visit.app, resume, &visit.browser).await?,
        None => Reopened::Gone,
    };
    let changed = Changed {
        continue_to: match reopened {
            Reopened::Here(handle) => Some(format!("/authorize/continue?request={handle}")),
            Reopened::Elsewhere => None,
            Reopened::Gone => Some("/login".to_owned()),
        },
        resume: done.resume,
    };
    let cookie = Cookie::Reset.clear(&visit.app);
    visit
        .with_cookie(cookie)
        .show_at("/reset-password", Outcome::of(&changed)?)
        .await
}

async fn show_done(mut visit: Visit, changed: Changed) -> Result<Response, PageError> {
    let resume = changed.resume.as_deref();
    visit.speak(resume.and_then(kept_request::ui_locales_of).as_deref());
    let service = resume.and_then(|it| flow::service_of(&visit.app, it));
    let page = match (service, changed.continue_to) {
        (Some(service), None) => return visit.page(&ReturnToService { service }).await,
        (service, continue_to) => ResetPasswordDone {
            service,
            continue_to: Some(continue_to.unwrap_or_else(|| "/login".into())),
        },
    };
    visit.page(&page).await
}
