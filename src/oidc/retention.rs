//! Deletes what has outlived its use in the protocol. The job `sweep` calls it; `accounts::retention` does the same for
//! what belongs to accounts.

use std::time::Duration;

use sea_orm::DbErr;

use super::{clients, shared_signals};
use crate::app::App;
use crate::domain::Time;
use crate::oidc::global_revocation;
use crate::storage::batches::{ROWS, until_done};
use crate::storage::{
    authentication_requests, client_registrations, global_revocations, refresh_tokens, revocations,
};

/// The time for which a spent value is remembered after its expiry (security.md ST-3).
pub(super) const SPENT_KEPT: Duration = Duration::from_mins(10);
/// The time for which a person and a service can see that a request has expired.
const REQUESTS_KEPT: Duration = Duration::from_hours(1);

/// Deletes what has expired, table by table, and returns how many rows were examined. Expired rows are refused whether
/// they are removed or not, so a late sweep changes nothing but their number.
pub async fn sweep(app: &App) -> Result<u64, DbErr> {
    let now = app.clock.now();
    let (db, stopping) = (&app.db, &app.stopping);
    let (spent, requests) = (now - SPENT_KEPT, now - REQUESTS_KEPT);
    let mut rows = until_done(stopping, || forget_families(app, spent)).await?;
    rows += until_done(stopping, || revocations::delete_expired(db, spent)).await?;
    let over = now - global_revocation::KEPT;
    rows += until_done(stopping, || global_revocations::delete_completed(db, over)).await?;
    rows += until_done(stopping, || authentication_requests::delete_expired(db, requests)).await?;
    rows += shared_signals::sweep(app).await?;
    rows += until_done(stopping, || client_registrations::delete_expired(db, spent)).await?;
    rows += until_done(stopping, || clients::forget_counts(app)).await?;
    Ok(rows)
}

/// Deletes a batch of expired families. Returns how many were examined.
async fn forget_families(app: &App, before: Time) -> Result<u64, DbErr> {
    let families = refresh_tokens::list_to_look_at(app.db.read(), before, ROWS).await?;
    if !families.is_empty() {
        let families = &families;
        app.db
            .write(async |tx| refresh_tokens::delete_expired(tx, families, before).await)
            .await?;
    }
    Ok(families.len() as u64)
}
