//! Removes what has expired. Rows that are over are refused before they are removed: a sweep that comes
//! late changes nothing but their number.

use chrono::Duration;

use crate::accounts;
use crate::app::App;
use crate::storage::{authentication_requests, outbox, registrations, revocations, session_clients, tokens};

/// ST-3: what was spent is remembered until it would have expired, plus this.
const REMEMBER: Duration = Duration::minutes(10);
/// How long a person and a service can see that a request has expired.
const REQUESTS_KEPT: Duration = Duration::hours(1);
/// How long the outbox tells that a mail was sent.
const MAILS_KEPT: Duration = Duration::days(7);

/// Each on its own: no transaction over all of them, which would keep writers waiting.
pub async fn sweep(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.ephemeral.sweep();
    let mut rows = accounts::retention::sweep(app).await?;
    rows += tokens::delete_expired(app.db.read(), now - REMEMBER).await?;
    rows += revocations::delete_expired(app.db.read(), now - REMEMBER).await?;
    rows += authentication_requests::delete_expired(app.db.read(), now - REQUESTS_KEPT).await?;
    rows += registrations::delete_expired(app.db.read(), now - REMEMBER).await?;
    rows += session_clients::delete_orphans(app.db.read()).await?;
    if !app.mailer.keeps_text() {
        rows += outbox::delete_done(app.db.read(), now - MAILS_KEPT).await?;
    }
    if rows > 0 {
        tracing::debug!(rows, "swept");
    }
    Ok(())
}
