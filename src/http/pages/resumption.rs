//! The way back to the service from the last page of a sign-up or a recovery, which keep the service's request while
//! they last. It is part of the outcome that the last page shows.

use serde::{Deserialize, Serialize};

use super::{PageContext, PageError, service};
use crate::oidc::authorization::kept_request::{self, Reopened};
use crate::paths;
use crate::templates::Service;

#[derive(Debug, Serialize, Deserialize)]
pub struct Resumption {
    /// The request of the service that the person came from.
    resume: Option<String>,
    /// The address to continue at; `None` if the request began in another browser and does not go on here.
    continue_to: Option<String>,
}

impl Resumption {
    /// Reopens the request that was kept. Without one, or if it is over, the page leads to `otherwise`.
    pub async fn of(ctx: &PageContext, resume: Option<String>, otherwise: String) -> Result<Self, PageError> {
        let reopened = match &resume {
            Some(resume) => kept_request::reopen(&ctx.app, resume, ctx.browser()).await?,
            None => Reopened::Gone,
        };
        let continue_to = match reopened {
            Reopened::Here(handle) => Some(paths::authorize_continue(&handle)),
            Reopened::Elsewhere => None,
            Reopened::Gone => Some(otherwise),
        };
        Ok(Self { resume, continue_to })
    }

    /// Speaks the language that the service asked for, unless the person chose one.
    pub fn speaking(&self, ctx: PageContext) -> PageContext {
        let ui_locales = self.resume.as_deref().and_then(kept_request::ui_locales_of);
        ctx.speaking(ui_locales.as_deref())
    }

    /// Returns the service, and the address to continue at. Without an address, the page only names the service: its
    /// request goes on in another browser.
    pub fn into_way_back(self, ctx: &PageContext) -> (Option<Service>, Option<String>) {
        let resume = self.resume.as_deref();
        let service = resume.and_then(|it| service::for_kept_request(&ctx.app, it));
        (service, self.continue_to)
    }
}
