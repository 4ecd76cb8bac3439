//! Draws the page for a refusal: in the visitor's language, with the request's id, without a reason that
//! would tell too much (security.md G-11).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use super::destination;
use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::form::FormError;
use crate::http::extract::{BrowserSession, Visit};
use crate::oidc::authorization::interaction;
use crate::templates::pages::{AuthorizationError, ErrorPage, Problem};

/// A layer: an answer that carries a `PageError` is given its page.
pub async fn show(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // What is needed of the request for the unlikely case.
    let mut kept = axum::http::Request::new(()).into_parts().0;
    kept.uri = parts.uri.clone();
    kept.headers = parts.headers.clone();
    kept.extensions = parts.extensions.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(mut error) = response.extensions_mut().remove::<PageError>() else {
        return response;
    };
    let elsewhere = match error {
        PageError::SignedOut => Some("/login"),
        PageError::StaleLogin => Some("/reauthenticate"),
        PageError::TermsDue => Some("/terms/accept"),
        _ => None,
    };
    if let Some(path) = elsewhere {
        // Back to where the person was, once it is done.
        return super::see_other(&format!("{path}{}", destination::query_for(&kept)));
    }
    let visit = Visit::new(&app, &kept, BrowserSession::default());
    if let PageError::OtherBrowser(handle) = &error {
        // AZ-6: at sign-in, whoever is signed in here.
        match interaction::restart(&app, handle, &visit.browser, &visit.network).await {
            Ok(Some(own)) => return visit.redirect(&format!("/login?request={own}")),
            Ok(None) => {}
            Err(failure) => error = failure.into(),
        }
    }
    match draw(&visit, &error) {
        Ok(page) => {
            let (mut parts, body) = page.into_parts();
            parts.headers.extend(response.headers().clone());
            Response::from_parts(parts, body)
        }
        Err(error) => {
            tracing::error!(?error, "not even the error page can be drawn");
            crate::http::layers::plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side.",
            )
        }
    }
}

fn draw(visit: &Visit, error: &PageError) -> Result<Response, PageError> {
    let status = error.status();
    let of_protocol = match error {
        PageError::Protocol(error) => Some((error.code().as_str(), Some(error.description().to_owned()))),
        PageError::RequestGone | PageError::OtherBrowser(_) => Some(("interaction_expired", None)),
        _ => None,
    };
    if let Some((code, description)) = of_protocol {
        let page = AuthorizationError {
            error: code.to_owned(),
            description,
            service: None,
            request_id: visit.request_id.clone(),
        };
        return visit.bare_page(status, &page);
    }
    let page = ErrorPage {
        problem: problem(error),
        status: status.as_u16(),
        request_id: visit.request_id.clone(),
    };
    visit.bare_page(status, &page)
}

fn problem(error: &PageError) -> Problem {
    match error {
        PageError::NotFound => Problem::NotFound,
        PageError::MethodNotAllowed => Problem::MethodNotAllowed,
        PageError::Form(FormError::TooLarge) => Problem::TooLarge,
        PageError::Form(FormError::ContentType) => Problem::Unsupported,
        PageError::Form(_) | PageError::Protocol(_) | PageError::RequestGone | PageError::OtherBrowser(_) => {
            Problem::BadRequest
        }
        PageError::FormExpired => Problem::FormExpired,
        PageError::ForeignForm
        | PageError::Forbidden
        | PageError::SignedOut
        | PageError::StaleLogin
        | PageError::TermsDue => Problem::Forbidden,
        PageError::Invalid => Problem::Invalid,
        PageError::Conflict => Problem::Conflict,
        PageError::TooMany { .. } => Problem::TooMany,
        PageError::Busy => Problem::Unavailable,
        PageError::Internal(_) => Problem::Internal,
    }
}
