//! Takes the token of a link that a mail brings, and that works without a login, out of the address with the first step: it
//! is in a cookie then, and the POST of the page decides.

use axum::response::Response;
use serde::Deserialize;

use super::PageContext;
use crate::http::cookies::Cookie;

/// The longest token that goes into a cookie.
const LONGEST: usize = 100;

/// The form of a page that has a button alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}

/// What the address of the page has led to.
pub enum Entered {
    /// The browser holds this token.
    Held(PageContext, String),
    /// The token was in the address: this leads to the address without it.
    Moved(Response),
    /// There is no token, or none of ours.
    Void(PageContext),
}

/// Looks for the `token` of the link of a page at `path`, in the address and then in its cookie.
pub fn enter(ctx: PageContext, cookie: Cookie, path: &str) -> Entered {
    match (ctx.query("token"), ctx.cookie(cookie)) {
        (Some(token), _) if is_well_formed(&token) => {
            let held = cookie.set(&ctx.app, &token);
            Entered::Moved(ctx.with_cookie(held).redirect(path))
        }
        (Some(_), _) | (None, None) => Entered::Void(ctx),
        (None, Some(token)) => Entered::Held(ctx, token),
    }
}

fn is_well_formed(token: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    token.len() <= LONGEST && token.bytes().all(is_allowed)
}
