//! Deletes what has outlived its use. The job `sweep` calls it.

use chrono::Duration;
use sea_orm::DbErr;

use super::{Result, data_download, throttle};
use crate::app::App;
use crate::domain::Time;
use crate::domain::assisted_recovery;
use crate::domain::session::Session;
use crate::domain::{not_me, signup};
use crate::storage::batches::{ROWS, until_done};
use crate::storage::{
    assisted_recoveries, email_changes, email_codes, login_throttles, not_me_links, password_resets,
    pending_signups, sessions,
};

/// The time after which counters of failures that nobody added to are forgotten; stopped ones stay until a reset.
pub const THROTTLES_KEPT: Duration = Duration::days(30);
/// The time for which codes and links are kept: longer than any limit looks back (SU-3 counts a day) and than any link
/// is valid.
pub const PROOFS_KEPT: Duration = Duration::hours(25);
/// The time for which dead sessions stay: a token that was issued in one is distinguished from one that never was.
pub const SESSIONS_KEPT: Duration = Duration::days(1);

/// Deletes what has outlived its use (security.md SU-5, DS-3), and returns how many rows.
pub async fn sweep(app: &App) -> Result<u64> {
    let now = app.clock.now();
    let (db, stopping) = (&app.db, &app.stopping);
    let signups = now - signup::KEPT;
    let mut rows = until_done(stopping, || pending_signups::delete_made_before(db, signups)).await?;
    let proofs = now - PROOFS_KEPT;
    rows += until_done(stopping, || email_codes::delete_made_before(db, proofs)).await?;
    rows += until_done(stopping, || email_codes::delete_attempts_before(db, proofs)).await?;
    rows += until_done(stopping, || password_resets::delete_made_before(db, proofs)).await?;
    rows += until_done(stopping, || email_changes::delete_expired(db, now)).await?;
    let not_me = now - not_me::KEPT;
    rows += until_done(stopping, || not_me_links::delete_expired_before(db, not_me)).await?;
    let dead = Session::dead_before(now) - SESSIONS_KEPT;
    rows += until_done(stopping, || forget_sessions(app, dead)).await?;
    rows += data_download::sweep(app, now).await?;
    let recoveries = now - assisted_recovery::KEPT;
    rows += until_done(stopping, || {
        assisted_recoveries::delete_ended_before(db, recoveries)
    })
    .await?;
    let throttles = now - THROTTLES_KEPT;
    rows += until_done(stopping, || {
        login_throttles::delete_stale(db, throttle::STOPPED, throttles)
    })
    .await?;
    Ok(rows)
}

async fn forget_sessions(app: &App, before: Time) -> std::result::Result<u64, DbErr> {
    let dead = sessions::list_dead(app.db.read(), before, ROWS).await?;
    if dead.is_empty() {
        return Ok(0);
    }
    let dead = &dead;
    app.db
        .write(async |tx| sessions::delete_dead(tx, dead, before).await)
        .await
}
