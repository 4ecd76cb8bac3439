//! Brings a URL into the router: with its audience, or not at all (security.md G-4).
//!
//! The audience is checked before the handler runs: a visitor who is not signed in is sent to the login, one who lacks
//! the role gets 404, one who rested too long enters the password again (SE-2), one whose office needs a second factor sets
//! it up (PW-9). The room decides what the role may do
//! with the object at hand.
//!
//! A HEAD reaches no handler (G-5): the router would run the one of GET, which may make a code or end a session. Only a
//! page that is the same for everybody answers it, and sees then neither cookie nor token.

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use super::error::PageError;
use super::extract::session::BrowserSession;
use super::extract::{actor_context, page_form};
use crate::accounts::second_factor::policy::{self, Unmet};
use crate::accounts::{Error, terms};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::role::Role;
use crate::domain::session::Due;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody may come, also without an account.
    Public,
    /// An OAuth client, authenticated by the handler's extractor or by what it presents.
    Client,
    SignedIn,
    /// As `SignedIn`, also while new terms are to be accepted and while the account is to be deleted: to take the own data
    /// along, and to leave.
    OwnData,
    /// A Focal Point of some organization; the object decides of which one.
    FocalPoint,
    /// Whoever opens the accounts of other people: support, auditors and administrators.
    Staff,
    /// Whoever helps people with their accounts: support and administrators. What only administrators do there, the room
    /// decides.
    Support,
    /// Whoever reads the audit trail: auditors and administrators.
    Auditor,
    /// An owner of some client, and administrators; the object decides of which one.
    ClientOwner,
    Administrator,
}

/// A list of URLs, each with its audience.
#[must_use]
pub struct Routes {
    app: App,
    router: Router<App>,
    table: Vec<(&'static str, Audience)>,
}

impl Routes {
    pub fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            router: Router::new(),
            table: Vec::new(),
        }
    }

    pub fn at(self, path: &'static str, audience: Audience, handler: MethodRouter<App>) -> Self {
        let handler = match audience {
            Audience::Public | Audience::Client => handler,
            guarded => {
                let state = (self.app.clone(), guarded);
                handler.route_layer(from_fn_with_state(state, guard))
            }
        };
        self.add(path, audience, handler.layer(from_fn(without_head)))
    }

    /// Adds a URL that is the same for everybody, whose GET reads and does nothing else: HEAD is answered, too.
    pub fn at_with_head(self, path: &'static str, handler: MethodRouter<App>) -> Self {
        self.add(path, Audience::Public, handler.layer(from_fn(anonymous_head)))
    }

    fn add(mut self, path: &'static str, audience: Audience, handler: MethodRouter<App>) -> Self {
        self.router = self.router.route(path, handler);
        self.table.push((path, audience));
        self
    }

    /// Adds a family of pages kept in a module of its own.
    pub fn with(self, family: impl FnOnce(Self) -> Self) -> Self {
        family(self)
    }

    pub fn table(&self) -> &[(&'static str, Audience)] {
        &self.table
    }

    /// Returns the pages that need a login.
    pub fn guarded(&self) -> impl Iterator<Item = &'static str> {
        let is_guarded = |it: &&(&str, Audience)| !matches!(it.1, Audience::Public | Audience::Client);
        self.table.iter().filter(is_guarded).map(|(path, _)| *path)
    }

    pub fn into_router(self) -> Router<App> {
        self.router
    }
}

/// Answers a HEAD with 405, and names none in `Allow`.
async fn without_head(request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    // To a method that no route has, the router says which methods there are.
    let mut response = if is_head {
        PageError::MethodNotAllowed.into_response()
    } else {
        next.run(request).await
    };
    if is_head {
        let get = HeaderValue::from_static("GET");
        response.headers_mut().insert(header::ALLOW, get);
    } else if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && let Some(allowed) = response.headers().get(header::ALLOW)
    {
        let methods = allowed.to_str().unwrap_or_default().split(',');
        let others: Vec<&str> = methods.map(str::trim).filter(|it| *it != "HEAD").collect();
        if let Ok(value) = HeaderValue::from_str(&others.join(",")) {
            response.headers_mut().insert(header::ALLOW, value);
        }
    }
    response
}

/// Lets a HEAD come from nobody and set nothing.
async fn anonymous_head(mut request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.headers_mut().remove(header::COOKIE);
        request.headers_mut().remove(header::AUTHORIZATION);
    }
    let mut response = next.run(request).await;
    if is_head {
        response.headers_mut().remove(header::SET_COOKIE);
    }
    response
}

async fn guard(
    State((app, audience)): State<(App, Audience)>,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    let (mut parts, body) = request.into_parts();
    let admitted = admit(&app, audience, &mut parts).await;
    let request = Request::from_parts(parts, body);
    if let Err(refusal) = admitted {
        if request.method() == Method::POST {
            // The typed text is there again after the login. Whatever is wrong with the form itself is not said here.
            let _ = page_form::read_unheard(request, &app).await;
        }
        return Err(refusal);
    }
    Ok(next.run(request).await)
}

/// Admits a visitor who is of the audience, and fit for it.
async fn admit(app: &App, audience: Audience, parts: &mut Parts) -> Result<(), PageError> {
    let session = BrowserSession::from_request_parts(parts, app).await?;
    let (current, account) = session.get().ok_or(PageError::SignedOut)?;
    // What the person has yet to do first is theirs: a view shows the pages as they are afterwards (AD-12).
    let due = if session.shows_other() {
        None
    } else {
        terms::due(app, account).await.map_err(Error::from)?
    };
    match due {
        Some(Due::EmailVerification) => return Err(PageError::EmailUnverified),
        Some(Due::Terms | Due::Deletion) if audience == Audience::OwnData => {}
        Some(Due::Deletion) => return Err(PageError::Leaving),
        Some(Due::Terms) => return Err(PageError::TermsDue),
        None => {}
    }
    let admitted = match audience {
        Audience::Public | Audience::Client => true,
        Audience::SignedIn | Audience::OwnData => true,
        // An administrator acts for every organization.
        Audience::FocalPoint => account.role == Role::Administrator || session.is_focal_point(app).await?,
        Audience::Staff => account.role.reads_accounts(),
        Audience::Support => account.role.helps_people(),
        Audience::Auditor => account.role.reads_audit_trail(),
        Audience::ClientOwner => account.role == Role::Administrator || session.is_client_owner(app).await?,
        Audience::Administrator => account.role == Role::Administrator,
    };
    if !admitted {
        // G-4: an object that is not theirs does not exist.
        return Err(PageError::NotFound);
    }
    let is_duty = matches!(
        audience,
        Audience::FocalPoint
            | Audience::Staff
            | Audience::Support
            | Audience::Auditor
            | Audience::ClientOwner
            | Audience::Administrator
    );
    if is_duty && !current.is_fit_for_duty(app.clock.now()) {
        return Err(PageError::StaleLogin); // SE-2
    }
    if is_duty {
        match policy::unmet(app, current, account).await? {
            // PW-9
            Some(Unmet::SetUp) => {
                let actor = Actor::Person {
                    account: account.id.clone(),
                    role: account.role,
                };
                let context = actor_context::of(&parts.headers, &parts.extensions, actor);
                policy::record_closed(app, &context, account).await?;
                return Err(PageError::SecondFactorRequired);
            }
            Some(Unmet::StepUp) => return Err(PageError::SecondFactorMissing),
            None => {}
        }
    }
    Ok(())
}
