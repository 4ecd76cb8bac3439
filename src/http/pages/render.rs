//! Answers a request for a page: draws a template in its frame, with its policy and cookies, or redirects. The answers
//! to a POST, which all redirect, are in `form_outcome`.
//!
//! Handlers of pages and `pages::errors` call these methods of `PageContext`.

mod form_outcome;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::domain::role::Role;
use crate::http::compression::Uncompressed;
use crate::http::cookies::Cookie;
use crate::http::csrf;
use crate::http::error::PageError;
use crate::http::extract::page_context::PageContext;
use crate::http::page_headers::PageHeaders;
use crate::http::security_policy::PagePolicy;
use crate::random;
use crate::templates::{Frame, Page, PersonInChrome, ViewInChrome};

/// Draws pages.
impl PageContext {
    /// Draws the page, with the status of the outcome that it shows.
    pub async fn page<P: Page>(&self, page: &P) -> Result<Response, PageError> {
        let status = self.outcome().status.and_then(|it| StatusCode::from_u16(it).ok());
        let left = self
            .outcome()
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
        let person = if self.is_in_flow() {
            None
        } else {
            self.person_in_chrome().await?
        };
        self.draw(status, page, person)
    }

    /// Draws a page whose frame says nothing about who is signed in: needs no database.
    pub fn bare_page<P: Page>(&self, status: StatusCode, page: &P) -> Result<Response, PageError> {
        self.draw(status, page, None)
    }

    fn draw<P: Page>(
        &self,
        status: StatusCode,
        page: &P,
        person: Option<PersonInChrome>,
    ) -> Result<Response, PageError> {
        let nonce = URL_SAFE_NO_PAD.encode(random::bytes::<16>());
        let token = csrf::new_token(self);
        let mut frame = Frame::new(self.locale(), nonce.clone(), token, &self.address())
            .of(person)
            .flash(self.outcome().flash.clone());
        frame.over = self.over().cloned();
        frame.view = self.view_in_chrome();
        frame.in_flow |= self.is_in_flow();
        frame.request = self.request().map(str::to_owned);
        frame.next = self.return_path().map(|it| it.as_next().to_owned());
        let html = self
            .app
            .templates
            .render(page, &frame)
            .map_err(PageError::internal)?;
        let mut response = (status, Html(html)).into_response();
        if P::HAS_LASTING_SECRET {
            response.extensions_mut().insert(Uncompressed);
        }
        self.headers().write_policy(&mut response, &nonce);
        Ok(self.send(response))
    }

    /// Answers with 303 to one of our own pages, or to where a service waits (AZ-12).
    pub fn redirect(&self, to: &str) -> Response {
        self.send(see_other(to))
    }

    /// Adds the cookies that the answer sets.
    pub fn send(&self, mut response: Response) -> Response {
        self.headers().write_cookies(&mut response);
        if self.is_in_flow() || self.request().is_some() {
            // BR-3: a redirect that isolates itself would cut a pop-up login off from its opener, too.
            let name = HeaderName::from_static("cross-origin-opener-policy");
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static("unsafe-none"));
        }
        response
    }

    /// Returns what every page says while whoever is signed in looks at somebody's account (security.md AD-12).
    fn view_in_chrome(&self) -> Option<ViewInChrome> {
        let it = self.session().view()?;
        Some(ViewInChrome {
            person: it.person.profile.full_name(),
            viewer: it.viewer.profile.full_name(),
            minutes: it.view.minutes_left(self.app.clock.now()),
            csrf: csrf::token_of_viewer(self, &it.viewer.id),
        })
    }

    async fn person_in_chrome(&self) -> Result<Option<PersonInChrome>, PageError> {
        let Some((_, account)) = self.session().get() else {
            return Ok(None);
        };
        let is_focal_point = self.session().is_focal_point(&self.app).await?;
        let is_client_owner = self.session().is_client_owner(&self.app).await?;
        Ok(Some(PersonInChrome {
            name: account.profile.full_name(),
            is_focal_point,
            is_client_owner,
            is_administrator: account.role == Role::Administrator,
            is_staff: account.role.reads_accounts(),
            is_auditor: account.role.reads_audit_trail(),
        }))
    }
}

/// Says what the answer carries beside its page.
impl PageContext {
    /// Marks the page as one inside an authorization or logout request: no `form-action`, no menus.
    pub fn in_flow(self) -> Self {
        self.with_policy(PagePolicy::in_flow)
    }

    /// Makes the page part of a service's request: it speaks the language that the service asked for, unless the person
    /// chose one, and may show the service's logo.
    pub(in crate::http) fn in_flow_of(self, ui_locales: Option<&str>, logo: Option<&str>) -> Self {
        let ctx = self.in_flow().speaking(ui_locales);
        ctx.with_policy(|it| it.with_logo(logo))
    }

    /// Shows these addresses of services in frames, and no others (security.md BR-7).
    pub fn with_frames(self, addresses: &[String]) -> Self {
        self.with_policy(|it| it.with_frames(addresses))
    }

    /// Lets the page start a worker of our own script.
    pub fn with_worker(self) -> Self {
        self.with_policy(PagePolicy::with_worker)
    }

    /// Sets nothing in the browser.
    pub fn without_cookies(self) -> Self {
        self.with_headers(PageHeaders::clear_cookies)
    }

    /// Sends a cookie along with the answer.
    pub fn with_cookie(self, cookie: HeaderValue) -> Self {
        self.with_headers(|it| it.add_cookie(cookie))
    }

    pub fn with_cookie_value(self, cookie: Cookie, value: &str) -> Self {
        let header = cookie.set(&self.app, value);
        let ctx = self.with_cookie(header);
        if cookie != Cookie::Session {
            return ctx;
        }
        // A service's page that watches the login asks again what has become of it (BR-7).
        let state = Cookie::State.set(&ctx.app, &random::token());
        // Forms on the page that answers are bound to the new session.
        ctx.with_session_cookie(value).with_cookie(state)
    }

    pub fn without_cookie(self, cookie: Cookie) -> Self {
        let header = cookie.clear(&self.app);
        self.with_cookie(header)
    }

    fn with_policy(self, change: impl FnOnce(PagePolicy) -> PagePolicy) -> Self {
        self.with_headers(|it| it.set_policy(change(it.policy().clone())))
    }

    fn is_in_flow(&self) -> bool {
        self.headers().policy().is_in_flow()
    }
}

/// Answers with 303: a POST goes on as a GET (security.md AZ-12). `to` is ours, or a service's registered address that
/// `oidc` made an answer for; never an address that a request brought (BR-6).
fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(error) => PageError::internal(error).into_response(),
    }
}
