//! The request of a service that a page interrupts: found by the handle that the page carries, in the
//! browser that it began in (security.md AZ-6). Pages do one step and return to `onward::go_on`, which asks
//! `oidc::authorization::interaction` for the next.

use axum::http::{StatusCode, header};
use axum::response::Response;

use super::onward::{onward, page_of};
use super::repeated_answer::{self, RepeatedAnswer};
use super::{PageContext, PageError};
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::authorization::AuthorizationRequest;
use crate::domain::client::{Client, host_of};
use crate::domain::session::Due;
use crate::http::cookies::Cookie;
use crate::oidc::authorization::interaction::{self, Interaction, Step};
use crate::oidc::authorization::interaction_handle;
use crate::oidc::authorization::response::AuthorizationResponse;
use crate::oidc::consent;
use crate::paths;
use crate::templates::Service;
use crate::templates::pages::{FormPost, WayBack};

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
    pub async fn enter(mut ctx: PageContext) -> Result<(PageContext, Option<Self>), PageError> {
        let Some(handle) = ctx.request.clone() else {
            return Ok((ctx, None));
        };
        let Some(interaction) = interaction::find(&ctx.app, &handle, &ctx.browser).await? else {
            if interaction::is_open(&ctx.app, &handle).await? {
                return Err(PageError::OtherBrowser(handle));
            }
            ctx.over = service_of_handle(&ctx.app, &handle);
            return Ok((ctx, None));
        };
        let Some(client) = ctx.app.registry.find(interaction.request.client_id.as_str()) else {
            return Ok((ctx, None));
        };
        let service = service(&ctx.app, &client);
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
            (ctx, None) => Err(PageError::RequestOver(ctx.request)),
        }
    }

    /// Denies the request: the person pressed *Cancel*, *Deny* or *Back to the service*.
    pub async fn deny(&self, ctx: &PageContext) -> Result<Response, PageError> {
        let step = interaction::deny(&ctx.app, &ctx.actor_context(), &self.handle, &self.interaction).await;
        self.leave(ctx, step).await
    }

    /// Ends the request of a person who went back without what the service insists on.
    pub async fn give_up(&self, ctx: &PageContext) -> Result<Response, PageError> {
        let step =
            interaction::give_up(&ctx.app, &ctx.actor_context(), &self.handle, &self.interaction).await;
        self.leave(ctx, step).await
    }

    /// Sends the answer, which may go on by itself, as the person has just acted (AZ-13).
    async fn leave(&self, ctx: &PageContext, step: Step) -> Result<Response, PageError> {
        match step {
            Step::Answer(answer) => send(ctx, answer).await,
            other => take(ctx, &self.handle, other).await,
        }
    }

    pub async fn choose(&self, app: &App, account: &AccountId) -> Result<(), PageError> {
        // The request was answered meanwhile: the page that comes next says so.
        interaction::choose(app, &self.handle, &self.interaction, account).await?;
        Ok(())
    }

    /// Returns the step that the request is at, for the person of the browser's session.
    pub async fn step(&self, ctx: &PageContext) -> Step {
        interaction::proceed(&ctx.app, &self.handle, &self.interaction, ctx.session.get()).await
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
        Step::VerifyEmail => page_of(Due::EmailVerification),
        Step::Terms => page_of(Due::Terms),
        Step::SelectAccount => paths::SELECT_ACCOUNT,
        Step::Consent(_) => paths::CONSENT,
        Step::AccessRefused(_) => paths::ACCESS_REFUSED,
        Step::Answer(answer) => return respond_once(ctx, handle, answer).await,
        Step::Over => return Err(PageError::RequestOver(Some(handle.to_owned()))),
        Step::Gone(error) => return Err(PageError::Protocol(error)),
    };
    Ok(ctx.redirect(&paths::with_parameter(page, "request", handle)))
}

/// Answers a request, and the same browser again for as long as the service has not redeemed its code:
/// a browser that was made to ask twice has lost the first answer.
async fn respond_once(
    ctx: &PageContext,
    handle: &str,
    answer: AuthorizationResponse,
) -> Result<Response, PageError> {
    let code = answer.code().map(str::to_owned);
    let client = answer.client_id.clone();
    let response = respond(ctx, answer).await?;
    if let (Some(code), Some(location)) = (code, response.headers().get(header::LOCATION)) {
        let location = location.to_str().map_err(PageError::internal)?.to_owned();
        repeated_answer::keep(
            ctx,
            handle,
            RepeatedAnswer {
                client,
                code,
                location,
            },
        )
        .await;
    }
    Ok(response)
}

/// Sends the answer, or shows the page with the way back: a refusal makes no redirect to a service that registered
/// itself and that the person has not allowed (security.md AZ-13).
pub async fn respond(ctx: &PageContext, answer: AuthorizationResponse) -> Result<Response, PageError> {
    let Some(error) = answer.error.clone() else {
        return send(ctx, answer).await;
    };
    let client = ctx.app.registry.find(answer.client_id.as_str());
    let client = client.ok_or_else(|| PageError::RequestOver(ctx.request.clone()))?;
    let account = ctx.session.get().map(|(_, account)| &account.id);
    if consent::permits_redirect(&ctx.app, &client, account, &answer.redirect_uri).await? {
        return send(ctx, answer).await;
    }
    crate::http::error::log(&error.clone().of_client(&answer.client_id));
    let host = host_of(&answer.redirect_uri).unwrap_or_default();
    let answer = answer.sealed(&ctx.app).await?;
    let page = WayBack {
        service: named(client.name().to_owned()),
        host,
        error: error.code().as_str().to_owned(),
        description: error.description().to_owned(),
        address: answer.location(),
        form: form_post(answer),
        request_id: ctx.request_id.clone(),
    };
    ctx.clone().in_flow().bare_page(StatusCode::BAD_REQUEST, &page)
}

/// Sends the answer in the mode that the service asked for.
async fn send(ctx: &PageContext, answer: AuthorizationResponse) -> Result<Response, PageError> {
    if let Some(error) = &answer.error {
        crate::http::error::log(&error.clone().of_client(&answer.client_id));
    }
    let state = ctx.cookie(Cookie::State);
    let answer = answer.watched(state.as_deref()).sealed(&ctx.app).await?;
    if let Some(location) = answer.location() {
        return Ok(ctx.redirect(&location));
    }
    ctx.clone()
        .in_flow()
        .bare_page(StatusCode::OK, &form_post(answer))
}

fn form_post(answer: AuthorizationResponse) -> FormPost {
    let parameters = answer
        .parameters
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    FormPost {
        action: answer.redirect_uri,
        parameters: parameters.collect(),
    }
}

/// Returns the service that a handle was made for, also when its request is over.
pub fn service_of_handle(app: &App, handle: &str) -> Option<Service> {
    let remembered = interaction_handle::open(app, handle)?;
    Some(service(app, &*app.registry.find(remembered.client_id.as_str())?))
}

/// Returns the service whose request a sign-up or a recovery keeps.
pub fn service_of(app: &App, resume: &str) -> Option<Service> {
    let request: AuthorizationRequest = serde_json::from_str(resume).ok()?;
    Some(service(app, &*app.registry.find(request.client_id.as_str())?))
}

/// Returns what pages show of a client (security.md DR-4).
pub fn service(app: &App, client: &Client) -> Service {
    let metadata = &client.metadata;
    Service {
        name: client.name().to_owned(),
        logo_uri: metadata.logo_uri.clone(),
        policy_uri: metadata.policy_uri.clone(),
        tos_uri: metadata.tos_uri.clone(),
        client_uri: metadata.client_uri.clone(),
        back_uri: client.way_back(app.config.issuer.as_str()),
    }
}

/// Returns a service of which pages show only the name.
pub fn named(name: String) -> Service {
    Service {
        name,
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
        client_uri: None,
        back_uri: None,
    }
}
