//! `[policy]`: what the deployment demands of the people who hold an office, beyond what the product demands of everybody.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use crate::domain::role::Duty;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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

/// A file with the section alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    policy: Policy,
}

impl Policy {
    /// Writes the section as `itu-account.toml` has it, with every key.
    pub fn to_toml(&self) -> String {
        let duties: Vec<String> = self.second_factor.iter().map(|it| format!("\"{it}\"")).collect();
        let grace = duration::words(self.second_factor_grace);
        format!(
            "[policy]\nsecond_factor = [{}]\nsecond_factor_grace = \"{grace}\"\n",
            duties.join(", ")
        )
    }

    /// Reads such a section; refuses other keys, with their line.
    pub fn from_toml(text: &str) -> Result<Self, (u64, String)> {
        let section: Result<Section, toml::de::Error> = toml::from_str(text);
        section.map(|it| it.policy).map_err(|error| {
            let at = error.span().map_or(0, |it| it.start);
            let before = text.as_bytes().get(..at).unwrap_or_default();
            let line = 1 + before.iter().filter(|it| **it == b'\n').count() as u64;
            (line, error.message().to_owned())
        })
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let most = Duration::from_hours(90 * 24);
        (self.second_factor_grace > most)
            .then(|| "[policy] second_factor_grace is at most 90d".to_owned())
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for second_factor in [
            vec![],
            vec![Duty::Administrator],
            vec![Duty::Administrator, Duty::FocalPoint],
        ] {
            let policy = Policy {
                second_factor,
                second_factor_grace: Duration::from_hours(36),
            };
            assert_eq!(Policy::from_toml(&policy.to_toml()), Ok(policy));
        }
        let (line, _) = Policy::from_toml("[policy]\nsecond_faktor = []\n").expect_err("refused");
        assert_eq!(line, 2);
    }
}
