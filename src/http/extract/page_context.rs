//! The request that asks for a page: who asks, from where, in which language, as part of what; and the way to
//! answer with a page. See `http::pages` for how a page is written.

mod outcomes;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::form::Pairs;
use super::session::{BrowserSession, ReplacedCookie};
use crate::app::App;
use crate::domain::actor::{Actor, Context};
use crate::http::cookies::Cookie;
use crate::http::csrf::FormToken;
use crate::http::error::PageError;
use crate::http::layers::{ClientNetwork, RequestId};
use crate::http::outcome::{Outcome, Owner};
use crate::http::pages::destination;
use crate::http::security_policy;
use crate::i18n::Locale;
use crate::oidc::authorization::handle;
use crate::oidc::endpoints;
use crate::random;
use crate::templates::{Frame, Page, PersonInChrome, Service};

#[derive(Clone, Debug)]
pub struct PageContext {
    pub app: App,
    pub locale: Locale,
    pub session: BrowserSession,
    pub network: String,
    pub request_id: String,
    pub user_agent: String,
    /// Path and query of the page.
    pub uri: String,
    /// The value of the browser's cookie: what interactions are bound to (security.md AZ-6).
    pub browser: String,
    /// The handle of the service's request that the page is part of (see `pages::flow`).
    pub request: Option<String>,
    /// The page to go to after the login (see `pages::destination`).
    pub next: Option<String>,
    /// What the browser's other cookies say, for the rooms that made them.
    pub known_browser: Option<String>,
    pub signup: Option<String>,
    pub reset: Option<String>,
    /// What the POST before this GET came to.
    pub outcome: Outcome,
    /// The service whose request the page was part of, if that is over.
    pub over: Option<Service>,
    session_cookie: Option<String>,
    /// The cookies that the browser sent.
    sent: HeaderMap,
    cookies: Vec<HeaderValue>,
    in_flow: bool,
    /// The language was asked for by the person: in the address or by an earlier choice.
    language_chosen: bool,
    /// Origin of the logo that the page shows (security.md DR-4).
    images: Option<String>,
    /// What the page shows in frames (security.md BR-7), as a policy names it.
    frames: Vec<String>,
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
        // At the authorization endpoint it is the service that asks, and nothing is remembered of that.
        let by_person = parts.uri.path() != endpoints::AUTHORIZATION;
        let asked = query_value(&uri, "ui_locales");
        let text = |name: HeaderName| {
            let value = parts
                .headers
                .get(name)
                .and_then(|it| it.to_str().ok())
                .unwrap_or("");
            value.chars().take(256).collect::<String>()
        };
        let kept = Cookie::Language.read(app, &parts.headers);
        let accept = text(header::ACCEPT_LANGUAGE);
        // What the person chose for the account counts where this browser was told nothing else.
        let preferred = session.get().map(|(_, account)| account.language.as_str());
        let locale = Locale::choose(asked.as_deref(), kept.as_deref().or(preferred), Some(&accept));
        let (browser, mut cookies) = browser_cookie(app, &parts.headers);
        let asked_by_person = asked.is_some() && by_person;
        if asked_by_person && kept.as_deref() != Some(locale.as_str()) {
            cookies.push(Cookie::Language.set(app, locale.as_str()));
        }
        let mut ctx = Self {
            app: app.clone(),
            locale,
            session,
            network: parts
                .extensions
                .get::<ClientNetwork>()
                .map_or_else(String::new, |it| it.name.clone()),
            request_id: parts
                .extensions
                .get::<RequestId>()
                .map_or_else(String::new, |it| it.0.clone()),
            user_agent: text(header::USER_AGENT),
            request: None,
            next: query_value(&uri, "next"),
            uri,
            browser,
            known_browser: Cookie::KnownBrowser.read(app, &parts.headers),
            signup: Cookie::Signup.read(app, &parts.headers),
            reset: Cookie::Reset.read(app, &parts.headers),
            outcome: Outcome::default(),
            over: None,
            session_cookie: match parts
                .extensions
                .get::<ReplacedCookie>()
                .and_then(ReplacedCookie::get)
            {
                Some(new) => Some(new.expose().to_owned()),
                None => Cookie::Session.read(app, &parts.headers),
            },
            sent: only_cookies(&parts.headers),
            cookies,
            in_flow: false,
            language_chosen: asked_by_person || kept.is_some(),
            images: None,
            frames: Vec::new(),
        };
        let request = query_value(&ctx.uri, "request");
        ctx.name_request(request);
        ctx
    }

    /// The service's request that the page is part of. Its language holds for every page that names it, also when
    /// the request itself is over.
    pub(in crate::http) fn name_request(&mut self, handle: Option<String>) {
        let Some(handle) = handle.filter(|it| handle::is_handle(it)) else {
            return;
        };
        let remembered = handle::remembered(&self.app, &handle);
        self.speak(remembered.and_then(|it| it.ui_locales).as_deref());
        self.request = Some(handle);
    }

    /// The language that a service asked for, unless the person chose one.
    pub(in crate::http) fn speak(&mut self, ui_locales: Option<&str>) {
        if !self.language_chosen && ui_locales.is_some() {
            self.locale = Locale::choose(ui_locales, Some(self.locale.as_str()), None);
        }
    }

    /// The account of the session, as forms name it.
    pub fn owner(&self) -> Option<Owner> {
        let (_, account) = self.session.get()?;
        Some(Owner::of(&self.app, &account.id))
    }

    pub fn path(&self) -> &str {
        self.uri
            .split_once('?')
            .map_or(self.uri.as_str(), |(path, _)| path)
    }

    /// The browser sent the cookie of a session that has ended.
    pub fn session_is_over(&self) -> bool {
        self.session_cookie.is_some() && self.session.get().is_none()
    }

    /// Who acts, for the rooms.
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
        }
    }

    /// A parameter of the page's address; nothing if it cannot be decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        query_value(&self.uri, name)
    }

    /// What the next page needs to know of where this one stands: a service's request, or the page that was
    /// asked for, if it is one of ours (security.md BR-6).
    fn place(&self) -> String {
        let next = self.next.as_deref().filter(|it| destination::path(it).is_some());
        match (&self.request, next) {
            (Some(handle), _) => format!("request={handle}"),
            (None, Some(next)) => format!("next={}", encoded(next)),
            (None, None) => String::new(),
        }
    }

    /// Another page of ours, with where this one stands.
    pub fn within(&self, path: &str) -> String {
        match self.place() {
            it if it.is_empty() => path.to_owned(),
            it => format!("{path}?{it}"),
        }
    }

    /// Marks the page as one inside an authorization or logout request: no `form-action`, no menus.
    pub fn in_flow(mut self) -> Self {
        self.in_flow = true;
        self
    }

    /// The page is part of a service's request: it speaks the language that the service asked for, unless
    /// the person chose one, and may show the service's logo.
    pub(in crate::http) fn enter_flow(&mut self, ui_locales: Option<&str>, logo: Option<&str>) {
        self.in_flow = true;
        self.speak(ui_locales);
        let origin = logo.and_then(|it| url::Url::parse(it).ok()).map(|it| it.origin());
        self.images = origin
            .filter(url::Origin::is_tuple)
            .map(|it| it.ascii_serialization());
    }

    /// The page shows these addresses of services in frames, and no others (security.md BR-7).
    pub fn with_frames(mut self, addresses: &[String]) -> Self {
        self.frames = addresses
            .iter()
            .filter_map(|it| security_policy::frame_source(it))
            .collect();
        self.frames.sort();
        self.frames.dedup();
        self
    }

    /// Sets nothing in the browser.
    pub fn without_cookies(mut self) -> Self {
        self.cookies.clear();
        self
    }

    /// A cookie to send along with the answer.
    pub fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// The value of one of our cookies, as the browser sent it.
    pub fn cookie(&self, cookie: Cookie) -> Option<String> {
        cookie.read(&self.app, &self.sent)
    }

    pub fn with_cookie_value(self, cookie: Cookie, value: &str) -> Self {
        let header = cookie.set(&self.app, value);
        let mut it = self.with_cookie(header);
        if cookie == Cookie::Session {
            // Forms on the page that answers are bound to the new session.
            it.session_cookie = Some(value.to_owned());
            // Whoever watches the login from a service's page asks again what has become of it (BR-7).
            let state = Cookie::State.set(&it.app, &random::token());
            it.cookies.push(state);
        }
        it
    }

    pub fn without_cookie(self, cookie: Cookie) -> Self {
        let header = cookie.clear(&self.app);
        self.with_cookie(header)
    }

    /// The token of every form on the page (BR-1): bound to the session's cookie, or before the
    /// login to the browser's.
    ///
    /// Each page has one of its own, so that two pages' forms are never the same bytes: `http::submission` tells a
    /// second press of a button from a second form by that.
    pub fn csrf(&self) -> String {
        let binding = self.session_cookie.as_deref().unwrap_or(&self.browser);
        FormToken::new(self.owner()).sign(&self.app, binding)
    }

    /// A form shown before the login and sent after it (in another tab) is good, too.
    pub fn is_csrf(&self, sent: &str) -> bool {
        let Some(token) = FormToken::read(sent) else {
            return false;
        };
        let of_session = self.session_cookie.as_deref();
        let mut fits = false;
        for binding in of_session.into_iter().chain([self.browser.as_str()]) {
            let expected = token.sign(&self.app, binding);
            fits |= bool::from(expected.as_bytes().ct_eq(sent.as_bytes()));
        }
        fits
    }

    /// The page, with the status of the outcome that it shows.
    pub async fn page<P: Page>(&self, page: &P) -> Result<Response, PageError> {
        let status = self.outcome.status.and_then(|it| StatusCode::from_u16(it).ok());
        let left = self
            .outcome
            .wait_until
            .map(|it| (it - self.app.clock.now()).num_seconds());
        match (status, left) {
            // The time has passed: nothing is refused any more.
            (Some(StatusCode::TOO_MANY_REQUESTS), Some(left)) if left <= 0 => {
                self.page_with(StatusCode::OK, page).await
            }
            (Some(StatusCode::TOO_MANY_REQUESTS), Some(left)) => {
                let mut response = self.page_with(StatusCode::TOO_MANY_REQUESTS, page).await?;
                let seconds = HeaderValue::from(left);
                response.headers_mut().insert(header::RETRY_AFTER, seconds); // DS-2
                Ok(response)
            }
            (status, _) => self.page_with(status.unwrap_or(StatusCode::OK), page).await,
        }
    }

    pub async fn page_with<P: Page>(&self, status: StatusCode, page: &P) -> Result<Response, PageError> {
        // A page inside a request shows no menu, so nothing is asked for it.
        let person = if self.in_flow { None } else { self.person().await? };
        self.render(status, page, person)
    }

    /// A page whose frame says nothing about who is signed in: needs no database.
    pub fn bare_page<P: Page>(&self, status: StatusCode, page: &P) -> Result<Response, PageError> {
        self.render(status, page, None)
    }

    fn render<P: Page>(
        &self,
        status: StatusCode,
        page: &P,
        person: Option<PersonInChrome>,
    ) -> Result<Response, PageError> {
        let nonce = URL_SAFE_NO_PAD.encode(random::bytes::<16>());
        let mut frame = Frame::new(self.locale, nonce.clone(), self.csrf(), &self.address())
            .of(person)
            .flash(self.outcome.flash.clone());
        frame.over.clone_from(&self.over);
        if self.in_flow {
            frame.in_flow = true;
        }
        frame.request.clone_from(&self.request);
        // BR-6: only what is a page of ours goes into a page again.
        frame.next = self.next.clone().filter(|it| destination::path(it).is_some());
        let html = self
            .app
            .templates
            .render(page, &frame)
            .map_err(PageError::internal)?;
        let mut response = (status, Html(html)).into_response();
        security_policy::set(
            response.headers_mut(),
            &nonce,
            self.in_flow,
            self.images.as_deref(),
            &self.frames,
        );
        Ok(self.send(response))
    }

    /// Where the page is: a form that is shown again was posted without its query.
    fn address(&self) -> String {
        let carried = [("request", &self.request), ("next", &self.next)];
        let missing = carried.into_iter().find_map(|(name, value)| {
            let value = value.as_ref()?;
            query_value(&self.uri, name).is_none().then_some((name, value))
        });
        match missing {
            None => self.uri.clone(),
            Some((name, value)) => with_parameter(&self.uri, name, value),
        }
    }

    /// 303 to one of our own pages, or to where a service waits (AZ-12).
    pub fn redirect(&self, to: &str) -> Response {
        self.send(crate::http::pages::see_other(to))
    }

    /// Adds what the page sets in the browser.
    pub fn send(&self, mut response: Response) -> Response {
        for cookie in &self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        if self.in_flow || self.request.is_some() {
            // BR-3: a redirect that isolates itself would cut a pop-up login off from its opener, too.
            let name = HeaderName::from_static("cross-origin-opener-policy");
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static("unsafe-none"));
        }
        response
    }

    async fn person(&self) -> Result<Option<PersonInChrome>, PageError> {
        let Some((_, account)) = self.session.get() else {
            return Ok(None);
        };
        let is_focal_point = self.session.is_focal_point(&self.app).await?;
        Ok(Some(PersonInChrome {
            name: account.profile.full_name(),
            is_focal_point,
            is_administrator: account.role == crate::domain::role::Role::Administrator,
        }))
    }
}

fn only_cookies(headers: &HeaderMap) -> HeaderMap {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies.map(|it| (header::COOKIE, it.clone())).collect()
}

/// The browser's cookie, made when there is none.
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

/// As `random::token` makes them; anything else is no handle of ours.
pub(super) fn is_handle(value: &str) -> bool {
    value.len() == 43
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn encoded(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// An address of ours with one more parameter.
pub(in crate::http) fn with_parameter(uri: &str, name: &str, value: &str) -> String {
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{name}={}", encoded(value))
}

fn query_value(uri: &str, name: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let pairs = Pairs::parse(query.as_bytes()).ok()?;
    let mut values = pairs.0.into_iter().filter(|(key, _)| key == name);
    // G-2: what is said twice is not said.
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}
