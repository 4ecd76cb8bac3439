//! Client metadata under the names of RFC 7591 §2 and the OpenID specifications, and the
//! extensions of contract.md ("clients, JSON"). Unknown values of these enums are refused by name.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AccessPolicy, ResponseType};
use crate::domain::scope::Scope;
use crate::domain::text;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "folded")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Where its browser sessions end (OpenID Connect Front-Channel Logout 1.0 §2). It is always told `iss`
    /// and `sid`, whether it requires them or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub frontchannel_logout_session_required: bool,
    /// Where it hears of a logout (OpenID Connect Back-Channel Logout 1.0 §2.2); always with `sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_logout_session_required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    pub application_type: ApplicationType,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    pub response_types: Vec<ResponseType>,
    pub grant_types: Vec<GrantType>,
    /// None named: `client_secret_basic` and `client_secret_post` alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<SigningAlg>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    pub scope: Scope,
    pub subject_type: SubjectType,
    /// Whose redirect URIs together are one sector (OpenID Connect Core §8.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<SigningAlg>,
    /// None named: userinfo is plain JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<SigningAlg>,
    /// None named: the ID token is signed only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<EncryptionAlg>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<EncryptionAlg>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentEncryption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_auth_time: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// Of signed authorization responses (JARM §3), which are for clients that name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<SigningAlg>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_alg: Option<EncryptionAlg>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_enc: Option<ContentEncryption>,
    /// Of its request objects; none named: any signature, by its keys (OpenID Connect Core §6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<RequestObjectAlg>,
    /// RFC 9101 §10.5
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_signed_request_object: bool,
    /// Where its request objects may be fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// Its tokens are bound to a key, always (RFC 9449 §5.2).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dpop_bound_access_tokens: bool,
    /// Its tokens are bound to its certificate, always (RFC 8705 §3.4).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// The name of its certificate, one of five kinds (RFC 8705 §2.1.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    /// RFC 9126 §6
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_pushed_authorization_requests: bool,
    /// How it learns that the person has decided (CIBA §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_token_delivery_mode: Option<DeliveryMode>,
    /// Where it is pinged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_client_notification_endpoint: Option<String>,
    /// Of its authentication requests, which are then always signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_authentication_request_signing_alg: Option<SigningAlg>,
    /// Not supported here: only `false` is accepted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_user_code_parameter: bool,

    // Decided by administrators only (security.md DR-2).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub first_party: bool,
    pub profile: Profile,
    pub pkce: Pkce,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_claims: Option<IdTokenClaims>,
    pub access_token_format: AccessTokenFormat,
    #[serde(skip_serializing_if = "AccessPolicy::is_open")]
    pub access_policy: AccessPolicy,
    /// May introspect tokens of other clients (security.md UI-3).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub introspect_all: bool,
    /// Whom its access tokens may be for (RFC 8707).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// What it may ask for by rich authorization requests (RFC 9396 §10).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types: Vec<String>,
    /// The resources that it is itself: whose tokens it may introspect (security.md UI-3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protected_resources: Vec<String>,
    /// The members of a client that registered itself which an administrator has changed since: they are its own no
    /// more. Written here only, see `changed_by_administrator`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub administered: Vec<String>,
}

/// The longest `client_name` (security.md DR-2).
pub const LONGEST_NAME: usize = 64;

/// The name as it is shown: other shapes of its characters are folded before it is judged (security.md DR-5). What
/// cannot be a name is left as it came, for the rules to refuse.
fn folded<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name: Option<String> = Option::deserialize(deserializer)?;
    Ok(name.map(|it| text::line(&it, LONGEST_NAME).unwrap_or(it)))
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            client_name: None,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            initiate_login_uri: None,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            contacts: Vec::new(),
            application_type: ApplicationType::default(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            // RFC 7591 §2: the defaults of the two.
            response_types: vec![ResponseType::CODE],
            grant_types: vec![GrantType::AuthorizationCode],
            token_endpoint_auth_method: None,
            token_endpoint_auth_signing_alg: None,
            jwks: None,
            jwks_uri: None,
            scope: ["openid", "profile", "email"].into_iter().collect(),
            subject_type: SubjectType::default(),
            sector_identifier_uri: None,
            id_token_signed_response_alg: None,
            userinfo_signed_response_alg: None,
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
            userinfo_encrypted_response_alg: None,
            userinfo_encrypted_response_enc: None,
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: Vec::new(),
            authorization_signed_response_alg: None,
            authorization_encrypted_response_alg: None,
            authorization_encrypted_response_enc: None,
            request_object_signing_alg: None,
            require_signed_request_object: false,
            request_uris: Vec::new(),
            dpop_bound_access_tokens: false,
            tls_client_certificate_bound_access_tokens: false,
            tls_client_auth_subject_dn: None,
            tls_client_auth_san_dns: None,
            tls_client_auth_san_uri: None,
            tls_client_auth_san_ip: None,
            tls_client_auth_san_email: None,
            require_pushed_authorization_requests: false,
            backchannel_token_delivery_mode: None,
            backchannel_client_notification_endpoint: None,
            backchannel_authentication_request_signing_alg: None,
            backchannel_user_code_parameter: false,
            first_party: false,
            profile: Profile::default(),
            pkce: Pkce::default(),
            id_token_claims: None,
            access_token_format: AccessTokenFormat::default(),
            access_policy: AccessPolicy::default(),
            introspect_all: false,
            resources: Vec::new(),
            authorization_details_types: Vec::new(),
            protected_resources: Vec::new(),
            administered: Vec::new(),
        }
    }
}

impl Metadata {
    /// Remembers which members an administrator changes, whatever each of them means: what was made safer is then not
    /// undone by the client (security.md DR-2).
    #[must_use]
    pub fn changed_by_administrator(mut self, before: &Self) -> Self {
        let members = |it: &Self| match serde_json::to_value(it) {
            Ok(Value::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        let (old, new) = (members(before), members(&self));
        let names = old.keys().chain(new.keys());
        let changed = names.filter(|it| *it != "administered" && old.get(*it) != new.get(*it));
        self.administered = before.administered.iter().chain(changed).cloned().collect();
        self.administered.sort();
        self.administered.dedup();
        self
    }

    /// Returns whether an administrator has changed this member.
    pub fn is_administered(&self, member: &str) -> bool {
        self.administered.iter().any(|it| it == member)
    }

    /// Returns `true` if the client has a grant for which it authenticates by a secret.
    pub fn uses_secret(&self) -> bool {
        let by_secret = !matches!(
            self.token_endpoint_auth_method,
            Some(
                AuthMethod::PrivateKeyJwt
                    | AuthMethod::TlsClientAuth
                    | AuthMethod::SelfSignedTlsClientAuth
                    | AuthMethod::None
            )
        );
        by_secret && !self.grant_types.is_empty()
    }

    /// Returns `true` if a grant of the client goes through the browser.
    pub fn uses_redirects(&self) -> bool {
        let by_browser = [GrantType::AuthorizationCode, GrantType::Implicit];
        by_browser.iter().any(|it| self.grant_types.contains(it))
    }

    /// The signatures that its assertions may have (security.md TK-7).
    pub fn assertion_algs(&self) -> Vec<SigningAlg> {
        let registered = match self.token_endpoint_auth_signing_alg {
            None => SigningAlg::ALL.to_vec(),
            Some(it) => vec![it],
        };
        self.profile.permitted(registered)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$attribute])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub fn parse(value: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    #[derive(Default)]
    ApplicationType { #[default] Web = "web", Native = "native" }
}

words! {
    /// How a client proves itself at the token endpoint.
    AuthMethod {
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        PrivateKeyJwt = "private_key_jwt",
        /// By a certificate of an authority (RFC 8705 §2.1).
        TlsClientAuth = "tls_client_auth",
        /// By a certificate that it registered (RFC 8705 §2.2).
        SelfSignedTlsClientAuth = "self_signed_tls_client_auth",
        None = "none",
    }
}

words! {
    GrantType {
        AuthorizationCode = "authorization_code",
        /// Never at the token endpoint: it stands for tokens from the authorization endpoint (RFC 7591 §2.1).
        Implicit = "implicit",
        RefreshToken = "refresh_token",
        ClientCredentials = "client_credentials",
        /// RFC 8628 §3.4
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
        /// RFC 8693
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
        /// CIBA §10.1
        Ciba = "urn:openid:params:grant-type:ciba",
    }
}

words! {
    /// The signatures that are used here, by them and by us (security.md JW-2).
    SigningAlg { RS256 = "RS256", PS256 = "PS256", ES256 = "ES256", EdDSA = "EdDSA" }
}

words! {
    /// How the key of an encryption comes to the client (RFC 7518 §4.1); ECDH on P-256.
    EncryptionAlg { RsaOaep256 = "RSA-OAEP-256", EcdhEs = "ECDH-ES" }
}

words! {
    /// How the content is encrypted (RFC 7518 §5.1).
    #[derive(Default)]
    ContentEncryption {
        #[default] A128CbcHs256 = "A128CBC-HS256",
        A256CbcHs512 = "A256CBC-HS512",
        A128Gcm = "A128GCM",
        A256Gcm = "A256GCM",
    }
}

/// An encryption as it is registered: `…_alg`, and `…_enc` or its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encryption {
    pub alg: EncryptionAlg,
    pub enc: ContentEncryption,
}

impl Encryption {
    fn registered(alg: Option<EncryptionAlg>, enc: Option<ContentEncryption>) -> Option<Self> {
        let enc = enc.unwrap_or_default();
        alg.map(|alg| Self { alg, enc })
    }
}

impl Metadata {
    pub fn id_token_encryption(&self) -> Option<Encryption> {
        Encryption::registered(
            self.id_token_encrypted_response_alg,
            self.id_token_encrypted_response_enc,
        )
    }

    pub fn userinfo_encryption(&self) -> Option<Encryption> {
        Encryption::registered(
            self.userinfo_encrypted_response_alg,
            self.userinfo_encrypted_response_enc,
        )
    }

    /// JARM §3
    pub fn authorization_encryption(&self) -> Option<Encryption> {
        Encryption::registered(
            self.authorization_encrypted_response_alg,
            self.authorization_encrypted_response_enc,
        )
    }
}

words! {
    /// The signatures for request objects, which may come unsigned where an administrator allows it.
    RequestObjectAlg { None = "none", RS256 = "RS256", PS256 = "PS256", ES256 = "ES256", EdDSA = "EdDSA" }
}

words! {
    /// CIBA §5. A push would bring the tokens to an address, past the client's proof: it is not offered.
    DeliveryMode { Poll = "poll", Ping = "ping" }
}

impl SigningAlg {
    /// FAPI 2.0 Security Profile §5.4.1: PKCS #1 v1.5 is none of its signatures.
    pub const fn is_for_fapi(self) -> bool {
        !matches!(self, Self::RS256)
    }
}

impl RequestObjectAlg {
    /// `None`: no signature.
    pub fn signature(self) -> Option<SigningAlg> {
        SigningAlg::parse(self.as_str())
    }
}

words! {
    #[derive(Default)]
    SubjectType { #[default] Public = "public", Pairwise = "pairwise" }
}

words! {
    #[derive(Default)]
    Profile {
        #[default] Oidc = "oidc",
        Fapi2 = "fapi2",
        Fapi2MessageSigning = "fapi2_message_signing",
        Ciba = "ciba",
    }
}

impl Profile {
    /// FAPI 2.0, with or without signed messages.
    pub const fn is_fapi(self) -> bool {
        matches!(self, Self::Fapi2 | Self::Fapi2MessageSigning)
    }

    /// Of these signatures, the ones that it lets be used.
    pub fn permitted(self, mut algs: Vec<SigningAlg>) -> Vec<SigningAlg> {
        algs.retain(|it| match self {
            Self::Oidc => true,
            Self::Fapi2 | Self::Fapi2MessageSigning => it.is_for_fapi(),
            // FAPI-CIBA §7.10
            Self::Ciba => matches!(it, SigningAlg::PS256 | SigningAlg::ES256),
        });
        algs
    }
}

words! {
    /// Optional is for confidential clients only (security.md AZ-5).
    #[derive(Default)]
    Pkce { Required = "required", #[default] Optional = "optional" }
}

words! {
    IdTokenClaims { Lean = "lean", Scopes = "scopes" }
}

words! {
    #[derive(Default)]
    AccessTokenFormat { #[default] Opaque = "opaque", Jwt = "jwt" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_survives_being_stored() {
        let it = Metadata {
            client_name: Some("Events".into()),
            token_endpoint_auth_method: Some(AuthMethod::PrivateKeyJwt),
            ..Metadata::default()
        };
        let text = serde_json::to_string(&it).expect("JSON");
        assert_eq!(serde_json::from_str::<Metadata>(&text).expect("JSON"), it);
    }
}
