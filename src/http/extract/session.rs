//! The session that the browser's cookie names, read once a request (security.md SE-1, SE-2). While its person sees the account
//! pages of somebody else, it is decided here, before any handler runs, whether the request is refused or shown as that person
//! sees it (AD-12).

use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::Method;
use axum::http::request::Parts;

use crate::accounts::viewing::{self, FoundView};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::account_view::AccountView;
use crate::domain::actor::{Actor, Context};
use crate::domain::secret::Secret;
use crate::domain::session::Session;
use crate::domain::{SessionId, Sid, Time};
use crate::http::cookies::Cookie;
use crate::http::error::PageError;
use crate::http::viewing::{self as policy, Admission};
use crate::oidc::clients;
use crate::{accounts, affiliations};

/// The session of the browser, if somebody is signed in.
#[derive(Clone, Debug, Default)]
pub struct BrowserSession(Option<Arc<Current>>);

#[derive(Debug)]
struct Current {
    session: Session,
    /// The person whose pages are shown: that of the session, or the one whom they look at.
    account: Account,
    view: Option<RunningView>,
    shows_other: bool,
}

/// The view of somebody's account that goes on in a session.
#[derive(Clone, Debug)]
pub struct RunningView {
    pub view: AccountView,
    /// The person who is looked at, and the one who looks.
    pub person: Account,
    pub viewer: Account,
}

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
        Self::of(session.clone(), account.clone(), None)
    }

    fn of(session: Session, account: Account, view: Option<RunningView>) -> Self {
        Self(Some(Arc::new(Current {
            session,
            account,
            view,
            shows_other: false,
        })))
    }

    /// Returns the session as the pages of the person who is looked at see it: it is none of theirs, and nothing that is kept
    /// for a session, or needs a recent login, is found by it.
    fn of_person(own: &Session, view: RunningView) -> Self {
        let session = Session {
            id: SessionId::new(format!("view:{}", view.view.id)),
            sid: Sid::new(format!("view:{}", view.view.id)),
            account: view.person.id.clone(),
            created_at: view.view.began_at,
            authenticated_at: Time::UNIX_EPOCH,
            second_factor: None,
            last_used_at: own.last_used_at,
            rested_at: None,
            cookie_due: false,
            user_agent: String::new(),
            network: String::new(),
        };
        Self(Some(Arc::new(Current {
            session,
            account: view.person.clone(),
            view: Some(view),
            shows_other: true,
        })))
    }

    pub fn get(&self) -> Option<(&Session, &Account)> {
        self.0.as_deref().map(|it| (&it.session, &it.account))
    }

    /// Returns the view that goes on in the session.
    pub fn view(&self) -> Option<&RunningView> {
        self.0.as_deref()?.view.as_ref()
    }

    /// Returns `true` if the page is shown as the person who is looked at sees it.
    pub fn shows_other(&self) -> bool {
        self.0.as_deref().is_some_and(|it| it.shows_other)
    }

    /// Reads the session for the page of a refusal: it says that a view goes on, and shows whoever looks.
    pub async fn of_refusal(parts: &Parts, app: &App) -> Result<Self, PageError> {
        let Some((session, account)) = find(parts, app).await? else {
            return Ok(Self::default());
        };
        let view = viewing::find(app, &session, &account).await?;
        let view = view.and_then(|it| running(it, &account));
        Ok(Self::of(session, account, view))
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
        let session = match find(parts, app).await? {
            Some((session, account)) => admitted(parts, app, session, account).await?,
            None => Self::default(),
        };
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

async fn find(parts: &Parts, app: &App) -> Result<Option<(Session, Account)>, PageError> {
    let Some(cookie) = cookie(parts, app) else {
        return Ok(None);
    };
    let found = accounts::sessions::find(app, &cookie).await?;
    replace_cookie(parts, app, found.as_ref(), &cookie).await?;
    Ok(found)
}

/// Refuses what a session with a view cannot open.
async fn admitted(
    parts: &Parts,
    app: &App,
    session: Session,
    account: Account,
) -> Result<BrowserSession, PageError> {
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let Some(found) = viewing::find(app, &session, &account).await? else {
        return Ok(BrowserSession::of(session, account, None));
    };
    match (running(found, &account), policy::admit(&parts.method, route)) {
        (None, _) if policy::waits_for_end(route) => Err(PageError::ViewOver),
        (None, _) => Ok(BrowserSession::of(session, account, None)),
        (Some(view), Admission::AsPerson) => Ok(BrowserSession::of_person(&session, view)),
        (view @ Some(_), Admission::AsViewer) => Ok(BrowserSession::of(session, account, view)),
        (Some(_), Admission::Refused) => Err(PageError::Viewing),
    }
}

fn running(found: FoundView, viewer: &Account) -> Option<RunningView> {
    found.person.map(|person| RunningView {
        view: found.view,
        person,
        viewer: viewer.clone(),
    })
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
pub struct SignedIn(Arc<Current>);

impl SignedIn {
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    pub fn account(&self) -> &Account {
        &self.0.account
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let session = BrowserSession::from_request_parts(parts, app).await?;
        session.0.map(Self).ok_or(PageError::SignedOut)
    }
}
