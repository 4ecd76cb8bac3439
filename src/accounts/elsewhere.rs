//! What a person is told who is elsewhere while a service asks whether it is them (CIBA).

use super::{Error, Result};
use crate::app::App;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::mail::Email;
use crate::templates::mails::AuthenticationRequested;

/// Carries a plain link to the page where it is answered, no power, and nothing that the client wrote but its
/// registered name (security.md DV-3).
pub fn email(app: &App, to: &Account, service: &str, until: Time) -> Result<Email> {
    let mail = AuthenticationRequested {
        name: to.profile.full_name(),
        service: service.to_owned(),
        until,
    };
    Email::render(&app.templates, &to.email, to.language, &mail).map_err(Error::failed)
}
