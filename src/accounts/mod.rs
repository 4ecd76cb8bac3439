//! Verifies people: sign-up, the code that verifies an address, login, recovery, sessions, profile (product.md
//! "Sign-up"; security.md section 8). Doors call it and hold no rule of their own. Every change is one transaction with
//! its audit record and its mail (ST-2). Organizations are in `affiliations`, the protocol is in `oidc`.

pub mod administrators;
pub mod assistance;
pub mod assisted_recovery;
pub mod checkup;
pub mod data_download;
pub mod data_file;
mod effort;
pub mod deletion;
pub mod email_undo;
pub mod erasure;
mod error;
pub mod foreign_hash;
mod former_addresses;
pub mod history;
pub mod import;
pub mod invitations;
pub mod known_browser;
pub mod login;
mod mail_link;
mod new_password;
pub mod newsletter;
pub mod newsletter_subscribers;
pub mod not_me;
mod not_me_link;
pub mod notifications;
pub mod outgoing_mails;
pub mod password;
pub mod person;
mod personal_keys;
pub mod profile;
pub mod publication_draft;
pub mod publications;
pub mod recovery;
pub mod retention;
pub mod roles;
pub mod search_words;
pub mod second_factor;
mod securing;
pub mod sessions;
pub mod signup;
pub mod staff;
pub mod stop_link;
pub mod suspension;
pub mod terms;
pub mod terms_versions;
mod throttle;
pub mod verification;
pub mod viewing;

pub use error::{Error, Result};
pub use new_password::NewPassword;

use crate::app::App;
use crate::domain::Time;
use crate::domain::account::UniqueKey;
use crate::domain::session::Session;

/// Returns the keyed digest that tables keep of an address, so that limits can count by it and no reader learns it.
fn address_label(app: &App, address: &UniqueKey) -> String {
    base16ct::lower::encode_string(&app.keys.hmac("address", address.as_str().as_bytes())[..16])
}

/// Refuses a session without a login in the last minutes. SE-4: changes of credentials ask for one.
fn require_recent(session: &Session, now: Time) -> Result<()> {
    if session.is_recent(now) {
        Ok(())
    } else {
        Err(Error::ReauthenticationNeeded)
    }
}
