//! The two fields of a new password, as every form and command that sets one has them.

use super::{Error, Result};
use crate::app::App;
use crate::domain::account::EmailAddress;
use crate::domain::password::{Password, Rule};
use crate::domain::profile::FieldErrors;

/// A new password as it was typed.
#[derive(Clone, Copy)]
pub struct NewPassword<'a> {
    pub password: &'a str,
    pub confirmation: &'a str,
}

impl std::fmt::Debug for NewPassword<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl NewPassword<'_> {
    /// Returns the password, or adds to `errors` why it is refused. Without an address its own rule cannot be asked.
    pub(super) fn choose(
        self,
        app: &App,
        errors: &mut FieldErrors,
        email: Option<&EmailAddress>,
        names: &[&str],
    ) -> Option<Password> {
        let chosen = Password::choose(self.password, email, names, &app.blocklist);
        if let Err(broken) = &chosen {
            let key = if self.password.is_empty() {
                "error.required"
            } else {
                broken
                    .first()
                    .map_or("error.password.rules", |rule: &Rule| rule.key())
            };
            errors.insert("password", key);
        } else if self.password != self.confirmation {
            errors.insert("password_confirmation", "error.password.different");
            return None;
        }
        chosen.ok()
    }
}

/// Returns the hash of a new password, unless the operator's breach service has it. The rules, which cost nothing, have
/// been asked before, and so has the limit of attempts.
pub(super) async fn hash(app: &App, new: &Password) -> Result<String> {
    if app.breach_service.has(new).await {
        return Err(Error::field("password", Rule::Common.key()));
    }
    Ok(app.passwords.hash(new).await?)
}
