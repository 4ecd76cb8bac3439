//! `/device`: a person enters the code that a device shows, sees who asks for what, and decides (RFC 8628
//! §3.3; security.md DV-2). Nothing is decided by a link: also with the code in it, the page asks.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::{PageContext, PageError, PageForm, SignedIn, authorization, service};
use crate::domain::device::UserCode;
use crate::domain::message::Message;
use crate::domain::scope;
use crate::oidc;
use crate::oidc::device_authorization::{self, Entered, Waiting};
use crate::paths;
use crate::templates::pages::{Device, DeviceConfirm, DeviceDecided};
use crate::templates::{FormState, Service};

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let code = ctx.query("user_code").and_then(|it| UserCode::typed(&it));
    ask(&ctx, code).await
}

pub async fn show_filled(ctx: PageContext, Path(code): Path<String>) -> Result<Response, PageError> {
    ask(&ctx, UserCode::typed(&code)).await
}

async fn ask(ctx: &PageContext, code: Option<UserCode>) -> Result<Response, PageError> {
    let form = ctx.form_or(FormState::new(code.map(|it| ("user_code", it.displayed()))));
    let wait_minutes = ctx.wait_minutes();
    ctx.page(&Device { form, wait_minutes }).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    user_code: String,
    decision: String,
}

pub async fn enter(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (session, account) = (person.session(), person.account());
    let (app, context) = (&ctx.app, ctx.actor_context());
    let entered = device_authorization::enter(app, &context, session, account, &fields.user_code).await;
    let waiting = match entered {
        Ok(Entered::Waiting(request)) => request,
        Ok(Entered::Expired) => return again(&ctx, typed, "device.expired").await,
        Ok(Entered::Malformed) => return again(&ctx, typed, "device.malformed").await,
        Ok(Entered::Unknown { left }) => {
            let message = match left {
                u64::MAX => "device.unknown".into(),
                left => Message::new("device.unknown_left").counting(left),
            };
            return again(&ctx, typed, message).await;
        }
        Err(error) => return wait(&ctx, typed, error).await,
    };
    let is_decided = match fields.decision.as_str() {
        "allow" => device_authorization::allow(app, &context, session, account, &waiting).await?,
        "deny" => device_authorization::deny(app, &context, account, &waiting).await?,
        _ => {
            // The language menu leads back to the code.
            let here = paths::device_code(&waiting.code.displayed());
            return confirm(&ctx.clone().at_address(here), &person, *waiting).await;
        }
    };
    match (is_decided, fields.decision.as_str()) {
        (true, "allow") => Ok(ctx.redirect(paths::DEVICE_ALLOWED)),
        (true, _) => Ok(ctx.redirect(paths::DEVICE_DENIED)),
        // The code was decided elsewhere meanwhile, or is not theirs to allow: they see its state.
        (false, _) if waiting.refused.is_some() => confirm(&ctx, &person, *waiting).await,
        (false, _) => again(&ctx, typed, "device.unknown").await,
    }
}

async fn again(
    ctx: &PageContext,
    typed: FormState,
    error: impl Into<Message>,
) -> Result<Response, PageError> {
    let form = typed.error("user_code", error);
    ctx.again(form).await
}

/// Shows the form again after too many wrong codes, and says how long to wait.
async fn wait(ctx: &PageContext, form: FormState, error: oidc::Error) -> Result<Response, PageError> {
    let seconds = error.retry_after().and_then(|it| i64::try_from(it).ok());
    match seconds.map(chrono::Duration::seconds) {
        Some(time) => ctx.again_later(form, time).await,
        None => Err(error.into()),
    }
}

async fn confirm(ctx: &PageContext, person: &SignedIn, waiting: Waiting) -> Result<Response, PageError> {
    let unmet = match &waiting.refused {
        Some(refused) => authorization::unmet(ctx, refused).await?,
        None => Vec::new(),
    };
    let page = DeviceConfirm {
        service: Service {
            logo_uri: None, // DR-4: a logo is for sign-in and consent
            ..service::for_client(&ctx.app, &waiting.client)
        },
        email: person.account().email.as_str().to_owned(),
        user_code: waiting.code.displayed(),
        offline_days: waiting
            .scope
            .contains(scope::OFFLINE_ACCESS)
            .then(|| authorization::offline_days(ctx)),
        details: authorization::details(ctx, waiting.details()),
        scopes: waiting.scope.iter().map(str::to_owned).collect(),
        unmet,
    };
    ctx.page(&page).await
}

pub async fn allowed(ctx: PageContext) -> Result<Response, PageError> {
    ctx.page(&DeviceDecided { allowed: true }).await
}

pub async fn denied(ctx: PageContext) -> Result<Response, PageError> {
    ctx.page(&DeviceDecided { allowed: false }).await
}
