//! The one failure of the store: it cannot be reached.

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
