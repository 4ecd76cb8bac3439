//! The role that an account holds: user, support, auditor or administrator. Focal Points are not a role: they hold an office of one
//! organization (`domain::affiliation`). `Duty` names the work that either brings.

use super::organization::words;

/// The rights of an account beyond its own affairs (security.md AD-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    User,
    /// Helps people with their accounts, and changes nothing else.
    Support,
    /// Reads, and changes nothing.
    Auditor,
    Administrator,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::User, Self::Support, Self::Auditor, Self::Administrator];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Support => "support",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }

    /// Returns `true` if it opens the accounts of other people.
    pub const fn reads_accounts(self) -> bool {
        !matches!(self, Self::User)
    }

    /// Returns `true` if it reads the whole audit trail.
    pub const fn reads_audit_trail(self) -> bool {
        matches!(self, Self::Auditor | Self::Administrator)
    }

    /// Returns `true` if it helps people with their accounts: unlocks, mails a link, ends sessions.
    pub const fn helps_people(self) -> bool {
        matches!(self, Self::Support | Self::Administrator)
    }
}

words! {
    /// The work of an office, for which a deployment may demand more of people (`[policy]`).
    Duty {
        Administrator = "administrator",
        FocalPoint = "focal_point",
    }
}
