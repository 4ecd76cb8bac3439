//! Protection against forged forms (security.md BR-1): the token of every form of a page, and the check of the origin
//! that a form came from.
//!
//! `pages::render` makes the token, `extract::page_form` has both verified before a handler runs.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::error::PageError;
use super::extract::page_context::PageContext;
use super::outcome::Owner;
use crate::app::App;
use crate::domain::AccountId;
use crate::random;

/// A random part, the account that the page was made for, and an HMAC of both under what the browser holds.
pub struct FormToken {
    random: [u8; 12],
    pub owner: Option<Owner>,
}

impl FormToken {
    fn new(owner: Option<Owner>) -> Self {
        Self {
            random: random::bytes::<12>(),
            owner,
        }
    }

    /// Reads the claims of a token, which `is_valid` verifies.
    pub fn read(sent: &str) -> Option<Self> {
        let bytes: [u8; 52] = URL_SAFE_NO_PAD.decode(sent).ok()?.try_into().ok()?;
        let (mut random, mut owner) = ([0; 12], [0; 8]);
        random.copy_from_slice(&bytes[..12]);
        owner.copy_from_slice(&bytes[12..20]);
        let owner = Some(Owner(owner)).filter(|it| it.0 != [0; 8]);
        Some(Self { random, owner })
    }

    fn sign(&self, app: &App, binding: &str) -> String {
        let mut token = self.random.to_vec();
        token.extend(self.owner.as_ref().map_or([0; 8], |it| it.0));
        let mut signed = token.clone();
        signed.extend(binding.as_bytes());
        token.extend(app.keys.hmac("csrf", &signed));
        URL_SAFE_NO_PAD.encode(token)
    }
}

/// Makes the token of the forms of a page: bound to the session's cookie, or before the login to the browser's.
///
/// Each page has one of its own, so that two pages' forms are never the same bytes: by that `http::submission`
/// distinguishes a second press of a button from a second form.
pub fn new_token(ctx: &PageContext) -> String {
    let binding = ctx.session_cookie().unwrap_or_else(|| ctx.browser());
    let token = FormToken::new(ctx.owner());
    if ctx.session().shows_other() {
        // AD-12: no form of such a page is ever accepted, also once the view is over and the session acts for its own person.
        token.sign(&ctx.app, &format!("view {binding}"))
    } else {
        token.sign(&ctx.app, binding)
    }
}

/// Makes the token of the form that ends a view, for whoever looks.
pub fn token_of_viewer(ctx: &PageContext, viewer: &AccountId) -> String {
    let binding = ctx.session_cookie().unwrap_or_else(|| ctx.browser());
    FormToken::new(Some(Owner::of(&ctx.app, viewer))).sign(&ctx.app, binding)
}

/// Returns `true` if the token was made for this browser. A form that was shown before the login and sent after it, in
/// another tab, is accepted, too.
pub fn is_valid(ctx: &PageContext, sent: &str) -> bool {
    let Some(token) = FormToken::read(sent) else {
        return false;
    };
    let of_session = ctx.session_cookie();
    let mut fits = false;
    for binding in of_session.into_iter().chain([ctx.browser()]) {
        let expected = token.sign(&ctx.app, binding);
        fits |= bool::from(expected.as_bytes().ct_eq(sent.as_bytes()));
    }
    fits
}

/// Refuses a form of another origin: `Sec-Fetch-Site: same-origin` decides; else `Origin`, if there is one, must be the
/// issuer's.
pub fn check_origin(headers: &HeaderMap, issuer: &str) -> Result<(), PageError> {
    let site = headers.get("sec-fetch-site").map(|it| it.as_bytes());
    match site {
        Some(b"same-origin") => Ok(()),
        Some(b"cross-site" | b"same-site") => Err(PageError::ForeignForm),
        _ => match headers.get(header::ORIGIN) {
            Some(origin) if origin.as_bytes() != issuer.as_bytes() => Err(PageError::ForeignForm),
            _ => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_from_a_page_of_ours() {
        // BR-1
        let check = |fields: &[(&'static str, &'static str)]| {
            let map = fields
                .iter()
                .map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()))
                .collect();
            check_origin(&map, "https://id.example").is_ok()
        };
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[]) && check(&[("origin", "https://id.example")]));
        assert!(!check(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://id.example")
        ]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(!check(&[("origin", "https://evil.example")]) && !check(&[("origin", "null")]));
    }
}
