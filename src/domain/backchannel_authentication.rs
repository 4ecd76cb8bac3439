//! A service's request that a person proves who they are, elsewhere: its content, its lifetime, and its outcome (OpenID
//! Connect Client-Initiated Backchannel Authentication Core 1.0, here CIBA).

use chrono::Duration;

use super::authentication::WantedAcr;
use super::authorization::Grant;
use super::authorization_details::AuthorizationDetails;
use super::scope::Scope;
use super::secret::Digest;
use super::{AccountId, AuthenticationRequestId, ClientId, Time, text};

/// The lifetime of a request whose service does not say: long enough to find the mail.
pub const LIFETIME: Duration = Duration::minutes(10);

/// The longest lifetime that a service may ask for (CIBA §7.1, `requested_expiry`): the person still remembers why
/// they are asked.
pub const LONGEST: Duration = Duration::minutes(30);

/// The longest message that a person compares at a glance (CIBA §7.1: relatively short, plain text).
pub const LONGEST_BINDING_MESSAGE: usize = 100;

#[derive(Clone, Debug, PartialEq)]
pub struct AuthenticationRequest {
    /// The identifier in the person's form; it grants nothing.
    pub id: AuthenticationRequestId,
    /// The digest of the client and its `auth_req_id`: another's is not found by it.
    pub digest: Digest,
    pub client_id: ClientId,
    /// The person; `None` if the hint named nobody, which the service is not to learn. Such a request waits until it
    /// expires.
    pub account: Option<AccountId>,
    /// The scope, limited to what the client may have.
    pub scope: Scope,
    /// The resources that the tokens may be for (RFC 8707 §2.1); none named: us.
    pub resources: Vec<String>,
    /// The details of the request, beyond its scope (RFC 9396 §2).
    pub details: AuthorizationDetails,
    /// The classes of login that the service would like, in its order of preference.
    pub acr_values: Vec<String>,
    pub binding_message: Option<String>,
    pub requested_at: Time,
    pub expires_at: Time,
    pub stage: Stage,
}

/// The stage of a request. The person moves it from `Waiting`, once; the service moves it from `Allowed` to `Spent`,
/// once.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    Waiting,
    Allowed(Box<Grant>),
    Denied,
    Spent(Box<Grant>),
}

impl Stage {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Allowed(_) => "allowed",
            Self::Denied => "denied",
            Self::Spent(_) => "spent",
        }
    }
}

impl AuthenticationRequest {
    pub fn is_expired(&self, now: Time) -> bool {
        now >= self.expires_at
    }

    /// Returns the classes as a wish (CIBA §7.1): a login of another class is stated as what it is.
    pub fn wanted_acr(&self) -> WantedAcr<'_> {
        WantedAcr {
            values: self.acr_values.iter().map(String::as_str).collect(),
            essential: false,
        }
    }

    /// Returns `true` if the person may still decide.
    pub fn is_waiting(&self, now: Time) -> bool {
        self.stage == Stage::Waiting && !self.is_expired(now)
    }
}

/// Returns `true` if the message can be shown as it came (CIBA §13, `invalid_binding_message`).
pub fn is_plain(binding_message: &str) -> bool {
    text::line(binding_message, LONGEST_BINDING_MESSAGE).is_ok_and(|it| it == binding_message)
}

/// Returns the lifetime of a request that asks for `seconds`; `None` if that is no time to wait.
pub fn lifetime(seconds: i64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::seconds(seconds.min(LONGEST.num_seconds())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_message_is_short_and_plain() {
        for good in ["1234", "W4SCT", "Paiement de 12,50 CHF", "Зал 3", "品川"] {
            assert!(is_plain(good), "{good}");
        }
        let long = "a".repeat(101);
        for bad in [
            "",
            " 1234",
            "1234 \u{1f44d}",
            "12\n34",
            "\u{202e}4321",
            "P\u{430}y",
            "e\u{301}",
            &long,
        ] {
            assert!(!is_plain(bad), "{bad}"); // CIBA §13, DR-5
        }
    }

    #[test]
    fn a_request_waits_for_as_long_as_it_asks_within_bounds() {
        let seconds = |of| lifetime(of).map(|it| it.num_seconds());
        assert_eq!([10, 300, 1800].map(seconds), [Some(10), Some(300), Some(1800)]);
        assert_eq!([1801, i64::MAX].map(seconds), [Some(1800), Some(1800)]);
        assert_eq!([0, -1, i64::MIN].map(seconds), [None; 3]);
    }
}
