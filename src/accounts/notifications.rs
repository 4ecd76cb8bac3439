//! Mails to a person about what happens in other rooms, which do not name templates: a room calls them in its own
//! transaction. The mails of this room are written where their cause is.

use crate::app::Tx;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::mail;
use crate::templates::mails::AuthenticationRequested;

/// Mails the person that a service asks who they are, until `until` (CIBA).
pub async fn authentication_requested(
    tx: &Tx,
    to: &Account,
    service: &str,
    until: Time,
) -> Result<(), mail::Error> {
    let mail = AuthenticationRequested {
        name: to.profile.full_name(),
        service: service.to_owned(),
        until,
    };
    tx.mail(to, &mail).await
}
