//! The fixed windows of time in which counters count.

use std::time::Duration;

use crate::domain::Time;

/// Returns the key of a counter's current window.
pub(super) fn window_key(key: &str, now: Time, window: Duration) -> String {
    let window = i64::try_from(window.as_secs()).unwrap_or(i64::MAX).max(1);
    format!("{key}:{}", now.timestamp() / window)
}
