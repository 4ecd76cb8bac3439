//! A service that people are provisioned to by SCIM (RFC 7644): ahead of their login, and no longer when they have left.

use serde::{Deserialize, Serialize};

use super::organization::words;
use super::{AccountId, ClientId, ReceiverId, Time};

words! {
    /// Whom a service is provisioned with. It is never more than the client may see.
    ProvisionedPeople {
        /// Those who used it.
        Used = "used",
        /// Those, and whom its access policy lets in, ahead of their login.
        Policy = "policy",
    }
}

/// What is stored of it beside its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimTarget {
    pub receiver: ReceiverId,
    pub client: ClientId,
    pub people: ProvisionedPeople,
    pub walk: Walk,
    /// The time at which somebody may go on with the walk; `None` if it is over.
    pub walk_due_at: Option<Time>,
    /// The end of the last whole walk.
    pub walked_at: Option<Time>,
}

/// The place in the walk over all whom it concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Walk {
    /// At the beginning.
    #[default]
    Begin,
    /// Among those whom the client sees, after this subject.
    Visible(String),
    /// Among those whom the service has, after this account: whoever is not seen any more is found here.
    Provisioned(Option<AccountId>),
}

/// A user of the service, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteUser {
    pub receiver: ReceiverId,
    pub account: AccountId,
    /// The id that the service gave; `None` if a user may have been made, and nobody has read its id.
    pub remote_id: Option<String>,
    /// The digest of what the service has; empty if that is not known.
    pub digest: String,
}
