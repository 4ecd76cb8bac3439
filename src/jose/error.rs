//! The failures on our side of JOSE. A client's mistake is a `jws::Refusal`.

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this key does not sign with {0}")]
    Algorithm(&'static str),
    #[error("cryptography failed: {0}")]
    Crypto(String),
}

impl From<josekit::JoseError> for Error {
    fn from(error: josekit::JoseError) -> Self {
        Self::Crypto(error.to_string())
    }
}
