//! Has each room remove what has expired. What is kept, and for how long, is decided there.

use crate::app::App;
use crate::{accounts, audit, mail, oidc};

/// Sweeps room by room, in small transactions.
pub async fn sweep(app: &App) -> anyhow::Result<()> {
    app.ephemeral.sweep();
    let mut rows = accounts::retention::sweep(app).await?;
    rows += audit::sweep(&app.db, &app.keys, app.clock.now(), &app.stopping).await?;
    rows += oidc::retention::sweep(app).await?;
    rows += mail::outbox::sweep(&app.db, &app.mailer, app.clock.now(), &app.stopping).await?;
    if rows > 0 {
        tracing::debug!(rows, "swept");
    }
    Ok(())
}
