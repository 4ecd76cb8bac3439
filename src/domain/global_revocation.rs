//! Global revocation: all that was issued until a moment ends at once, for a person, a client, the people of an
//! organization, or everybody. `oidc::global_revocation` carries it out.

use super::{AccountId, ClientId, OrganizationId, Time, id};

id! {
    GlobalRevocationId,
}

/// Whose tokens end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationTarget {
    /// What services hold of one person.
    Account(AccountId),
    /// What one client holds, of anybody and of itself.
    Client(ClientId),
    /// What services hold of the people who belong to an organization.
    Organization(OrganizationId),
    Everything,
}

impl RevocationTarget {
    pub const KINDS: [&str; 4] = ["account", "client", "organization", "everything"];

    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Client(_) => "client",
            Self::Organization(_) => "organization",
            Self::Everything => "everything",
        }
    }

    /// Returns the identifier; everything has none.
    pub fn id(&self) -> &str {
        match self {
            Self::Account(id) => id.as_str(),
            Self::Client(id) => id.as_str(),
            Self::Organization(id) => id.as_str(),
            Self::Everything => "",
        }
    }

    pub fn of(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "account" => Some(Self::Account(AccountId::new(id))),
            "client" => Some(Self::Client(ClientId::new(id))),
            "organization" => Some(Self::Organization(OrganizationId::new(id))),
            "everything" => Some(Self::Everything),
            _ => None,
        }
    }

    /// Returns the object of its records in the audit trail.
    pub fn object(&self) -> String {
        match self {
            Self::Everything => "provider:everything".to_owned(),
            other => format!("{}:{}", other.kind(), other.id()),
        }
    }

    /// Returns `true` if sessions can end with the tokens: a client has none of its own.
    pub const fn has_sessions(&self) -> bool {
        !matches!(self, Self::Client(_))
    }
}

/// What a revocation has ended so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The people of whom anything ended; of a client they are not counted.
    pub people: u64,
    pub sessions: u64,
    /// Permissions that outlive sessions, each with all its tokens.
    pub grants: u64,
}

impl Ended {
    pub const fn and(self, more: Self) -> Self {
        Self {
            people: self.people + more.people,
            sessions: self.sessions + more.sessions,
            grants: self.grants + more.grants,
        }
    }
}

/// One revocation. Tokens are refused from its start; `ended` counts what was removed since, in batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalRevocation {
    pub id: GlobalRevocationId,
    pub target: RevocationTarget,
    /// The latest time of what ends.
    pub until: Time,
    pub ends_sessions: bool,
    pub requested_at: Time,
    pub ended: Ended,
    /// The key up to which batches have come; empty at the start.
    pub reached: String,
    /// The number of batches.
    pub version: i64,
    pub completed_at: Option<Time>,
}

impl GlobalRevocation {
    /// Returns `true` if something that was issued later may descend from what ends: a refresh token of a permission given
    /// before `until` has been used since.
    pub fn looks_back(&self) -> bool {
        self.until < self.requested_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_is_written() {
        for kind in RevocationTarget::KINDS {
            let target = RevocationTarget::of(kind, if kind == "everything" { "" } else { "x" });
            let target = target.expect("a target");
            assert_eq!(target.kind(), kind);
            assert_eq!(RevocationTarget::of(kind, target.id()), Some(target));
        }
        assert_eq!(RevocationTarget::of("nobody", "x"), None);
        assert_eq!(RevocationTarget::Everything.object(), "provider:everything");
    }
}
