//! The end-session endpoint with its page, and the service's own way out: `/logout`, `/logged-out`
//! (OpenID Connect RP-Initiated Logout; security.md LO-1 to LO-4).

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::{Audience, PageError, PageForm, Routes, Visit, flow};
use crate::http::cookies::Cookie;
use crate::http::extract::form::{self, OAUTH_BODY, Pairs};
use crate::oidc::end_session::{self, After, Step};
use crate::oidc::{self, Parameters, endpoints};
use crate::templates::pages::{LoggedOut, LogoutConfirm};

pub fn routes(routes: Routes) -> Routes {
    routes
        .at(
            endpoints::END_SESSION,
            Audience::Public,
            get(end_session).post(end_session_by_post),
        )
        .at("/logout", Audience::Public, get(ask).post(answer))
        .at("/logged-out", Audience::Public, get(logged_out))
}

async fn end_session(visit: Visit) -> Result<Response, PageError> {
    let query = visit.uri.split_once('?').map_or("", |(_, query)| query);
    let parameters = Parameters::from(Pairs::parse(query.as_bytes())?.unique(&[])?);
    proceed(visit.in_flow(), &parameters).await
}

/// A form of another site brings no cookies of ours: it goes on as a GET, with which they arrive.
async fn end_session_by_post(visit: Visit, request: Request) -> Result<Response, PageError> {
    let pairs = form::read(request, OAUTH_BODY).await?;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&pairs.0)
        .finish();
    if query.len() > 7 * 1024 {
        return Err(oidc::Error::invalid_request("The request is too long").into());
    }
    Ok(visit
        .without_cookies()
        .redirect(&format!("{}?{query}", endpoints::END_SESSION)))
}

async fn ask(visit: Visit) -> Result<Response, PageError> {
    proceed(visit, &Parameters::default()).await
}

async fn proceed(visit: Visit, parameters: &Parameters) -> Result<Response, PageError> {
    match end_session::request(&visit.app, parameters, visit.session.get())? {
        Step::Done(after) => log_out(visit, after).await,
        Step::Confirm { client, ticket } => {
            let Some((_, account)) = visit.session.get() else {
                return Ok(visit.redirect("/logged-out"));
            };
            let page = LogoutConfirm {
                email: account.email.as_str().to_owned(),
                service: client.map(flow::named),
                ticket,
            };
            visit.page(&page).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    decision: String,
    /// Absent from the menu's button, which leads to no service.
    ticket: String,
}

async fn answer(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { visit, fields, .. } = form;
    if fields.decision != "logout" {
        return Ok(visit.redirect("/account"));
    }
    let session = visit.session.get().map(|(session, _)| session);
    let after = match fields.ticket.as_str() {
        "" => After::default(),
        ticket => end_session::confirmed(&visit.app, ticket, session).unwrap_or_default(),
    };
    log_out(visit, after).await
}

async fn log_out(visit: Visit, after: After) -> Result<Response, PageError> {
    if let Some((session, account)) = visit.session.get() {
        end_session::end(&visit.app, &visit.context(), session, account).await?;
    }
    let cookie = Cookie::Session.clear(&visit.app);
    let to = after.redirect_to.as_deref().unwrap_or("/logged-out");
    let mut response = visit.with_cookie(cookie).redirect(to);
    // LO-4
    let name = HeaderName::from_static("clear-site-data");
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

async fn logged_out(visit: Visit) -> Result<Response, PageError> {
    visit.bare_page(StatusCode::OK, &LoggedOut { service: None })
}
