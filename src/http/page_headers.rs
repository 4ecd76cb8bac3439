//! The headers that a handler adds to the answer of a page's request: cookies, and the policy as far as it differs from
//! page to page. `extract::page_context` begins them, `pages::render` changes and sends them.
//!
//! Headers that every answer has are set by `layers`.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::security_policy::PagePolicy;

#[derive(Clone, Debug, Default)]
pub struct PageHeaders {
    cookies: Vec<HeaderValue>,
    policy: PagePolicy,
}

impl PageHeaders {
    /// Returns headers that set these cookies, with the policy of a page outside of any request.
    pub fn with_cookies(cookies: Vec<HeaderValue>) -> Self {
        Self {
            cookies,
            policy: PagePolicy::default(),
        }
    }

    pub fn add_cookie(&mut self, cookie: HeaderValue) {
        self.cookies.push(cookie);
    }

    /// Leaves the browser's cookies as they are.
    pub fn clear_cookies(&mut self) {
        self.cookies.clear();
    }

    pub fn policy(&self) -> &PagePolicy {
        &self.policy
    }

    pub fn set_policy(&mut self, policy: PagePolicy) {
        self.policy = policy;
    }

    /// Writes the policy of a page whose script and style have this nonce.
    pub fn write_policy(&self, response: &mut Response, nonce: &str) {
        if let Some(policy) = self.policy.header(nonce) {
            response
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }

    pub fn write_cookies(&self, response: &mut Response) {
        for cookie in &self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
    }
}
