//! The session that the browser's cookie names, read once a request (security.md SE-1, SE-2).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::{Actor, Context};
use crate::domain::session::Session;
use crate::http::cookies::Cookie;
use crate::http::error::PageError;
use crate::{accounts, affiliations};

/// Signed in or not.
#[derive(Clone, Debug, Default)]
pub struct BrowserSession(Option<Arc<(Session, Account)>>);

impl BrowserSession {
    /// Begun by the answer that is being made.
    pub fn begun(session: &Session, account: &Account) -> Self {
        Self(Some(Arc::new((session.clone(), account.clone()))))
    }

    pub fn get(&self) -> Option<(&Session, &Account)> {
        self.0.as_deref().map(|(session, account)| (session, account))
    }

    /// Of any organization: which one is asked of the object at hand.
    pub async fn is_focal_point(&self, app: &App) -> Result<bool, PageError> {
        match self.get() {
            None => Ok(false),
            Some((_, account)) => {
                let context = Context::of(Actor::Person {
                    account: account.id.clone(),
                    role: account.role,
                });
                Ok(affiliations::organization_of(app.db.read(), &context)
                    .await?
                    .is_some())
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
        let found = match Cookie::Session.read(app, &parts.headers) {
            Some(cookie) => accounts::sessions::find(app, &cookie).await?,
            None => None,
        };
        let it = Self(found.map(Arc::new));
        parts.extensions.insert(it.clone());
        Ok(it)
    }
}

/// Proof that somebody is signed in. Routes of an audience other than public are guarded already; this
/// is how their handlers get hold of the person.
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
