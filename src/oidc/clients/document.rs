//! Reads and writes clients as JSON documents, under the names of RFC 7591 and of contract.md. The command line prints
//! such a document and reads it again; a file has several, `{"clients": [ … ]}`. Whether a document makes sense is for
//! `rules`.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Problem;
use crate::domain::ClientId;
use crate::domain::client::{Client, Definition, Metadata};
use crate::domain::secret::Digest;
use crate::tables::json;

/// One client of a file, or of the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientDocument {
    pub id: ClientId,
    pub definition: Definition,
    /// The state; `None`: the document leaves it as it is.
    pub enabled: Option<bool>,
    pub secret: SecretSource,
    /// The line of the file where it begins; `None`: it is of no file.
    pub line: Option<u64>,
}

/// Says where the secret is; the file itself never holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SecretSource {
    /// The client keeps the secret that it has.
    #[default]
    Unnamed,
    Environment(String),
    File(String),
    /// The digest itself, as an export writes it: from a secret of 128 bits or more, nobody finds that secret by it.
    Digest(Digest),
}

/// Members beside those of [`Definition`]. The command line adds `report` when it prints; when read, it says nothing.
const OWN_MEMBERS: [&str; 6] = [
    "client_id",
    "client_secret_env",
    "client_secret_file",
    "client_secret_sha256",
    "enabled",
    "report",
];

/// Reads what a client says of itself (RFC 7591 §2). Other members are ignored: those that no specification here has,
/// and those that only administrators decide (security.md DR-2).
pub fn metadata_of_client(
    members: &Map<String, Value>,
    decided: &Definition,
) -> Result<Metadata, Vec<Problem>> {
    // RFC 7592 §2.2: a member that is null is as if it were not there.
    let mut asked = members.clone();
    asked.retain(|name, value| Metadata::MEMBERS.contains(&name.as_str()) && !value.is_null());
    // A member that is left out takes nothing back that an administrator has set; the rules refuse another value. The
    // rest of the scope is decided where its defaults are.
    let administered = &decided.settings.administered;
    let set = serde_json::to_value(&decided.metadata).unwrap_or_default();
    for name in administered.iter().filter(|it| *it != "scope") {
        if let (false, Some(value)) = (asked.contains_key(name), set.get(name)) {
            asked.insert(name.clone(), value.clone());
        }
    }
    read_members(&asked)
}

/// Reads a whole file. Every problem says which client it is about, and in which line it is.
pub fn documents(text: &str) -> Result<Vec<ClientDocument>, Vec<Problem>> {
    let listed = json::elements(text, "clients");
    let listed = listed.map_err(|it| vec![problem(&format!("line {}", it.line), it.reason)])?;
    let mut documents: Vec<ClientDocument> = Vec::new();
    let mut problems = Vec::new();
    for (position, element) in listed.iter().enumerate() {
        let value = serde_json::from_str(element.text()).unwrap_or_default();
        match ClientDocument::read(&value) {
            Ok(document) if documents.iter().any(|other| other.id == document.id) => {
                problems.push(problem(
                    &format!("line {}: clients[{position}]", element.line()),
                    format!("{} is listed twice", document.id),
                ));
            }
            Ok(document) => documents.push(ClientDocument {
                line: Some(element.line()),
                ..document
            }),
            Err(found) => {
                problems.extend(found.into_iter().map(|problem| {
                    let line = element.line_of_member(&problem.member);
                    Problem {
                        member: format!("line {line}: clients[{position}].{}", problem.member),
                        ..problem
                    }
                }));
            }
        }
    }
    if problems.is_empty() {
        Ok(documents)
    } else {
        Err(problems)
    }
}

impl ClientDocument {
    pub fn read(value: &Value) -> Result<Self, Vec<Problem>> {
        let Value::Object(members) = value else {
            return Err(vec![problem("client", "is not an object".to_owned())]);
        };
        let unknown: Vec<Problem> = members
            .keys()
            .filter(|it| !OWN_MEMBERS.contains(&it.as_str()) && !Definition::has_member(it))
            .map(|it| problem(it, "is not known to this version".to_owned()))
            .collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let id =
            text(members, "client_id")?.ok_or_else(|| vec![problem("client_id", "is missing".to_owned())])?;
        let secret = secret_source(members)?;
        let enabled = match members.get("enabled") {
            None => None,
            Some(Value::Bool(enabled)) => Some(*enabled),
            Some(_) => return Err(vec![problem("enabled", "is not true or false".to_owned())]),
        };
        let mut of_definition = members.clone();
        of_definition.retain(|name, _| Definition::has_member(name));
        Ok(Self {
            id: ClientId::new(id),
            definition: read_members(&of_definition)?,
            enabled,
            secret,
            line: None,
        })
    }

    /// Writes everything but the secret, as `read` takes it.
    pub fn write(client: &Client) -> Value {
        let mut members = Map::new();
        members.insert("client_id".to_owned(), Value::from(client.id.as_str()));
        members.insert("enabled".to_owned(), Value::from(client.enabled));
        members.extend(client.definition().members());
        Value::Object(members)
    }

    /// Writes the digest of the current secret as well, so that the file makes the same client elsewhere.
    pub fn write_with_secret(client: &Client) -> Value {
        let mut document = Self::write(client);
        let current = client.secrets.iter().find(|it| it.expires_at.is_none());
        if let Some(current) = current {
            document["client_secret_sha256"] = Value::from(current.digest.as_str());
        }
        document
    }
}

fn secret_source(members: &Map<String, Value>) -> Result<SecretSource, Vec<Problem>> {
    const NAMES: [&str; 3] = ["client_secret_env", "client_secret_file", "client_secret_sha256"];
    let mut source = SecretSource::Unnamed;
    for name in NAMES {
        let Some(value) = text(members, name)? else {
            continue;
        };
        if source != SecretSource::Unnamed {
            let reason = format!("stands beside another of {}", NAMES.join(", "));
            return Err(vec![problem(name, reason)]);
        }
        source = match name {
            "client_secret_env" => SecretSource::Environment(value),
            "client_secret_file" => SecretSource::File(value),
            _ => {
                let is_hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if value.len() != 64 || !value.bytes().all(is_hexadecimal) {
                    let reason = "is not 64 hexadecimal digits in lower case";
                    return Err(vec![problem(name, reason.to_owned())]);
                }
                SecretSource::Digest(Digest::stored(value))
            }
        };
    }
    Ok(source)
}

/// Reads one member after the other, so that the problem names the one that is wrong.
fn read_members<T: DeserializeOwned>(members: &Map<String, Value>) -> Result<T, Vec<Problem>> {
    let problems: Vec<Problem> = members
        .iter()
        .filter_map(|(name, value)| {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            let wrong = serde_json::from_value::<T>(Value::Object(alone)).err()?;
            Some(problem(name, wrong.to_string()))
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    serde_json::from_value(Value::Object(members.clone())).map_err(|e| vec![problem("client", e.to_string())])
}

/// Reads the definition that members in JSON describe, for doors whose forms have them one by one. Members that the
/// definition does not have are named.
pub fn definition(members: &Map<String, Value>) -> Result<Definition, Vec<Problem>> {
    let unknown = members.keys().filter(|it| !Definition::has_member(it));
    let unknown: Vec<Problem> = unknown
        .map(|it| problem(it, "is not known to this version".to_owned()))
        .collect();
    if unknown.is_empty() {
        read_members(members)
    } else {
        Err(unknown)
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Vec<Problem>> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(vec![problem(name, "is not text".to_owned())]),
    }
}

pub(super) fn problem(member: &str, reason: String) -> Problem {
    Problem {
        member: member.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_the_names_of_the_standards() {
        let file = r#"{"clients": [{"client_id": "events", "client_secret_env": "EVENTS_SECRET",
            "client_name": "Events", "redirect_uris": ["https://e.example/cb"], "scope": "openid email",
            "grant_types": ["authorization_code", "refresh_token"], "first_party": true, "pkce": "required",
            "access_policy": {"affiliation": "approved", "membership_types": ["academia"]}}]}"#;
        let read = documents(file).expect("good");
        assert_eq!(read[0].secret, SecretSource::Environment("EVENTS_SECRET".into()));
        assert!(read[0].definition.settings.first_party);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (client, member) in [
            (
                r#"{"client_id": "a", "redirect_url": []}"#,
                "clients[0].redirect_url",
            ),
            (
                r#"{"client_id": "a", "client_secret": "x"}"#,
                "clients[0].client_secret",
            ),
            (r#"{"client_id": "a", "profile": "best"}"#, "clients[0].profile"),
            (
                r#"{"client_id": "a", "redirect_uris": "https://a"}"#,
                "clients[0].redirect_uris",
            ),
            (
                r#"{"client_id": "a", "access_policy": {"ties": []}}"#,
                "clients[0].access_policy",
            ),
            (
                r#"{"client_id": "a", "client_secret_sha256": "ABC"}"#,
                "clients[0].client_secret_sha256",
            ),
            (
                r#"{"client_id": "a", "client_secret_env": "A", "client_secret_file": "a"}"#,
                "clients[0].client_secret_file",
            ),
            (r#"{"client_name": "a"}"#, "clients[0].client_id"),
            (r#"{"client_id": 1}"#, "clients[0].client_id"),
            (r#"{"client_id": "a"}, {"client_id": "a"}"#, "clients[1]"),
        ] {
            let found = documents(&format!("{{\"clients\": [\n{client}]}}")).expect_err("bad");
            assert_eq!(found[0].member, format!("line 2: {member}"), "{client}");
        }
        for file in ["", "[]", r#"{"clients": {}}"#, r#"{"clients": [], "more": 1}"#] {
            assert_eq!(documents(file).expect_err("bad")[0].member, "line 1");
        }
    }

    #[test]
    fn every_member_of_the_metadata_is_listed_by_name() {
        use crate::domain::client::{AdministratorSettings, ContentEncryption, EncryptionAlg};
        let metadata = Metadata {
            client_name: Some("a".into()),
            client_uri: Some("a".into()),
            logo_uri: Some("a".into()),
            policy_uri: Some("a".into()),
            tos_uri: Some("a".into()),
            initiate_login_uri: Some("a".into()),
            frontchannel_logout_uri: Some("a".into()),
            frontchannel_logout_session_required: true,
            backchannel_logout_uri: Some("a".into()),
            backchannel_logout_session_required: true,
            contacts: vec!["a".into()],
            redirect_uris: vec!["a".into()],
            post_logout_redirect_uris: vec!["a".into()],
            token_endpoint_auth_method: Some(crate::domain::client::AuthMethod::None),
            token_endpoint_auth_signing_alg: Some(crate::domain::client::SigningAlg::RS256),
            jwks: Some(serde_json::json!({})),
            jwks_uri: Some("a".into()),
            sector_identifier_uri: Some("a".into()),
            id_token_signed_response_alg: Some(crate::domain::client::SigningAlg::RS256),
            userinfo_signed_response_alg: Some(crate::domain::client::SigningAlg::RS256),
            id_token_encrypted_response_alg: Some(EncryptionAlg::EcdhEs),
            id_token_encrypted_response_enc: Some(ContentEncryption::A128Gcm),
            userinfo_encrypted_response_alg: Some(EncryptionAlg::EcdhEs),
            userinfo_encrypted_response_enc: Some(ContentEncryption::A128Gcm),
            authorization_encrypted_response_alg: Some(EncryptionAlg::EcdhEs),
            authorization_encrypted_response_enc: Some(ContentEncryption::A128Gcm),
            default_max_age: Some(1),
            require_auth_time: true,
            default_acr_values: vec!["a".into()],
            authorization_signed_response_alg: Some(crate::domain::client::SigningAlg::RS256),
            request_object_signing_alg: Some(crate::domain::client::RequestObjectAlg::None),
            require_signed_request_object: true,
            request_uris: vec!["a".into()],
            dpop_bound_access_tokens: true,
            tls_client_certificate_bound_access_tokens: true,
            tls_client_auth_subject_dn: Some("a".into()),
            tls_client_auth_san_dns: Some("a".into()),
            tls_client_auth_san_uri: Some("a".into()),
            tls_client_auth_san_ip: Some("a".into()),
            tls_client_auth_san_email: Some("a".into()),
            require_pushed_authorization_requests: true,
            backchannel_token_delivery_mode: Some(crate::domain::client::DeliveryMode::Poll),
            backchannel_client_notification_endpoint: Some("a".into()),
            backchannel_authentication_request_signing_alg: Some(crate::domain::client::SigningAlg::ES256),
            backchannel_user_code_parameter: true,
            ..Metadata::default()
        };
        let settings = AdministratorSettings {
            first_party: true,
            id_token_claims: Some(crate::domain::client::IdTokenClaims::Lean),
            access_policy: serde_json::from_value(serde_json::json!({"affiliation": "approved"}))
                .expect("good"),
            introspect_all: true,
            resources: vec!["a".into()],
            authorization_details_types: vec!["a".into()],
            protected_resources: vec!["a".into()],
            administered: vec!["a".into()],
            ..AdministratorSettings::default()
        };
        let full = Definition { metadata, settings };
        let members = full.members();
        let mut written: Vec<&str> = members.keys().map(String::as_str).collect();
        let mut declared = [Metadata::MEMBERS, AdministratorSettings::MEMBERS].concat();
        written.sort_unstable();
        declared.sort_unstable();
        assert_eq!(written, declared);
        let text = serde_json::to_string(&full).expect("JSON");
        assert_eq!(serde_json::from_str::<Definition>(&text).expect("JSON"), full);
    }
}
