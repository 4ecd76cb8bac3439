//! Removes what has expired. Expired rows are refused whether they are removed or not, so a late sweep changes nothing
//! but their number.

use chrono::Duration;
use sea_orm::DbErr;

use crate::accounts;
use crate::app::App;
use crate::domain::Time;
use crate::storage::batches::{ROWS, until_done};
use crate::storage::{authentication_requests, client_registrations, outbox, refresh_tokens, revocations};

/// The time for which a spent value is remembered after its expiry (ST-3).
const REMEMBER: Duration = Duration::minutes(10);
/// The time for which a person and a service can see that a request has expired.
const REQUESTS_KEPT: Duration = Duration::hours(1);
/// The time for which the outbox keeps a mail that was sent.
const MAILS_KEPT: Duration = Duration::days(7);

/// Sweeps each table on its own, in small transactions.
pub async fn sweep(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let (db, stopping) = (&app.db, &app.stopping);
    app.ephemeral.sweep();
    let mut rows = accounts::retention::sweep(app).await?;
    let spent = now - REMEMBER;
    rows += until_done(stopping, || look_at_tokens(app, spent)).await?;
    rows += until_done(stopping, || revocations::delete_expired(db, spent)).await?;
    let requests = now - REQUESTS_KEPT;
    rows += until_done(stopping, || authentication_requests::delete_expired(db, requests)).await?;
    rows += until_done(stopping, || client_registrations::delete_expired(db, spent)).await?;
    if !app.mailer.keeps_text() {
        rows += until_done(stopping, || outbox::delete_done(db, now - MAILS_KEPT)).await?;
    }
    if rows > 0 {
        tracing::debug!(rows, "swept");
    }
    Ok(())
}

/// Deletes a batch of expired families. Returns how many were examined.
async fn look_at_tokens(app: &App, now: Time) -> Result<u64, DbErr> {
    let families = refresh_tokens::list_to_look_at(app.db.read(), now, ROWS).await?;
    if !families.is_empty() {
        let families = &families;
        app.db
            .write(async |tx| refresh_tokens::delete_expired(tx, families, now).await)
            .await?;
    }
    Ok(families.len() as u64)
}
