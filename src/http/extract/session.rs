//! The session that the browser's cookie names, read once a request (security.md SE-1, SE-2).

use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;

use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::{Actor, Context};
use crate::domain::secret::Secret;
use crate::domain::session::Session;
use crate::http::cookies::Cookie;
use crate::http::error::PageError;
use crate::oidc::clients;
use crate::{accounts, affiliations};

/// The session of the browser, if somebody is signed in.
#[derive(Clone, Debug, Default)]
pub struct BrowserSession(Option<Arc<(Session, Account)>>);

/// The value of the session's cookie that replaces the one that was sent, for whoever answers the request. It is
/// in the request from the beginning, as a place to put it.
#[derive(Clone, Debug, Default)]
pub struct ReplacedCookie(Arc<OnceLock<Secret>>);

impl ReplacedCookie {
    pub fn get(&self) -> Option<&Secret> {
        self.0.get()
    }
}

impl BrowserSession {
    /// Returns the session that the answer begins.
    pub fn begun(session: &Session, account: &Account) -> Self {
        Self(Some(Arc::new((session.clone(), account.clone()))))
    }

    pub fn get(&self) -> Option<(&Session, &Account)> {
        self.0.as_deref().map(|(session, account)| (session, account))
    }

    /// Returns `true` if the person is a Focal Point of any organization, or a deputy now; the object at hand decides of which one.
    pub async fn is_focal_point(&self, app: &App) -> Result<bool, PageError> {
        match self.get() {
            None => Ok(false),
            Some((_, account)) => {
                let context = Context::of(Actor::Person {
                    account: account.id.clone(),
                    role: account.role,
                });
                Ok(affiliations::organization_of(app, &context).await?.is_some())
            }
        }
    }

    /// Returns `true` if the person owns any client; the object at hand decides which one.
    pub async fn is_client_owner(&self, app: &App) -> Result<bool, PageError> {
        match self.get() {
            None => Ok(false),
            Some((_, account)) => {
                let owns = clients::owns_any(app, &account.id).await;
                owns.map_err(PageError::internal)
            }
        }
    }
}

impl FromRequestParts<App> for BrowserSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let found = match cookie(parts, app) {
            Some(cookie) => {
                let found = accounts::sessions::find(app, &cookie).await?;
                replace_cookie(parts, app, found.as_ref(), &cookie).await?;
                found
            }
            None => None,
        };
        let session = Self(found.map(Arc::new));
        parts.extensions.insert(session.clone());
        Ok(session)
    }
}

/// Returns the value of the session's cookie: the one that this request replaced it by, since the one that was sent is void
/// then.
pub(super) fn cookie(parts: &Parts, app: &App) -> Option<String> {
    let replaced = parts.extensions.get::<ReplacedCookie>();
    match replaced.and_then(ReplacedCookie::get) {
        Some(new) => Some(new.expose().to_owned()),
        None => Cookie::Session.read(app, &parts.headers),
    }
}

/// Replaces the cookie with a page, not with a form: the form's token is bound to the cookie that it was sent with
/// (security.md BR-1).
async fn replace_cookie(
    parts: &Parts,
    app: &App,
    found: Option<&(Session, Account)>,
    cookie: &str,
) -> Result<(), PageError> {
    let place = parts.extensions.get::<ReplacedCookie>();
    let (Some((session, _)), Some(place), Method::GET) = (found, place, parts.method.clone()) else {
        return Ok(());
    };
    if let Some(new) = accounts::sessions::exchange_cookie(app, session, cookie).await? {
        let _ = place.0.set(new);
    }
    Ok(())
}

/// Proof that somebody is signed in. Routes of an audience other than public are guarded already; their handlers get
/// hold of the person by this.
#[derive(Clone, Debug)]
pub struct SignedIn(Arc<(Session, Account)>);

impl SignedIn {
    pub fn session(&self) -> &Session {
        &self.0.0
    }

    pub fn account(&self) -> &Account {
        &self.0.1
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let session = BrowserSession::from_request_parts(parts, app).await?;
        session.0.map(Self).ok_or(PageError::SignedOut)
    }
}
