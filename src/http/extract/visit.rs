//! A visit: everything that a page needs to know about the request that asks for it, and the way to
//! answer with a page. See `http::pages` for how a page is written.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::form::Pairs;
use super::session::{BrowserSession, ReplacedCookie};
use crate::app::App;
use crate::domain::actor::{Actor, Context};
use crate::http::cookies::Cookie;
use crate::http::error::PageError;
use crate::http::layers::{ClientNetwork, RequestId};
use crate::http::pages::destination;
use crate::i18n::{self, Locale};
use crate::oidc::endpoints;
use crate::random;
use crate::templates::{Frame, Page, PersonInChrome};

#[derive(Clone, Debug)]
pub struct Visit {
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

impl FromRequestParts<App> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let session = BrowserSession::from_request_parts(parts, app).await?;
        Ok(Self::new(app, parts, session))
    }
}

impl Visit {
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
        Self {
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
            request: query_value(&uri, "request").filter(|it| is_handle(it)),
            next: query_value(&uri, "next"),
            uri,
            browser,
            known_browser: Cookie::KnownBrowser.read(app, &parts.headers),
            signup: Cookie::Signup.read(app, &parts.headers),
            reset: Cookie::Reset.read(app, &parts.headers),
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
        }
    }

    /// Who acts, for the rooms.
    pub fn context(&self) -> Context {
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
    pub fn place(&self) -> String {
        let next = self.next.as_deref().filter(|it| destination::path(it).is_some());
        match (&self.request, next) {
            (Some(handle), _) => format!("request={handle}"),
            (None, Some(next)) => format!("next={next}"),
            (None, None) => String::new(),
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
        if !self.language_chosen && ui_locales.is_some() {
            self.locale = Locale::choose(ui_locales, Some(self.locale.as_str()), None);
        }
        let origin = logo.and_then(|it| url::Url::parse(it).ok()).map(|it| it.origin());
        self.images = origin
            .filter(url::Origin::is_tuple)
            .map(|it| it.ascii_serialization());
    }

    /// The page shows these addresses of services in frames, and no others (security.md BR-7).
    pub fn with_frames(mut self, addresses: &[String]) -> Self {
        self.frames = addresses.iter().filter_map(|it| frame_source(it)).collect();
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

    /// The token of every form on this visit's page (BR-1): bound to the session's cookie, or before the
    /// login to the browser's.
    pub fn csrf(&self) -> String {
        self.token(self.session_cookie.as_deref().unwrap_or(&self.browser))
    }

    /// A form shown before the login and sent after it (in another tab) is good, too.
    pub fn is_csrf(&self, sent: &str) -> bool {
        let of_session = self.session_cookie.as_deref().map(|it| self.token(it));
        let mut fits = false;
        for token in of_session.into_iter().chain([self.token(&self.browser)]) {
            fits |= bool::from(token.as_bytes().ct_eq(sent.as_bytes()));
        }
        fits
    }

    fn token(&self, binding: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.app.keys.hmac("csrf", binding.as_bytes()))
    }

    pub async fn page<P: Page>(&self, page: &P) -> Result<Response, PageError> {
        self.page_with(StatusCode::OK, page).await
    }

    pub async fn page_with<P: Page>(&self, status: StatusCode, page: &P) -> Result<Response, PageError> {
        // A page inside a request shows no menu, so nothing is asked for it.
        let person = if self.in_flow { None } else { self.person().await? };
        self.render(status, page, person)
    }

    /// A form that was wrong, shown again.
    pub async fn form_again<P: Page>(&self, page: &P) -> Result<Response, PageError> {
        self.page_with(StatusCode::UNPROCESSABLE_ENTITY, page).await
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
            .flash(flash(&self.uri));
        if self.in_flow {
            frame.in_flow = true;
            frame.request = self.request.clone();
        }
        // BR-6: only what is a page of ours goes into a page again.
        frame.next = self.next.clone().filter(|it| destination::path(it).is_some());
        let html = self
            .app
            .templates
            .render(page, &frame)
            .map_err(PageError::internal)?;
        let mut response = (status, Html(html)).into_response();
        page_headers(
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
            Some((name, value)) => {
                let separator = if self.uri.contains('?') { '&' } else { '?' };
                let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                format!("{}{separator}{name}={value}", self.uri)
            }
        }
    }

    /// 303 to one of our own pages, or to where a service waits (AZ-12).
    pub fn redirect(&self, to: &str) -> Response {
        self.send(crate::http::pages::see_other(to))
    }

    /// Adds what this visit sets in the browser.
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
            name: format!("{} {}", account.profile.first_name, account.profile.last_name),
            is_focal_point,
            is_administrator: account.role == crate::domain::actor::Role::Administrator,
        }))
    }
}

/// BR-2, BR-3. `form-action` is left out inside a request: browsers apply it to every redirect that
/// follows the form, up to the service.
fn page_headers(
    headers: &mut HeaderMap,
    nonce: &str,
    in_flow: bool,
    images: Option<&str>,
    frames: &[String],
) {
    let form_action = if in_flow { "" } else { "; form-action 'self'" };
    let images = images.map_or_else(String::new, |it| format!(" {it}"));
    let frames = match frames {
        [] => String::new(),
        some => format!("; frame-src {}", some.join(" ")),
    };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'{images}; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'{frames}{form_action}"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// An address as a source of a policy, which has no query (Content Security Policy Level 3 §2.3.1).
fn frame_source(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let path = url.path().replace(';', "%3B").replace(',', "%2C");
    Some(format!("{}{path}", url.origin().ascii_serialization()))
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

/// `?done=saved` shows the text `flash.saved`, if there is one: no words come from the address.
fn flash(uri: &str) -> Option<String> {
    let key = format!("flash.{}", query_value(uri, "done")?);
    i18n::exists(&key).then_some(key)
}

fn query_value(uri: &str, name: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let pairs = Pairs::parse(query.as_bytes()).ok()?;
    pairs
        .0
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}
