//! Who hears of what happens to people: a stream of Shared Signals, which the service made, or a webhook or a SCIM target,
//! which an administrator made for it.

use super::organization::words;
use super::signal::{ReceiverStatus, SignalKind};
use super::{ClientId, ReceiverId, Time};

words! {
    /// The way by which a receiver gets its events.
    ReceiverKind {
        /// RFC 8935
        Push = "push",
        /// RFC 8936
        Poll = "poll",
        /// Standard Webhooks
        Webhook = "webhook",
        /// RFC 7644: the service has users, which are made what people are here.
        Scim = "scim",
    }
}

impl ReceiverKind {
    /// Returns `true` for a stream of Shared Signals.
    pub fn is_stream(self) -> bool {
        matches!(self, Self::Push | Self::Poll)
    }

    /// Returns the delivery method of a stream (SSF 1.0 §6.1).
    pub const fn method(self) -> Option<&'static str> {
        match self {
            Self::Push => Some("urn:ietf:rfc:8935"),
            Self::Poll => Some("urn:ietf:rfc:8936"),
            Self::Webhook | Self::Scim => None,
        }
    }

    pub fn of_method(method: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.method() == Some(method))
    }
}

/// A receiver as it is stored. What is sealed is for the sender alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    pub id: ReceiverId,
    pub client: ClientId,
    pub kind: ReceiverKind,
    pub status: ReceiverStatus,
    pub status_reason: Option<String>,
    /// The address to which events are sent; `None` if the receiver asks for them.
    pub endpoint: Option<String>,
    /// The `Authorization` header that a push receiver or a SCIM target wants to see.
    pub sealed_authorization: Option<String>,
    /// The secret that signs what a webhook gets.
    pub sealed_secret: Option<String>,
    pub sealed_former_secret: Option<String>,
    pub former_secret_until: Option<Time>,
    /// The event types that it asked for, as it wrote them.
    pub events: Vec<String>,
    pub description: String,
    /// Counts the changes of what receiver and administrators decide.
    pub version: i64,
    pub created_at: Time,
    pub progress: Progress,
}

/// How the delivery to a receiver goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The time at which somebody may send to it.
    pub next_at: Time,
    /// The failures since the last success.
    pub failures: i32,
    pub delivered: i64,
    pub last_success_at: Option<Time>,
    pub last_failure_at: Option<Time>,
    pub last_failure: Option<String>,
    pub verification_at: Option<Time>,
}

impl Progress {
    pub const fn new(now: Time) -> Self {
        Self {
            next_at: now,
            failures: 0,
            delivered: 0,
            last_success_at: None,
            last_failure_at: None,
            last_failure: None,
            verification_at: None,
        }
    }
}

impl Receiver {
    /// Returns the kinds that it asked for and gets.
    pub fn kinds(&self) -> Vec<SignalKind> {
        let mut kinds: Vec<_> = self
            .events
            .iter()
            .filter_map(|it| SignalKind::of_event_type(it))
            .collect();
        kinds.dedup();
        kinds
    }
}
