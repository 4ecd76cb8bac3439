//! Short-lived single-use state: in this process, or in Redis when there are several nodes
//! (security.md ST-1). Everything expires, and `take` gives a value to one caller only (G-8).

mod memory;
mod redis;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use memory::Memory;
pub use redis::Redis;

use crate::clock::Clock;
use crate::domain::Time;

/// What a value is; each kind is a namespace of its own (security.md G-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An authorization code that waits for its redemption.
    Code,
    /// What is left of a spent code: the authorization that it began (RFC 6749 §4.1.2).
    SpentCode,
    /// An authorization request that its client pushed (RFC 9126).
    PushedRequest,
    /// What is left of a pushed request that was answered.
    AnsweredRequest,
    /// What a device asked for, by its device code (RFC 8628).
    DeviceCode,
    /// The same, by the code that the person enters.
    UserCode,
    /// What the person decided about a device.
    DeviceDecision,
    /// How often a device may ask.
    DevicePolling,
    /// How often a client may ask about its authentication request (CIBA).
    BackchannelPolling,
    /// What is left of a device code that was redeemed.
    SpentDeviceCode,
    /// An accepted authorization request that waits for the person.
    Interaction,
    /// A login that waits for its second step.
    SecondStep,
    /// An authenticator app or a passkey that is being set up.
    Enrolment,
    /// A challenge to a person's devices, until one answers.
    PasskeyChallenge,
    /// A logout on its way through the services that the browser visits.
    Logout,
    /// `jti` of a client assertion (RFC 7523 §3).
    AssertionId,
    /// `jti` of a request object (RFC 9101).
    RequestObjectId,
    /// `jti` of a proof of possession (RFC 9449 §11.1).
    ProofId,
    /// How often something happened in a window of time.
    Counter,
    /// The outcome of a POST, until the GET that follows it has shown it.
    PostOutcome,
    /// A form that was sent, so that a second press of its button has the outcome of the first.
    Submission,
    /// The request of a service that a sign-up or a recovery begins from, beyond the interaction's own life.
    RequestOfSignup,
    /// The answer to a request, until the service has redeemed its code.
    RepeatedAnswer,
    /// New recovery codes, until the person says that they are saved.
    RecoveryCodes,
}

impl Kind {
    const fn is_made_by_strangers(self) -> bool {
        matches!(
            self,
            Self::PushedRequest
                | Self::DeviceCode
                | Self::UserCode
                | Self::DevicePolling
                | Self::BackchannelPolling
                | Self::Interaction
                | Self::Logout
                | Self::Counter
                | Self::PostOutcome
                | Self::Submission
                | Self::RequestOfSignup
        )
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::SpentCode => "spent-code",
            Self::PushedRequest => "pushed-request",
            Self::AnsweredRequest => "answered-request",
            Self::DeviceCode => "device-code",
            Self::UserCode => "user-code",
            Self::DeviceDecision => "device-decision",
            Self::DevicePolling => "device-pace",
            Self::BackchannelPolling => "backchannel-pace",
            Self::SpentDeviceCode => "spent-device-code",
            Self::Interaction => "interaction",
            Self::SecondStep => "second-step",
            Self::Enrolment => "enrolment",
            Self::PasskeyChallenge => "passkey-question",
            Self::Logout => "logout",
            Self::AssertionId => "assertion",
            Self::RequestObjectId => "request-object",
            Self::ProofId => "proof",
            Self::Counter => "counter",
            Self::PostOutcome => "post-outcome",
            Self::Submission => "submission",
            Self::RequestOfSignup => "request-of-signup",
            Self::RepeatedAnswer => "repeated-answer",
            Self::RecoveryCodes => "recovery-codes",
        }
    }
}

/// The store cannot be reached. It is no `std::error::Error`, so that no caller can take it for a failure of its own,
/// which would be answered 500: each error of a room says what it makes of it, which is 503 (security.md ST-1).
#[derive(Debug)]
pub struct EphemeralError(::redis::RedisError);

impl EphemeralError {
    /// For the operator; the request is refused.
    pub fn into_cause(self) -> ::redis::RedisError {
        tracing::warn!(error = %self.0, "the ephemeral store cannot be reached");
        self.0
    }

    /// The request goes on without the store: `what` says what is missing.
    pub fn pass_over(self, what: &'static str) {
        tracing::warn!(error = %self.0, what, "the ephemeral store cannot be reached");
    }
}

impl From<::redis::RedisError> for EphemeralError {
    fn from(cause: ::redis::RedisError) -> Self {
        Self(cause)
    }
}

#[derive(Clone, Debug)]
pub enum Ephemeral {
    Memory(Memory),
    Redis(Redis),
}

impl Ephemeral {
    pub fn in_process(clock: Clock) -> Self {
        Self::Memory(Memory::new(clock))
    }

    /// `url` as `redis://…` or `rediss://…`; our keys begin with `prefix`. Fails when the server does
    /// not answer.
    pub async fn redis(url: &str, prefix: &str, clock: Clock) -> Result<Self, EphemeralError> {
        Redis::connect(url, prefix, clock).await.map(Self::Redis)
    }

    /// Keeps a value for `ttl`; one under the same key is replaced.
    pub async fn put(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<(), EphemeralError> {
        match self {
            Self::Memory(it) => it.put(kind, key, value, ttl),
            Self::Redis(it) => it.put(kind, key, value, ttl).await?,
        }
        Ok(())
    }

    /// Keeps a value unless the key is there already: `true` for the first caller only.
    pub async fn put_new(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        match self {
            Self::Memory(it) => Ok(it.put_new(kind, key, value, ttl)),
            Self::Redis(it) => it.put_new(kind, key, value, ttl).await,
        }
    }

    /// Replaces a value that is still there: `false` if it was taken or has expired, and it stays gone (security.md G-9).
    pub async fn replace(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        match self {
            Self::Memory(it) => Ok(it.replace(kind, key, value, ttl)),
            Self::Redis(it) => it.replace(kind, key, value, ttl).await,
        }
    }

    pub async fn get(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, EphemeralError> {
        match self {
            Self::Memory(it) => Ok(it.get(kind, key)),
            Self::Redis(it) => it.get(kind, key).await,
        }
    }

    /// Gives the value and removes it, in one step.
    pub async fn take(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, EphemeralError> {
        match self {
            Self::Memory(it) => Ok(it.take(kind, key)),
            Self::Redis(it) => it.take(kind, key).await,
        }
    }

    /// Counts one more in the current window and says how many there are now.
    pub async fn count(&self, key: &str, window: Duration) -> Result<u64, EphemeralError> {
        match self {
            Self::Memory(it) => Ok(it.count(key, window)),
            Self::Redis(it) => it.count(key, window).await,
        }
    }

    /// How many there are in the current window, without counting.
    pub async fn counted(&self, key: &str, window: Duration) -> Result<u64, EphemeralError> {
        match self {
            Self::Memory(it) => Ok(it.counted(key, window)),
            Self::Redis(it) => it.counted(key, window).await,
        }
    }

    /// Since when nothing was forgotten: assertions issued before are refused (security.md ST-1).
    pub async fn started_at(&self) -> Result<Time, EphemeralError> {
        match self {
            Self::Memory(it) => Ok(it.started_at()),
            Self::Redis(it) => it.started_at().await,
        }
    }

    /// Drops what has expired; Redis does so by itself.
    pub fn sweep(&self) {
        if let Self::Memory(it) = self {
            it.sweep();
        }
    }

    pub async fn ping(&self) -> Result<(), EphemeralError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(it) => it.ping().await,
        }
    }
}

/// The key of a counter's current window.
fn window_key(key: &str, now: Time, window: Duration) -> String {
    let window = i64::try_from(window.as_secs()).unwrap_or(i64::MAX).max(1);
    format!("{key}:{}", now.timestamp() / window)
}
