//! What is forgotten, and when: called by the clock's door.

use chrono::Duration;

use super::{Result, throttle};
use crate::app::App;
use crate::domain::session::Session;
use crate::domain::signup;
use crate::storage::{email_codes, login_throttles, password_resets, pending_signups, sessions};

/// Counters of failures that nobody added to are forgotten; stopped ones stay until a reset.
const THROTTLES_KEPT: Duration = Duration::days(30);
/// Longer than any limit looks back (SU-3 counts a day) and than any link lives.
const PROOFS_KEPT: Duration = Duration::hours(25);
/// Dead sessions stay a while: what was issued in them is told apart from what never was.
const SESSIONS_KEPT: Duration = Duration::days(1);

/// Deletes what has lived out its time (security.md SU-5, DS-3). How much that was.
pub async fn sweep(app: &App) -> Result<u64> {
    let now = app.clock.now();
    let db = app.db.read();
    let (idle, absolute) = Session::dead_before(now);
    Ok(pending_signups::delete_made_before(db, now - signup::KEPT).await?
        + email_codes::delete_made_before(db, now - PROOFS_KEPT).await?
        + password_resets::delete_made_before(db, now - PROOFS_KEPT).await?
        + sessions::delete_dead(db, idle - SESSIONS_KEPT, absolute - SESSIONS_KEPT).await?
        + login_throttles::delete_stale(db, throttle::STOPPED, now - THROTTLES_KEPT).await?)
}
