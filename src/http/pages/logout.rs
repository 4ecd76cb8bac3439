//! The end-session endpoint with its page, and the service's own way out: `/logout`, `/logging-out` where the browser
//! visits the services that asked to be notified, `/logged-out` (OpenID Connect RP-Initiated Logout, Front-Channel
//! Logout; security.md LO-1 to LO-4).

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::{PageContext, PageError, PageForm, service};
use crate::http::cookies::Cookie;
use crate::http::extract::form;
use crate::oidc::end_session::{self, After, Step};
use crate::oidc::logout::frontchannel::{self, FrontchannelLogout};
use crate::oidc::{self, Parameters, endpoints};
use crate::paths;
use crate::templates::Service;
use crate::templates::pages::{LoggedOut, LoggingOut, LogoutConfirm};

pub async fn end_session(ctx: PageContext, uri: Uri) -> Result<Response, PageError> {
    let parameters = form::of_query(&uri)?.into_parameters()?;
    proceed(ctx.in_flow(), &parameters).await
}

/// Redirects a form of another site, which brings no cookies of ours, to a GET, with which they arrive.
pub async fn end_session_by_post(ctx: PageContext, request: Request) -> Result<Response, PageError> {
    let parameters = form::of_body(request).await?.into_parameters()?;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters.iter())
        .finish();
    if query.len() > 7 * 1024 {
        return Err(oidc::Error::invalid_request("The request is too long").into());
    }
    Ok(ctx
        .without_cookies()
        .redirect(&format!("{}?{query}", endpoints::END_SESSION)))
}

pub async fn ask(ctx: PageContext) -> Result<Response, PageError> {
    proceed(ctx, &Parameters::default()).await
}

async fn proceed(ctx: PageContext, parameters: &Parameters) -> Result<Response, PageError> {
    match end_session::request(&ctx.app, parameters, ctx.session().get())? {
        Step::Done(after) => log_out(ctx, after).await,
        Step::Confirm {
            client,
            other,
            ticket,
        } => {
            let Some((_, account)) = ctx.session().get() else {
                return Ok(ctx.redirect(paths::LOGGED_OUT));
            };
            let page = LogoutConfirm {
                email: account.email.as_str().to_owned(),
                service: client.and_then(|it| service(&ctx, it.as_str())),
                other: other.map(|it| it.0.unwrap_or_default()),
                ticket,
            };
            ctx.page(&page).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    decision: String,
    /// The ticket; the menu's button, which leads to no service, has none.
    ticket: String,
}

pub async fn answer(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    if fields.decision != "logout" {
        return Ok(ctx.redirect(paths::ACCOUNT));
    }
    let session = ctx.session().get().map(|(session, _)| session);
    let after = match fields.ticket.as_str() {
        "" => After::default(),
        ticket => end_session::confirmed(&ctx.app, ticket, session).unwrap_or_default(),
    };
    log_out(ctx, after).await
}

async fn log_out(ctx: PageContext, after: After) -> Result<Response, PageError> {
    let mut frames = Vec::new();
    if let Some((session, account)) = ctx.session().get() {
        frames = frontchannel::frames(&ctx.app, session).await?;
        end_session::end(&ctx.app, &ctx.actor_context(), session, account).await?;
    }
    leave(ctx, frames, after).await
}

/// Redirects after the session has ended, through the services that the browser is to visit.
pub(super) async fn leave(
    ctx: PageContext,
    frames: Vec<String>,
    after: After,
) -> Result<Response, PageError> {
    let to = if frames.is_empty() {
        address(&after)
    } else {
        let logout = FrontchannelLogout { frames, after };
        match frontchannel::keep(&ctx.app, &logout).await {
            Ok(handle) => paths::with_parameter(paths::LOGGING_OUT, "logout", &handle),
            // The session has ended, and with it its cookie, whether the services can be visited or not (ST-1).
            Err(error) => {
                crate::http::error::log(&error);
                logout
                    .after
                    .redirect_to
                    .unwrap_or_else(|| paths::LOGGED_OUT.to_owned())
            }
        }
    };
    let mut response = ctx
        .without_cookie(Cookie::Session)
        .without_cookie(Cookie::State)
        .redirect(&to);
    // LO-4
    let name = HeaderName::from_static("clear-site-data");
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

/// Shows the page whose frames load before it goes on by itself; nothing of the address leads anywhere but to a logout
/// that was kept here.
pub async fn logging_out(ctx: PageContext) -> Result<Response, PageError> {
    let kept = match ctx.query("logout") {
        Some(handle) => frontchannel::find(&ctx.app, &handle).await?,
        None => None,
    };
    let Some(FrontchannelLogout { frames, after }) = kept else {
        return Ok(ctx.redirect(paths::LOGGED_OUT));
    };
    let page = LoggingOut {
        continue_to: address(&after),
        service: after.client.and_then(|it| service(&ctx, it.as_str())),
        frames,
    };
    let ctx = ctx.in_flow().with_frames(&page.frames);
    ctx.bare_page(StatusCode::OK, &page)
}

/// Returns where a logout leads: back to the service, else to our page, which names the service.
fn address(after: &After) -> String {
    match (&after.redirect_to, &after.client) {
        (Some(uri), _) => uri.clone(),
        (None, Some(client)) => paths::with_parameter(paths::LOGGED_OUT, "client_id", client.as_str()),
        (None, None) => paths::LOGGED_OUT.to_owned(),
    }
}

pub async fn logged_out(ctx: PageContext) -> Result<Response, PageError> {
    let client = ctx.query("client_id").and_then(|it| ctx.app.registry.find(&it));
    let page = LoggedOut {
        service: client.as_ref().map(|it| service::named(it.name().to_owned())),
        way_back: client.and_then(|it| it.way_back(ctx.app.config.issuer.as_str())),
    };
    ctx.bare_page(StatusCode::OK, &page)
}

fn service(ctx: &PageContext, client: &str) -> Option<Service> {
    let client = ctx.app.registry.find(client)?;
    Some(service::named(client.name().to_owned()))
}
