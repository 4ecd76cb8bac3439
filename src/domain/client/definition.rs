//! The whole registration of a client: its metadata and the settings of administrators. Documents of the command line,
//! the audit trail and the database have both as one JSON object.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{AdministratorSettings, Metadata};

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Definition {
    #[serde(flatten)]
    pub metadata: Metadata,
    #[serde(flatten)]
    pub settings: AdministratorSettings,
}

impl<'de> Deserialize<'de> for Definition {
    /// Reads each half from the whole object: a half does not see the members of the other.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Value::Object(Map::deserialize(deserializer)?);
        Ok(Self {
            metadata: Metadata::deserialize(&members).map_err(D::Error::custom)?,
            settings: AdministratorSettings::deserialize(&members).map_err(D::Error::custom)?,
        })
    }
}

impl Definition {
    /// Returns `true` if metadata or settings have a member of this name.
    pub fn has_member(name: &str) -> bool {
        Metadata::MEMBERS.contains(&name) || AdministratorSettings::MEMBERS.contains(&name)
    }

    pub fn members(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        }
    }

    /// Remembers which members an administrator changes, whatever each of them means: what was made safer is then not
    /// undone by the client (security.md DR-2).
    #[must_use]
    pub fn changed_by_administrator(mut self, before: &Self) -> Self {
        let (old, new) = (before.members(), self.members());
        let names = old.keys().chain(new.keys());
        let changed = names.filter(|it| *it != "administered" && old.get(*it) != new.get(*it));
        self.settings.administered = before
            .settings
            .administered
            .iter()
            .chain(changed)
            .cloned()
            .collect();
        self.settings.administered.sort();
        self.settings.administered.dedup();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::{AuthMethod, Pkce, Profile};

    /// A row of the database as a release wrote it that had metadata and settings in one struct.
    const ROW: &str = r#"{"client_name":"Events","client_uri":"https://events.example/","application_type":"web","redirect_uris":["https://events.example/cb"],"response_types":["code"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://events.example/keys","scope":"openid email","subject_type":"public","dpop_bound_access_tokens":true,"first_party":true,"profile":"fapi2","pkce":"required","id_token_claims":"lean","access_token_format":"jwt","access_policy":{"affiliation":"approved"},"introspect_all":true,"resources":["https://api.example"],"administered":["scope"]}"#;

    #[test]
    fn a_row_of_a_former_release_is_read_and_written_as_it_was() {
        let definition: Definition = serde_json::from_str(ROW).expect("a definition");
        assert_eq!(definition.metadata.client_name.as_deref(), Some("Events"));
        assert_eq!(
            definition.metadata.token_endpoint_auth_method,
            Some(AuthMethod::PrivateKeyJwt)
        );
        assert!(definition.metadata.dpop_bound_access_tokens && definition.settings.first_party);
        assert_eq!(
            (definition.settings.profile, definition.settings.pkce),
            (Profile::Fapi2, Pkce::Required)
        );
        assert!(
            definition.settings.access_policy.affiliation.is_some() && definition.settings.introspect_all
        );
        assert_eq!(definition.settings.resources, ["https://api.example"]);
        assert!(definition.settings.is_administered("scope"));
        assert_eq!(serde_json::to_string(&definition).expect("JSON"), ROW);
    }

    #[test]
    fn what_a_row_leaves_out_has_its_default() {
        let definition: Definition = serde_json::from_str("{}").expect("a definition");
        assert_eq!(definition, Definition::default());
        // The row has a member of a release that is newer than this one.
        let definition: Definition =
            serde_json::from_str(r#"{"member_of_a_later_release": 1}"#).expect("a definition");
        assert_eq!(definition, Definition::default());
    }
}
