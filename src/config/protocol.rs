//! `[authorization]`, `[registration]`, `[tokens]`: the features that the provider offers, and their lifetimes.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use crate::domain::authorization_details::DetailsTypes;
use crate::domain::client::ResponseType;
use crate::domain::profile::Language;

/// `[authorization]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Authorization {
    /// The response types that registered clients may use (security.md AZ-4).
    pub response_types: Vec<ResponseType>,
    /// `true` if request objects are fetched from addresses that clients registered (security.md AZ-8).
    pub request_uri: bool,
    /// The time in which a pushed request may be opened (security.md AZ-9).
    #[serde(deserialize_with = "duration::deserialize")]
    pub pushed_request: Duration,
    /// The time to sign in and consent (security.md AZ-6).
    #[serde(deserialize_with = "duration::deserialize")]
    pub interaction: Duration,
    /// The types of rich authorization requests (RFC 9396 §2.1), and what a person reads about each.
    pub details: DetailsTypes,
}

impl Default for Authorization {
    fn default() -> Self {
        Self {
            response_types: vec![ResponseType::CODE],
            request_uri: false,
            pushed_request: Duration::from_mins(1),
            interaction: Duration::from_mins(10),
            details: DetailsTypes::new(),
        }
    }
}

impl Authorization {
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.response_types.is_empty() {
            problems
                .push("[authorization] response_types: at least one; [\"code\"] serves every client".into());
        }
        for response_type in &self.response_types {
            if !ResponseType::ALL.contains(response_type) {
                problems.push(format!(
                    "[authorization] response_types: \"{response_type}\" is not one of OpenID Connect"
                ));
            }
        }
        if self.pushed_request.is_zero() || self.pushed_request > Duration::from_mins(10) {
            problems.push("[authorization] pushed_request is more than 0s and at most 10m".into());
        }
        for (name, details) in &self.details {
            let languages: Vec<&str> = Language::ALL.iter().map(|it| it.as_str()).collect();
            if let Some(unknown) = details.label.keys().find(|it| !languages.contains(&it.as_str())) {
                problems.push(format!(
                    "[authorization.details.{name}] label: \"{unknown}\" is not one of {}",
                    languages.join(", ")
                ));
            }
        }
        problems
    }
}

/// `[registration]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Registration {
    pub mode: RegistrationMode,
    /// Redirects errors to clients that registered themselves before the person has acted (security.md AZ-13). It is
    /// for certification.
    pub automatic_redirects: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationMode {
    #[default]
    Off,
    Token,
    Open,
}

/// `[tokens]`: lifetimes.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tokens {
    #[serde(deserialize_with = "duration::deserialize")]
    pub authorization_code: Duration,
    #[serde(deserialize_with = "duration::deserialize")]
    pub access_token: Duration,
    #[serde(deserialize_with = "duration::deserialize")]
    pub id_token: Duration,
    #[serde(deserialize_with = "duration::deserialize")]
    pub client_credentials: Duration,
    /// The time for which an unused refresh token is valid.
    #[serde(deserialize_with = "duration::deserialize")]
    pub refresh_idle: Duration,
    /// The time for which a family of refresh tokens is valid, rotated or not.
    #[serde(deserialize_with = "duration::deserialize")]
    pub refresh_absolute: Duration,
    /// `true` if DPoP proofs must have a nonce of ours (RFC 9449 §8).
    pub dpop_nonces: bool,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            authorization_code: Duration::from_mins(1),
            access_token: Duration::from_mins(10),
            id_token: Duration::from_mins(10),
            client_credentials: Duration::from_mins(10),
            refresh_idle: Duration::from_hours(14 * 24),
            refresh_absolute: Duration::from_hours(30 * 24),
            dpop_nonces: false,
        }
    }
}

impl Tokens {
    /// Returns the longest lifetime of anything that we sign. A key stays published for that long.
    pub fn longest_signed(&self) -> Duration {
        self.id_token.max(self.access_token).max(self.client_credentials)
    }

    pub(super) fn problems(&self) -> Vec<String> {
        // The bounds in security.md TK-1, TK-4, TK-5.
        let bounds = [
            (
                "authorization_code",
                self.authorization_code,
                Duration::from_mins(10),
            ),
            ("access_token", self.access_token, Duration::from_mins(60)),
            ("id_token", self.id_token, Duration::from_mins(60)),
            (
                "client_credentials",
                self.client_credentials,
                Duration::from_mins(60),
            ),
            ("refresh_idle", self.refresh_idle, self.refresh_absolute),
            (
                "refresh_absolute",
                self.refresh_absolute,
                Duration::from_hours(90 * 24),
            ),
        ];
        bounds
            .iter()
            .filter(|(_, value, most)| value > most || value.is_zero())
            .map(|(name, _, most)| {
                format!(
                    "[tokens] {name} is more than 0s and at most {}",
                    duration::words(*most)
                )
            })
            .collect()
    }
}
