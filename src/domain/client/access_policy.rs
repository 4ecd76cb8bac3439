//! The access policy of a client: who may enter the service (contract.md, `access_policy`). `oidc::access_policy` applies
//! it.

/// Lets in a person who meets every member that is set: one of the types, all of the rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affiliation: Option<RequiredAffiliation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub membership_types: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ties_rights: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredAffiliation {
    Approved,
}

impl AccessPolicy {
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}
