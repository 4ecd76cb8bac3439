//! The context of a request for a page: session, browser, language, the service's request that the page is part of, and
//! the outcome of the POST before. Every handler of a page takes it and reads it. Its fields are private: a method that
//! changes one takes the context and returns it.
//!
//! The answers to such a request are in `pages::render`, their cookies and policy in `page_headers`, the tokens of its
//! forms in `csrf`.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};

use super::actor_context;
use super::form::Pairs;
use super::session::{self, BrowserSession};
use crate::app::App;
use crate::domain::actor::{Actor, Context};
use crate::http::cookies::Cookie;
use crate::http::error::PageError;
use crate::http::language::PageLanguage;
use crate::http::outcome::{self, Outcome, Owner, Place};
use crate::http::page_headers::PageHeaders;
use crate::http::return_path::{ReturnPath, ReturnPaths};
use crate::i18n::Locale;
use crate::oidc::authorization::interaction_handle;
use crate::paths;
use crate::random;
use crate::templates::{Flash, FormState, Service, Tone};

#[derive(Clone, Debug)]
pub struct PageContext {
    pub app: App,
    session: BrowserSession,
    network: String,
    request_id: String,
    user_agent: String,
    /// Path and query of the page.
    uri: String,
    browser: String,
    request: Option<String>,
    return_path: Option<ReturnPath>,
    known_browser: Option<String>,
    outcome: Outcome,
    over: Option<Service>,
    session_cookie: Option<String>,
    headers: PageHeaders,
    language: PageLanguage,
    /// The cookies that the browser sent.
    sent: HeaderMap,
    return_paths: ReturnPaths,
}

impl FromRequestParts<App> for PageContext {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let session = BrowserSession::from_request_parts(parts, app).await?;
        let mut ctx = Self::new(app, parts, session);
        if matches!(parts.method, Method::GET | Method::HEAD) {
            ctx.outcome = ctx.find_outcome().await.unwrap_or_default();
        }
        Ok(ctx)
    }
}

impl PageContext {
    pub fn new(app: &App, parts: &Parts, session: BrowserSession) -> Self {
        let uri = parts
            .uri
            .path_and_query()
            .map_or("/", |it| it.as_str())
            .to_owned();
        let visitor = actor_context::of(&parts.headers, &parts.extensions, Actor::Visitor);
        let ui_locales = query_value(&uri, "ui_locales");
        let account = session.get().map(|(_, account)| account);
        let language = PageLanguage::of(app, parts, ui_locales.as_deref(), account);
        let (browser, mut new_cookies) = browser_cookie(app, &parts.headers);
        new_cookies.extend(language.cookie.clone());
        let request = query_value(&uri, "request");
        let next = query_value(&uri, "next");
        let return_paths = parts.extensions.get::<ReturnPaths>().cloned();
        Self {
            app: app.clone(),
            session,
            network: visitor.network,
            request_id: visitor.request_id,
            user_agent: visitor.user_agent,
            uri,
            browser,
            request: None,
            return_path: None,
            known_browser: Cookie::KnownBrowser.read(app, &parts.headers),
            outcome: Outcome::default(),
            over: None,
            session_cookie: session::cookie(parts, app),
            headers: PageHeaders::with_cookies(new_cookies),
            language,
            sent: only_cookies(&parts.headers),
            return_paths: return_paths.unwrap_or_default(),
        }
        .part_of(request)
        .returning_to(next.as_deref())
    }

    /// Names the service's request that the page is part of. Its language holds for every page that names it, also when
    /// the request itself is over.
    pub(in crate::http) fn part_of(self, handle: Option<String>) -> Self {
        let Some(handle) = handle.filter(|it| interaction_handle::is_handle(it)) else {
            return self;
        };
        let remembered = interaction_handle::open(&self.app, &handle);
        let mut ctx = self.speaking(remembered.and_then(|it| it.ui_locales).as_deref());
        ctx.request = Some(handle);
        ctx
    }

    /// Names the page to go to after the login, if it is one of ours (security.md BR-6).
    pub(in crate::http) fn returning_to(mut self, next: Option<&str>) -> Self {
        self.return_path = next.and_then(|it| self.return_paths.parse(it));
        self
    }

    /// Names the page to go to after the login, unless the address of this page named one.
    pub(in crate::http) fn or_returning_to(mut self, page: Option<ReturnPath>) -> Self {
        self.return_path = self.return_path.or(page);
        self
    }

    /// Takes the language that a service asked for, unless the person chose one.
    pub(in crate::http) fn speaking(mut self, ui_locales: Option<&str>) -> Self {
        self.language = self.language.asked_by_service(ui_locales);
        self
    }

    /// Forgets the service's request: the page is no part of any.
    pub(in crate::http) fn outside_of_requests(mut self) -> Self {
        (self.request, self.over) = (None, None);
        self
    }

    /// Names the service whose request the page was part of: that is over.
    pub(in crate::http) fn after_request_of(mut self, service: Option<Service>) -> Self {
        self.over = service;
        self
    }

    /// Takes the session that this request begins.
    pub(in crate::http) fn with_session(mut self, session: BrowserSession) -> Self {
        self.session = session;
        self
    }

    /// Binds the forms of the page to this value of the session's cookie.
    pub(in crate::http) fn with_session_cookie(mut self, value: &str) -> Self {
        self.session_cookie = Some(value.to_owned());
        self
    }

    /// Changes the headers that the answer gets.
    pub(in crate::http) fn with_headers(mut self, change: impl FnOnce(&mut PageHeaders)) -> Self {
        change(&mut self.headers);
        self
    }

    /// Names the address of a page that is shown at another one, for the language menu.
    pub(in crate::http) fn at_address(mut self, uri: String) -> Self {
        self.uri = uri;
        self
    }

    pub fn session(&self) -> &BrowserSession {
        &self.session
    }

    pub fn network(&self) -> &str {
        &self.network
    }

    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Returns the value of the browser's cookie: interactions are bound to it (security.md AZ-6).
    pub fn browser(&self) -> &str {
        &self.browser
    }

    /// Returns the handle of the service's request that the page is part of (see `pages::flow`).
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    /// Returns the page to go to after the login.
    pub fn return_path(&self) -> Option<&ReturnPath> {
        self.return_path.as_ref()
    }

    /// Returns the sealed cookie of the accounts that signed in here before, for the room that made it.
    pub fn known_browser(&self) -> Option<&str> {
        self.known_browser.as_deref()
    }

    /// Returns the outcome of the POST before this GET.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Returns the service whose request the page was part of, if that is over.
    pub fn over(&self) -> Option<&Service> {
        self.over.as_ref()
    }

    /// Returns the value of the session's cookie, to which the forms of the page are bound.
    pub(in crate::http) fn session_cookie(&self) -> Option<&str> {
        self.session_cookie.as_deref()
    }

    pub(in crate::http) fn headers(&self) -> &PageHeaders {
        &self.headers
    }

    pub fn locale(&self) -> Locale {
        self.language.locale
    }

    /// Returns the account of the session, as forms name it.
    pub fn owner(&self) -> Option<Owner> {
        let (_, account) = self.session.get()?;
        Some(Owner::of(&self.app, &account.id))
    }

    pub fn path(&self) -> &str {
        path_of(&self.uri)
    }

    /// Returns `true` if the browser sent the cookie of a session that has ended.
    pub fn session_is_over(&self) -> bool {
        self.session_cookie.is_some() && self.session.get().is_none()
    }

    /// Returns who acts, for the rooms.
    pub fn actor_context(&self) -> Context {
        let actor = match self.session.get() {
            Some((_, account)) => Actor::Person {
                account: account.id.clone(),
                role: account.role,
            },
            None => Actor::Visitor,
        };
        Context {
            actor,
            network: self.network.clone(),
            request_id: self.request_id.clone(),
            user_agent: self.user_agent.clone(),
            authenticated_at: self.session.get().map(|(session, _)| session.authenticated_at),
            is_view: self.session.shows_other(),
        }
    }

    /// Returns the value of one of our cookies, as the browser sent it.
    pub fn cookie(&self, cookie: Cookie) -> Option<String> {
        cookie.read(&self.app, &self.sent)
    }

    /// Returns a parameter of the page's address; `None` if it cannot be decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        query_value(&self.uri, name)
    }

    /// Returns a parameter of the page: from its address, or from the form that it shows again.
    pub fn given(&self, name: &str) -> Option<String> {
        let kept = || self.outcome.form.as_ref()?.values.get(name).cloned();
        self.query(name).or_else(kept)
    }

    /// Returns the address of another page, with the service's request that this one is part of, or the page to go to
    /// after the login.
    pub fn within(&self, path: &str) -> String {
        match (&self.request, &self.return_path) {
            (Some(handle), _) => paths::with_parameter(path, "request", handle),
            (None, Some(page)) => paths::with_parameter(path, "next", page.as_next()),
            (None, None) => path.to_owned(),
        }
    }

    /// Returns the address of this page. A form that is shown again was posted without its query.
    pub(in crate::http) fn address(&self) -> String {
        let next = self.return_path.as_ref().map(|it| it.as_next().to_owned());
        let carried = [("request", &self.request), ("next", &next)];
        let missing = carried.into_iter().find_map(|(name, value)| {
            let value = value.as_ref()?;
            query_value(&self.uri, name).is_none().then_some((name, value))
        });
        match missing {
            None => self.uri.clone(),
            Some((name, value)) => paths::with_parameter(&self.uri, name, value),
        }
    }

    /// Returns the form as the POST before left it, else as it is to begin with.
    pub fn form_or(&self, first: FormState) -> FormState {
        self.outcome.form.clone().unwrap_or(first)
    }

    /// Returns the value that the POST before left for this page to show, beyond its form.
    pub fn content<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.outcome.content.clone()?).ok()
    }

    /// Returns whole minutes, rounded up, until the same may be tried again.
    pub fn wait_minutes(&self) -> Option<u64> {
        let left = self.outcome.wait_until? - self.app.clock.now();
        let seconds = u64::try_from(left.num_seconds()).ok().filter(|it| *it > 0)?;
        Some(seconds.div_ceil(60))
    }

    /// Says on the page why the person must log in again.
    pub fn saying_session_is_over(mut self) -> Self {
        let flash = Flash {
            key: "flash.session_expired".to_owned(),
            tone: Tone::Warn,
        };
        self.outcome.flash.get_or_insert(flash);
        self
    }

    async fn find_outcome(&self) -> Option<Outcome> {
        let handle = self.query(outcome::PARAMETER).filter(|it| is_handle(it))?;
        let owner = self.owner();
        outcome::find(&self.app, &handle, self.place(self.path(), owner.as_ref())).await
    }

    /// Returns where, and to whom, an outcome of this browser is shown.
    pub(in crate::http) fn place<'a>(&'a self, page: &'a str, owner: Option<&'a Owner>) -> Place<'a> {
        Place {
            path: path_of(page),
            browser: &self.browser,
            owner,
        }
    }
}

fn only_cookies(headers: &HeaderMap) -> HeaderMap {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies.map(|it| (header::COOKIE, it.clone())).collect()
}

/// Returns the value of the browser's cookie, and the cookie itself if it is new.
fn browser_cookie(app: &App, headers: &HeaderMap) -> (String, Vec<HeaderValue>) {
    match Cookie::Browser.read(app, headers) {
        Some(value) => (value, Vec::new()),
        None => {
            let value = random::token();
            let cookie = Cookie::Browser.set(app, &value);
            (value, vec![cookie])
        }
    }
}

/// Returns `true` if `random::token` could have made it; anything else is no handle of ours.
fn is_handle(value: &str) -> bool {
    value.len() == 43
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn path_of(address: &str) -> &str {
    address.split_once('?').map_or(address, |(path, _)| path)
}

fn query_value(uri: &str, name: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let pairs = Pairs::parse(query.as_bytes()).ok()?;
    let mut values = pairs.0.into_iter().filter(|(key, _)| key == name);
    // G-2: a parameter that comes twice has no value.
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}
