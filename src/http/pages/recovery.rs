//! `/forgot-password`, `/reset-password`: also the way in for accounts of the former platform
//! (security.md PW-5, PW-6, SU-1). The link's token leaves the address with the first step.

use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::{Audience, PageError, PageForm, Routes, Visit, refused};
use crate::accounts::{self, recovery};
use crate::domain::profile::Language;
use crate::http::cookies::Cookie;
use crate::oidc::authorization::interaction;
use crate::templates::FormState;
use crate::templates::pages::{
    ForgotPassword, ForgotPasswordSent, ResetPassword, ResetPasswordDone, ResetPasswordExpired,
};

pub fn routes(routes: Routes) -> Routes {
    routes
        .at("/forgot-password", Audience::Public, get(ask).post(send))
        .at("/reset-password", Audience::Public, get(open).post(reset))
}

async fn ask(mut visit: Visit) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    let hint = flow
        .as_ref()
        .and_then(|it| it.interaction.request.login_hint.clone());
    let form = FormState::new(hint.map(|it| ("email", it)));
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
    let resume = match &flow {
        Some(flow) if fields.decision == "cancel" => return flow.deny(&visit).await,
        Some(flow) => Some(interaction::to_resume(&flow.interaction.request)?),
        None => None,
    };
    let language = Language::parse(visit.locale.as_str()).unwrap_or(Language::En);
    let context = visit.context();
    let service = flow.map(|it| it.service);
    match recovery::request(&visit.app, &context, &fields.email, language, resume.as_deref()).await {
        Ok(()) => {
            let email = fields.email.trim().to_owned();
            visit.page(&ForgotPasswordSent { email, service }).await
        }
        Err(accounts::Error::Fields(wrong)) => {
            visit
                .form_again(&ForgotPassword {
                    form: refused(typed, wrong),
                    service,
                })
                .await
        }
        Err(other) => Err(other.into()),
    }
}

/// The link of the mail brings `token`; it moves to a cookie, and the address is shown without it.
async fn open(visit: Visit) -> Result<Response, PageError> {
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
                    form: FormState::default(),
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
        return visit.page(&ResetPasswordExpired {}).await;
    };
    let (new, confirmation) = (&fields.password, &fields.password_confirmation);
    match recovery::complete(&visit.app, &visit.context(), &token, new, confirmation).await {
        Ok(done) => finish(visit, done).await,
        Err(accounts::Error::Fields(wrong)) => {
            let account = recovery::open(&visit.app, &token).await?;
            let email = account.email.as_str().to_owned();
            visit
                .form_again(&ResetPassword {
                    form: refused(typed, wrong),
                    email,
                })
                .await
        }
        Err(accounts::Error::LinkVoid) => visit.page(&ResetPasswordExpired {}).await,
        Err(other) => Err(other.into()),
    }
}

/// On to the login, and with it back to the service that the person came from. Its request lives in the
/// database, so the way back is open in whatever browser the link was followed (AZ-6).
async fn finish(visit: Visit, done: recovery::Done) -> Result<Response, PageError> {
    let mut page = ResetPasswordDone {
        service: None,
        continue_to: Some("/login".into()),
    };
    if let Some(resume) = &done.resume {
        page.service = flow::service_of(&visit.app, resume);
        if let Some(handle) = interaction::reopen(&visit.app, resume, &visit.browser).await? {
            page.continue_to = Some(format!("/authorize/continue?request={handle}"));
        }
    }
    let cookie = Cookie::Reset.clear(&visit.app);
    visit.with_cookie(cookie).page(&page).await
}
