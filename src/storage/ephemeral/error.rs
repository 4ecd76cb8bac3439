//! The one failure of the store: it cannot be reached. Each error of a room converts it.

/// The store cannot be reached. It does not implement `std::error::Error`, so that no `?` turns it into a failure that
/// is answered 500. Each error of a room converts it explicitly, into one that is answered 503 (security.md ST-1).
#[derive(Debug)]
pub struct EphemeralError(::redis::RedisError);

impl EphemeralError {
    /// Returns the cause, for the operator. The request is refused.
    pub fn into_cause(self) -> ::redis::RedisError {
        tracing::warn!(error = %self.0, "the ephemeral store cannot be reached");
        self.0
    }

    /// Logs the failure where the request goes on without the store. `what` says what is missing.
    pub fn pass_over(self, what: &'static str) {
        tracing::warn!(error = %self.0, what, "the ephemeral store cannot be reached");
    }
}

impl From<::redis::RedisError> for EphemeralError {
    fn from(cause: ::redis::RedisError) -> Self {
        Self(cause)
    }
}
