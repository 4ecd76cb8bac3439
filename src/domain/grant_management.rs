//! Grant management (Grant Management for OAuth 2.0, Implementer's Draft 1): a client names what a person has granted to
//! it, and says in a request what is to become of it. A grant is the consent of one person to one client.

use super::id;

id! {
    /// The `grant_id` (Grant Management §5.5): random, of one person and one client; it opens nothing.
    GrantId,
}

/// `grant_management_action` with its `grant_id` (Grant Management §5.2).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantAction {
    /// Begins a grant anew. A person has one with a client: the former one ends.
    Create,
    /// Adds what the person agrees to.
    Merge(GrantId),
    /// Leaves nothing but what the person agrees to.
    Replace(GrantId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGrantAction {
    #[error("grant_management_action is not one of create, merge and replace")]
    Unknown,
    #[error("grant_management_action is missing beside grant_id")]
    Missing,
    #[error("grant_id has no place beside the action create")]
    Named,
    #[error("grant_id is missing beside this grant_management_action")]
    Unnamed,
}

impl GrantAction {
    /// The values of `grant_management_action`.
    pub const NAMES: [&str; 3] = ["create", "merge", "replace"];

    /// Reads both parameters of a request; `None` if there is neither.
    pub fn parse(action: Option<&str>, grant: Option<&str>) -> Result<Option<Self>, BadGrantAction> {
        let named = |make: fn(GrantId) -> Self| match grant {
            Some(id) => Ok(Some(make(GrantId::new(id)))),
            None => Err(BadGrantAction::Unnamed),
        };
        match (action, grant) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(BadGrantAction::Missing),
            (Some("create"), Some(_)) => Err(BadGrantAction::Named),
            (Some("create"), None) => Ok(Some(Self::Create)),
            (Some("merge"), _) => named(Self::Merge),
            (Some("replace"), _) => named(Self::Replace),
            (Some(_), _) => Err(BadGrantAction::Unknown),
        }
    }

    /// Returns the grant that the request is about, if there is one already.
    pub const fn grant(&self) -> Option<&GrantId> {
        match self {
            Self::Create => None,
            Self::Merge(id) | Self::Replace(id) => Some(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_and_its_grant_belong_together() {
        // Grant Management §5.4
        let id = || GrantId::new("g");
        assert_eq!(GrantAction::parse(None, None), Ok(None));
        assert_eq!(
            GrantAction::parse(Some("create"), None),
            Ok(Some(GrantAction::Create))
        );
        for (name, read) in [
            ("merge", GrantAction::Merge(id())),
            ("replace", GrantAction::Replace(id())),
        ] {
            assert_eq!(GrantAction::parse(Some(name), Some("g")), Ok(Some(read)));
            assert_eq!(GrantAction::parse(Some(name), None), Err(BadGrantAction::Unnamed));
        }
        assert_eq!(GrantAction::parse(None, Some("g")), Err(BadGrantAction::Missing));
        assert_eq!(
            GrantAction::parse(Some("create"), Some("g")),
            Err(BadGrantAction::Named)
        );
        assert_eq!(
            GrantAction::parse(Some("update"), Some("g")),
            Err(BadGrantAction::Unknown)
        );
    }
}
