//! Mails to a person about what happens in other rooms, which do not name templates: a room calls them in its own
//! transaction. The mails of this room are written where their cause is.

use crate::app::Tx;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::mail;
use crate::templates::mails::{AuthenticationRequested, ClientOwnership};

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

/// Mails the person that they are an owner of a service now, whose page has this path, or no longer are one (security.md AD-8).
pub async fn client_ownership(
    tx: &Tx,
    to: &Account,
    service: &str,
    path: Option<String>,
) -> Result<(), mail::Error> {
    let mail = ClientOwnership {
        name: to.profile.full_name(),
        service: service.to_owned(),
        path,
    };
    tx.mail(to, &mail).await
}
