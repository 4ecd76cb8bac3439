//! Sends the answer to a service's request: by redirect, by a form that the browser posts, or by the page with the way
//! back. `authorization` and `flow` call it, which know the step that the request is at.
//!
//! What the answer says is decided in `oidc::authorization::response`.

use axum::http::{StatusCode, header};
use axum::response::Response;

use super::repeated_answer::{self, RepeatedAnswer};
use super::{PageContext, PageError, service, test_login_answer};
use crate::domain::client::host_of;
use crate::http::cookies::Cookie;
use crate::oidc::authorization::response::AuthorizationResponse;
use crate::oidc::consent;
use crate::templates::pages::{FormPost, WayBack};

/// Answers a request, and the same browser again for as long as the service has not redeemed its code:
/// a browser that was made to ask twice has lost the first answer.
pub async fn respond_once(
    ctx: &PageContext,
    handle: &str,
    answer: AuthorizationResponse,
) -> Result<Response, PageError> {
    if answer.test_login.is_some() {
        return test_login_answer::conclude(ctx, answer).await;
    }
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
    let Some(error) = answer.error.clone().filter(|_| answer.test_login.is_none()) else {
        return send(ctx, answer).await;
    };
    let client = ctx.app.registry.find(answer.client_id.as_str());
    let client = client.ok_or_else(|| PageError::RequestOver(ctx.request().map(str::to_owned)))?;
    let account = ctx.session().get().map(|(_, account)| &account.id);
    if consent::permits_redirect(&ctx.app, &client, account, &answer.redirect_uri).await? {
        return send(ctx, answer).await;
    }
    crate::http::error::log(&error.clone().of_client(&answer.client_id));
    let host = host_of(&answer.redirect_uri).unwrap_or_default();
    let answer = answer.sealed(&ctx.app).await?;
    let page = WayBack {
        service: service::named(client.name().to_owned()),
        host,
        error: error.code().as_str().to_owned(),
        description: error.description().to_owned(),
        address: answer.location(),
        form: form_post(answer),
        request_id: ctx.request_id().to_owned(),
    };
    ctx.clone().in_flow().bare_page(StatusCode::BAD_REQUEST, &page)
}

/// Sends the answer in the mode that the service asked for. That of a test login stays here (security.md AD-11).
pub async fn send(ctx: &PageContext, answer: AuthorizationResponse) -> Result<Response, PageError> {
    if answer.test_login.is_some() {
        return test_login_answer::conclude(ctx, answer).await;
    }
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
