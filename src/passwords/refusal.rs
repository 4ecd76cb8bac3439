//! The reasons why the hash of a password is not taken over. None repeats the hash.

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "password_hash is of no kind that can be verified here; without one, the person sets a password by \"Forgot \
         password?\""
    )]
    Unknown,
    #[error("password_hash begins as {0} does, and does not go on so")]
    Malformed(&'static str),
    #[error(
        "password_hash ({format}) would take too long or too much memory: at most {most}; without one, the person \
         sets a password by \"Forgot password?\""
    )]
    Costly {
        format: &'static str,
        most: &'static str,
    },
    #[error("password_hash has a pepper (keyid) or data that this service does not have")]
    Pepper,
}
