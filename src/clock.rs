//! The one source of time. Tests freeze and move it.

#[cfg(feature = "testing")]
use std::sync::{Arc, Mutex};

use chrono::{DateTime, SubsecRound, Utc};

use crate::domain::Time;

#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    #[cfg(feature = "testing")]
    Frozen(Arc<Mutex<Time>>),
}

impl Clock {
    #[cfg(feature = "testing")]
    pub fn frozen(at: Time) -> Self {
        Self::Frozen(Arc::new(Mutex::new(at.trunc_subsecs(6))))
    }

    /// Returns the time now, in whole microseconds: both databases can keep those.
    #[expect(clippy::disallowed_methods, reason = "the one caller of Utc::now")]
    pub fn now(&self) -> Time {
        match self {
            Self::System => Utc::now().trunc_subsecs(6),
            #[cfg(feature = "testing")]
            Self::Frozen(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        }
    }

    /// Moves a frozen clock; the system's is not ours to move.
    #[cfg(feature = "testing")]
    pub fn advance(&self, by: chrono::Duration) {
        if let Self::Frozen(at) = self {
            let mut at = at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *at += by;
        }
    }
}

/// Returns a time from Unix seconds, if it is one.
pub fn from_unix(seconds: i64) -> Option<Time> {
    DateTime::from_timestamp(seconds, 0)
}
