//! The answer to a service's request, kept until the service has redeemed its code: when a browser asks again for
//! what it was just sent, because a button was pressed twice or the first answer was lost, it gets the same code
//! and not a second one (security.md G-8). Once the code is redeemed the request is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PageContext;
use crate::domain::ClientId;
use crate::domain::secret::Digest;
use crate::oidc::codes;
use crate::sealed::{self, Purpose};

/// The time for which an answer is kept: as long as most codes are valid.
const LIFETIME: Duration = Duration::from_mins(1);

#[derive(Serialize, Deserialize)]
pub struct RepeatedAnswer {
    pub client: ClientId,
    pub code: String,
    /// The address that the browser is sent to.
    pub location: String,
}

/// Keeps an answer; without it a second press ends on the page that leads back to the service.
pub async fn keep(ctx: &PageContext, handle: &str, answer: RepeatedAnswer) {
    let kept = (Digest::of(ctx.browser().as_bytes()), answer);
    let put = sealed::put(&ctx.app, Purpose::RepeatedAnswer, handle, &kept, LIFETIME);
    if let Err(error) = put.await {
        tracing::warn!(%error, "an answer cannot be kept for a second press");
    }
}

/// Returns where the browser was sent, while the code waits for its redemption.
pub async fn find(ctx: &PageContext, handle: &str) -> Option<String> {
    let app = &ctx.app;
    let kept: Option<(Digest, RepeatedAnswer)> =
        sealed::get(app, Purpose::RepeatedAnswer, handle).await.ok()?;
    let (browser, answer) = kept?;
    let waits = codes::is_unredeemed(app, &answer.code, &answer.client)
        .await
        .ok()?;
    (browser.matches(ctx.browser()) && waits).then_some(answer.location)
}
