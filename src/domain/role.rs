//! The role that an account holds: user, support or administrator. Focal Points are not a role: they hold an office of one
//! organization (`domain::affiliation`). `Duty` names the work that either brings.

use super::organization::words;

/// The rights of an account beyond its own affairs (security.md AD-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    User,
    Support,
    Administrator,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Support => "support",
            Self::Administrator => "administrator",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        [Self::User, Self::Support, Self::Administrator]
            .into_iter()
            .find(|it| it.as_str() == value)
    }
}

words! {
    /// The work of an office, for which a deployment may demand more of people (`[policy]`).
    Duty {
        Administrator = "administrator",
        FocalPoint = "focal_point",
    }
}
