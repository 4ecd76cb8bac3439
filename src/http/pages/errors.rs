//! Draws the page for a refusal: in the visitor's language, with the request's id, without a reason that would reveal
//! too much (security.md G-11). A person who has to do something first is sent there, and what was typed is there again
//! afterwards.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::onward::{go_on, page_of};
use super::{repeated_answer, service};
use crate::app::App;
use crate::domain::session::Due;
use crate::http::cookies::Cookie;
use crate::http::error::PageError;
use crate::http::extract::form::{FormError, is_form};
use crate::http::extract::page_form::Typed;
use crate::http::extract::{BrowserSession, PageContext, TypedForm};
use crate::http::outcome::{self, Outcome, OutcomeError};
use crate::http::return_path::ReturnPath;
use crate::oidc::authorization::interaction;
use crate::paths;
use crate::templates::Page;
use crate::templates::pages::{AuthorizationError, ErrorPage, Problem, RequestOver};

/// Gives an answer that carries a `PageError` its page, as a layer.
pub async fn show(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    // These parts of the request are kept for the unlikely case.
    let typed = TypedForm::default();
    parts.extensions.insert(typed.clone());
    let mut kept = Request::new(()).into_parts().0;
    kept.method = parts.method.clone();
    kept.uri = parts.uri.clone();
    kept.headers = parts.headers.clone();
    kept.extensions = parts.extensions.clone();
    if let Some(error) = error_of_post(&app, &mut kept).await {
        return error;
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(error) = response.extensions_mut().remove::<PageError>() else {
        return response;
    };
    let error = error.to_method(&kept.method);
    if kept.uri.path().starts_with("/api/") {
        return of_program(&error, &response);
    }
    let page = answer(&app, kept, typed.get(), error).await;
    let (mut parts, body) = page.into_parts();
    parts.headers.extend(response.headers().clone());
    Response::from_parts(parts, body)
}

/// Answers a program, which reads no page.
fn of_program(error: &PageError, refusal: &Response) -> Response {
    let problem = crate::http::problem::Problem::from(error);
    let mut response = problem.into_response();
    // What the refusal says beside the status: `Allow`, the time to wait.
    for (name, value) in refusal.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            response.headers_mut().insert(name.clone(), value.clone());
        }
    }
    response
}

/// Shows the error that a POST ended with, on the GET that follows.
async fn error_of_post(app: &App, request: &mut Parts) -> Option<Response> {
    let query = request.uri.query().unwrap_or_default();
    if request.method != Method::GET || !query.contains(outcome::PARAMETER) {
        return None;
    }
    let ctx = page_context(app, request).await;
    let error = ctx.outcome().error.clone()?;
    let page = ErrorPage::new(error.problem, error.request_id);
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = ctx.page_with(status, &page).await.ok()?;
    crate::http::error::retry_after(&mut response, error.retry_after);
    Some(response)
}

/// Returns who asks, also where no session can be read: an error page needs no database.
async fn page_context(app: &App, request: &mut Parts) -> PageContext {
    use axum::extract::FromRequestParts;

    match PageContext::from_request_parts(request, app).await {
        Ok(ctx) => ctx,
        // AD-12: the page of a refusal says that a view goes on, too.
        Err(PageError::Viewing) => {
            let session = BrowserSession::of_refusal(request, app).await.unwrap_or_default();
            PageContext::new(app, request, session)
        }
        Err(_) => PageContext::new(app, request, BrowserSession::default()),
    }
}

async fn answer(app: &App, mut request: Parts, typed: Option<&Typed>, error: PageError) -> Response {
    let mut ctx = page_context(app, &mut request).await;
    if let Some(typed) = typed {
        ctx = ctx.part_of(typed.request.clone());
        ctx = ctx.or_returning_to(typed.return_path.clone());
    }
    let answered = match first(&ctx, &request, typed, &error).await {
        Ok(Some(response)) => Ok(response),
        Ok(None) => draw(&ctx, &error).await,
        // The failure has its own time to wait: that of the error before it is in the answer already (security.md
        // ST-1).
        Err(failure) => draw(&ctx, &failure).await.map(|mut page| {
            crate::http::error::retry_after(&mut page, failure.retry_after());
            page
        }),
    };
    answered.unwrap_or_else(|error| {
        tracing::error!(?error, "not even the error page can be drawn");
        crate::http::layers::plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong on our side.",
        )
    })
}

/// Redirects where the error is not the end: to what is to be done first, or back to the form.
async fn first(
    ctx: &PageContext,
    request: &Parts,
    typed: Option<&Typed>,
    error: &PageError,
) -> Result<Option<Response>, PageError> {
    let before = match error {
        PageError::SignedOut => Some(paths::LOGIN),
        PageError::StaleLogin => Some(paths::REAUTHENTICATE),
        PageError::SecondFactorRequired => Some(paths::ACCOUNT_SECOND_FACTOR_REQUIRED),
        PageError::SecondFactorMissing => Some(paths::LOGIN_SECOND_FACTOR),
        PageError::EmailUnverified => Some(page_of(Due::EmailVerification)),
        PageError::TermsDue => Some(page_of(Due::Terms)),
        PageError::Leaving => Some(page_of(Due::Deletion)),
        PageError::ViewOver => return Ok(Some(ctx.redirect(paths::VIEWING))),
        // G-5: the POST of a form leads to a page that says that it did nothing.
        PageError::Viewing if request.method == Method::POST && is_form(&request.headers) => {
            return Ok(Some(ctx.refused_in_view().await));
        }
        _ => None,
    };
    if let Some(path) = before {
        return Ok(Some(after(ctx, request, typed, path).await?));
    }
    match (error, typed) {
        (PageError::OtherBrowser(handle), _) => {
            // AZ-6: the request starts over at sign-in, whoever is signed in here.
            let own = interaction::restart(&ctx.app, handle, ctx.browser(), ctx.network()).await?;
            Ok(own.map(|it| ctx.redirect(&paths::login_with_other_account(&it))))
        }
        // Somebody opened a page inside a request without one: a bookmark, an address from memory.
        (PageError::RequestOver(None), _) => Ok(Some(match ctx.session().get() {
            Some(_) => ctx.redirect(paths::ACCOUNT),
            None => ctx.redirect(paths::LOGIN),
        })),
        (PageError::RequestOver(Some(handle)), Some(_)) => Ok(Some(go_on(ctx, handle))),
        // The person came back from the service, which has not redeemed its code yet: they go there again.
        (PageError::RequestOver(Some(handle)), None) => {
            let answer = repeated_answer::find(ctx, handle).await;
            Ok(answer.map(|it| ctx.redirect(&it)))
        }
        (PageError::LanguageChosen(language), Some(typed)) => {
            let cookie = Cookie::Language.set(&ctx.app, language.as_str());
            let outcome = Outcome {
                form: Some(typed.form.clone()),
                ..Outcome::default()
            };
            Ok(Some(ctx.clone().with_cookie(cookie).again_with(outcome).await?))
        }
        (PageError::FormExpired, Some(typed)) => {
            let outcome = Outcome {
                form: Some(typed.form.clone().notice("error.form_expired")),
                status: Some(StatusCode::FORBIDDEN.as_u16()),
                ..Outcome::default()
            };
            Ok(Some(keep(ctx, typed, outcome).await?))
        }
        // No page of ours sends a form that cannot be read.
        (PageError::Protocol(_) | PageError::Form(_), _) | (_, None) => Ok(None),
        (error, Some(typed)) => {
            let outcome = Outcome {
                error: Some(OutcomeError {
                    problem: problem(error),
                    retry_after: error.retry_after(),
                    request_id: ctx.request_id().to_owned(),
                }),
                ..Outcome::default()
            };
            Ok(keep(ctx, typed, outcome).await.ok())
        }
    }
}

async fn keep(ctx: &PageContext, typed: &Typed, outcome: Outcome) -> Result<Response, PageError> {
    let owner = typed.owner.clone().or_else(|| ctx.owner());
    ctx.again_to(owner.as_ref(), outcome).await
}

/// Redirects to what is to be done first; after it the person is where they were, and so is what they typed.
async fn after(
    ctx: &PageContext,
    request: &Parts,
    typed: Option<&Typed>,
    path: &str,
) -> Result<Response, PageError> {
    let Some(here) = ReturnPath::of(request) else {
        return Ok(ctx.redirect(path));
    };
    let next = match typed {
        None => here,
        Some(typed) => {
            let outcome = Outcome {
                form: Some(typed.form.clone().notice("error.press_again")),
                ..Outcome::default()
            };
            let owner = typed.owner.as_ref();
            let handle = ctx.keep_for(here.address(), owner, outcome).await?;
            here.with_outcome(&handle)
        }
    };
    Ok(ctx.redirect(&paths::with_parameter(path, "next", next.as_next())))
}

async fn draw(ctx: &PageContext, error: &PageError) -> Result<Response, PageError> {
    let status = error.status();
    match error {
        PageError::RequestOver(handle) => request_over(ctx, handle.as_deref(), status).await,
        PageError::OtherBrowser(handle) => request_over(ctx, Some(handle), status).await,
        PageError::Protocol(error) => {
            let page = AuthorizationError {
                error: error.code().as_str().to_owned(),
                description: Some(error.description().to_owned()),
                service: None,
                request_id: ctx.request_id().to_owned(),
            };
            draw_with_person(ctx, status, &page).await
        }
        _ => {
            let page = ErrorPage {
                problem: problem(error),
                status: status.as_u16(),
                request_id: ctx.request_id().to_owned(),
            };
            draw_with_person(ctx, status, &page).await
        }
    }
}

/// Draws a page with the person's name in the header; without it where the database cannot say.
async fn draw_with_person<P: Page>(
    ctx: &PageContext,
    status: StatusCode,
    page: &P,
) -> Result<Response, PageError> {
    match ctx.page_with(status, page).await {
        Ok(response) => Ok(response),
        Err(_) => ctx.bare_page(status, page),
    }
}

async fn request_over(
    ctx: &PageContext,
    handle: Option<&str>,
    status: StatusCode,
) -> Result<Response, PageError> {
    let page = RequestOver {
        service: handle.and_then(|it| service::for_handle(&ctx.app, it)),
        email: ctx.session().get().map(|(_, it)| it.email.as_str().to_owned()),
    };
    // The page is no part of any request: its menus lead on.
    let ctx = ctx.clone().outside_of_requests();
    draw_with_person(&ctx, status, &page).await
}

fn problem(error: &PageError) -> Problem {
    match error {
        PageError::NotFound => Problem::NotFound,
        PageError::MethodNotAllowed => Problem::MethodNotAllowed,
        PageError::Form(FormError::TooLarge) => Problem::TooLarge,
        PageError::Form(FormError::ContentType(_)) => Problem::Unsupported,
        PageError::Form(_)
        | PageError::Protocol(_)
        | PageError::RequestOver(_)
        | PageError::OtherBrowser(_)
        | PageError::LanguageChosen(_) => Problem::BadRequest,
        PageError::FormExpired => Problem::FormExpired,
        PageError::Viewing => Problem::Viewing,
        PageError::ForeignForm
        | PageError::Forbidden
        | PageError::ViewOver
        | PageError::SignedOut
        | PageError::StaleLogin
        | PageError::SecondFactorRequired
        | PageError::SecondFactorMissing
        | PageError::EmailUnverified
        | PageError::TermsDue
        | PageError::Leaving => Problem::Forbidden,
        PageError::Invalid => Problem::Invalid,
        PageError::Conflict | PageError::NoLongerSeen => Problem::Conflict,
        PageError::TooMany { .. } => Problem::TooMany,
        PageError::Busy => Problem::Unavailable,
        PageError::Internal(_) => Problem::Internal,
    }
}
