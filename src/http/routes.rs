//! How a URL comes into the router: with its audience, or not at all (security.md G-4).
//!
//! The audience is checked before the handler runs: whoever is not signed in is sent to the login,
//! whoever lacks the role gets 404, whoever rested too long enters the password again (SE-2). What the role may do with the object at hand is for the room.

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::MethodRouter;

use super::error::PageError;
use super::extract::session::BrowserSession;
use crate::app::App;
use crate::domain::actor::Role;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody, also without an account.
    Public,
    /// An OAuth client, proved by the handler's extractor or by what it presents.
    Client,
    SignedIn,
    /// A Focal Point of some organization; of which one is asked of the object.
    FocalPoint,
    /// Support staff and administrators.
    Support,
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

    pub fn at(mut self, path: &'static str, audience: Audience, handler: MethodRouter<App>) -> Self {
        let handler = match audience {
            Audience::Public | Audience::Client => handler,
            guarded => {
                let state = (self.app.clone(), guarded);
                handler.route_layer(from_fn_with_state(state, guard))
            }
        };
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

    pub fn into_router(self) -> Router<App> {
        self.router
    }
}

async fn guard(
    State((app, audience)): State<(App, Audience)>,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    let (mut parts, body) = request.into_parts();
    let session = BrowserSession::from_request_parts(&mut parts, &app).await?;
    let request = Request::from_parts(parts, body);
    let (it, account) = session.get().ok_or(PageError::SignedOut)?;
    if it.terms_due {
        return Err(PageError::TermsDue);
    }
    let admitted = match audience {
        Audience::Public | Audience::Client | Audience::SignedIn => true,
        // An administrator acts for every organization.
        Audience::FocalPoint => account.role == Role::Administrator || session.is_focal_point(&app).await?,
        Audience::Support => account.role != Role::User,
        Audience::Administrator => account.role == Role::Administrator,
    };
    if !admitted {
        // G-4: what is not theirs does not exist.
        return Err(PageError::NotFound);
    }
    let is_duty = !matches!(audience, Audience::SignedIn);
    if is_duty && !it.is_fit_for_duty(app.clock.now()) {
        return Err(PageError::StaleLogin); // SE-2
    }
    Ok(next.run(request).await)
}
