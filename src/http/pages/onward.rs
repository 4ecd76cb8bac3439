//! The way on from a page: back to the service's request, to the page that was asked for, or to the account. `flow` and
//! the pages that log in use it.

use axum::response::Response;

use super::PageContext;
use crate::domain::session::Due;
use crate::paths;

/// Redirects to the request, after a page has done its step.
pub fn go_on(ctx: &PageContext, handle: &str) -> Response {
    ctx.redirect(&paths::authorize_continue(handle))
}

/// Redirects to the service's request, to the page that was asked for, or to the account.
pub fn onward(ctx: &PageContext) -> Response {
    if let Some(handle) = ctx.request() {
        return go_on(ctx, handle);
    }
    let page = ctx.return_path();
    ctx.redirect(page.map_or(paths::ACCOUNT, |it| it.address()))
}

/// Returns the page of what comes before everything else in a session.
pub const fn page_of(due: Due) -> &'static str {
    match due {
        Due::Deletion => paths::LOGIN_KEEP_ACCOUNT,
        Due::EmailVerification => paths::LOGIN_VERIFY_EMAIL,
        Due::Terms => paths::TERMS_ACCEPT,
    }
}
