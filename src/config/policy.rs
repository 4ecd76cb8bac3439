//! `[policy]`: what the deployment demands of the people who hold an office, beyond what the product demands of everybody.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use crate::domain::role::Duty;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The offices that need a second factor.
    pub second_factor: Vec<Duty>,
    /// The time to set it up, from the first login under this policy.
    #[serde(deserialize_with = "duration::deserialize")]
    pub second_factor_grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            second_factor: Vec::new(),
            second_factor_grace: Duration::from_hours(14 * 24),
        }
    }
}

impl Policy {
    pub(super) fn problems(&self) -> Vec<String> {
        let most = Duration::from_hours(90 * 24);
        (self.second_factor_grace > most)
            .then(|| "[policy] second_factor_grace is at most 90d".to_owned())
            .into_iter()
            .collect()
    }
}
