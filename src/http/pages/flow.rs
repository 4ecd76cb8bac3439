//! The request of a service that a page interrupts: found by the handle that the page carries, in the
//! browser that it began in (security.md AZ-6). Pages do one step and return to `onward::go_on`, which asks
//! `oidc::authorization::interaction` for the next.
//!
//! The answer to the service is sent by `authorization_response`; what pages show of the service is in `service`.

use axum::response::Response;

use super::onward::{onward, page_of};
use super::{PageContext, PageError, authorization_response, service};
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::session::Due;
use crate::oidc::authorization::interaction::{self, Interaction, Step};
use crate::paths;
use crate::templates::Service;

#[derive(Debug)]
pub struct Flow {
    pub handle: String,
    pub interaction: Interaction,
    pub service: Service,
}

impl Flow {
    /// Finds the open request that this page is part of. The page then speaks the request's language, and may show the
    /// service's logo. When the request is over the page says so, and what the person can do without the service goes
    /// on.
    pub async fn enter(ctx: PageContext) -> Result<(PageContext, Option<Self>), PageError> {
        let Some(handle) = ctx.request().map(str::to_owned) else {
            return Ok((ctx, None));
        };
        let Some(interaction) = interaction::find(&ctx.app, &handle, ctx.browser()).await? else {
            if interaction::is_open(&ctx.app, &handle).await? {
                return Err(PageError::OtherBrowser(handle));
            }
            let service = service::for_handle(&ctx.app, &handle);
            return Ok((ctx.after_request_of(service), None));
        };
        let Some(client) = ctx.app.registry.find(interaction.request.client_id.as_str()) else {
            return Ok((ctx, None));
        };
        let service = service::for_client(&ctx.app, &client);
        let ui_locales = interaction.request.ui_locales.as_deref();
        let ctx = ctx.in_flow_of(ui_locales, service.logo_uri.as_deref());
        let flow = Self {
            handle,
            interaction,
            service,
        };
        Ok((ctx, Some(flow)))
    }

    /// Finds the request of a page that exists only inside of one.
    pub async fn required(ctx: PageContext) -> Result<(PageContext, Self), PageError> {
        match Self::enter(ctx).await? {
            (ctx, Some(flow)) => Ok((ctx, flow)),
            (ctx, None) => Err(PageError::RequestOver(ctx.request().map(str::to_owned))),
        }
    }

    /// Denies the request: the person pressed *Cancel*, *Deny* or *Back to the service*.
    pub async fn deny(&self, ctx: &PageContext) -> Result<Response, PageError> {
        let step = interaction::deny(&ctx.app, &ctx.actor_context(), &self.handle, &self.interaction).await?;
        self.leave(ctx, step).await
    }

    /// Ends the request of a person who went back without what the service insists on.
    pub async fn give_up(&self, ctx: &PageContext) -> Result<Response, PageError> {
        let step =
            interaction::give_up(&ctx.app, &ctx.actor_context(), &self.handle, &self.interaction).await?;
        self.leave(ctx, step).await
    }

    /// Sends the answer, which may go on by itself, as the person has just acted (AZ-13).
    async fn leave(&self, ctx: &PageContext, step: Step) -> Result<Response, PageError> {
        match step {
            Step::Answer(answer) => authorization_response::send(ctx, answer).await,
            other => take(ctx, &self.handle, other).await,
        }
    }

    pub async fn choose(&self, app: &App, account: &AccountId) -> Result<(), PageError> {
        // If the request was answered meanwhile, the page that comes next says so.
        interaction::choose(app, &self.handle, &self.interaction, account).await?;
        Ok(())
    }

    /// Returns the step that the request is at, for the person of the browser's session.
    pub async fn step(&self, ctx: &PageContext) -> Result<Step, PageError> {
        let person = ctx.session().get();
        Ok(interaction::proceed(&ctx.app, &self.handle, &self.interaction, person).await?)
    }
}

/// Leads back from a page on which the person pressed *Cancel*: to the service, which gets an answer if its
/// request is still open.
pub async fn cancel(ctx: &PageContext, flow: Option<&Flow>) -> Result<Response, PageError> {
    match flow {
        Some(flow) => flow.deny(ctx).await,
        None => Ok(onward(ctx)),
    }
}

/// Redirects to the page of a step, or to the service with the answer.
pub async fn take(ctx: &PageContext, handle: &str, step: Step) -> Result<Response, PageError> {
    let page = match step {
        Step::Login { .. } => paths::LOGIN,
        Step::SecondFactor => paths::LOGIN_SECOND_FACTOR,
        Step::SecondFactorMissing => paths::SECOND_FACTOR_NEEDED,
        Step::Create => paths::SIGNUP,
        Step::KeepAccount => page_of(Due::Deletion),
        Step::VerifyEmail => page_of(Due::EmailVerification),
        Step::Terms => page_of(Due::Terms),
        Step::SelectAccount => paths::SELECT_ACCOUNT,
        Step::Consent(_) => paths::CONSENT,
        Step::AccessRefused(_) => paths::ACCESS_REFUSED,
        Step::Answer(answer) => {
            return authorization_response::respond_once(ctx, handle, answer).await;
        }
        Step::Over => return Err(PageError::RequestOver(Some(handle.to_owned()))),
        Step::Unanswerable(error) => return Err(PageError::Protocol(error)),
    };
    Ok(ctx.redirect(&paths::with_parameter(page, "request", handle)))
}
