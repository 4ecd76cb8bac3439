//! The metadata that a client states about itself, under the names of RFC 7591 §2 and the OpenID specifications. The
//! default of a member is that of its type, unless its line names another. The settings that only administrators decide
//! are in [`AdministratorSettings`](super::AdministratorSettings).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ResponseType;
use super::algorithms::{ContentEncryption, Encryption, EncryptionAlg, RequestObjectAlg, SigningAlg};
use super::macros::{members, named_values};
use crate::domain::scope::Scope;
use crate::domain::text;

members! {
    pub struct Metadata {
        #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "folded")]
        client_name: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_uri: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        logo_uri: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        policy_uri: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tos_uri: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        initiate_login_uri: Option<String>,
        /// The address that ends its browser sessions (OpenID Connect Front-Channel Logout 1.0 §2). The provider always
        /// adds `iss` and `sid`, whether the client requires them or not.
        #[serde(skip_serializing_if = "Option::is_none")]
        frontchannel_logout_uri: Option<String>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        frontchannel_logout_session_required: bool,
        /// The address that receives logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.2), always with `sid`.
        #[serde(skip_serializing_if = "Option::is_none")]
        backchannel_logout_uri: Option<String>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        backchannel_logout_session_required: bool,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        contacts: Vec<String>,
        application_type: ApplicationType,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        redirect_uris: Vec<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        post_logout_redirect_uris: Vec<String>,
        response_types: Vec<ResponseType> = vec![ResponseType::CODE],
        grant_types: Vec<GrantType> = vec![GrantType::AuthorizationCode],
        /// The method; if none is named, `client_secret_basic` and `client_secret_post` alike.
        #[serde(skip_serializing_if = "Option::is_none")]
        token_endpoint_auth_method: Option<AuthMethod>,
        #[serde(skip_serializing_if = "Option::is_none")]
        token_endpoint_auth_signing_alg: Option<SigningAlg>,
        #[serde(skip_serializing_if = "Option::is_none")]
        jwks: Option<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        jwks_uri: Option<String>,
        scope: Scope = ["openid", "profile", "email"].into_iter().collect(),
        subject_type: SubjectType,
        /// The address of the redirect URIs that together are one sector (OpenID Connect Core §8.1).
        #[serde(skip_serializing_if = "Option::is_none")]
        sector_identifier_uri: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        id_token_signed_response_alg: Option<SigningAlg>,
        /// The signature of userinfo; if none is named, it is plain JSON.
        #[serde(skip_serializing_if = "Option::is_none")]
        userinfo_signed_response_alg: Option<SigningAlg>,
        /// The encryption of the ID token; if none is named, it is signed only.
        #[serde(skip_serializing_if = "Option::is_none")]
        id_token_encrypted_response_alg: Option<EncryptionAlg>,
        #[serde(skip_serializing_if = "Option::is_none")]
        id_token_encrypted_response_enc: Option<ContentEncryption>,
        #[serde(skip_serializing_if = "Option::is_none")]
        userinfo_encrypted_response_alg: Option<EncryptionAlg>,
        #[serde(skip_serializing_if = "Option::is_none")]
        userinfo_encrypted_response_enc: Option<ContentEncryption>,
        #[serde(skip_serializing_if = "Option::is_none")]
        default_max_age: Option<u64>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        require_auth_time: bool,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        default_acr_values: Vec<String>,
        /// The algorithm of signed authorization responses (JARM §3), which are for clients that name it.
        #[serde(skip_serializing_if = "Option::is_none")]
        authorization_signed_response_alg: Option<SigningAlg>,
        #[serde(skip_serializing_if = "Option::is_none")]
        authorization_encrypted_response_alg: Option<EncryptionAlg>,
        #[serde(skip_serializing_if = "Option::is_none")]
        authorization_encrypted_response_enc: Option<ContentEncryption>,
        /// The algorithm of its request objects; if none is named, any signature by its keys is accepted (OpenID
        /// Connect Core §6.1).
        #[serde(skip_serializing_if = "Option::is_none")]
        request_object_signing_alg: Option<RequestObjectAlg>,
        /// `true` if its requests come as signed objects only (RFC 9101 §10.5).
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        require_signed_request_object: bool,
        /// The addresses where its request objects may be fetched.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        request_uris: Vec<String>,
        /// `true` if its tokens are always bound to a key (RFC 9449 §5.2).
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        dpop_bound_access_tokens: bool,
        /// `true` if its tokens are always bound to its certificate (RFC 8705 §3.4).
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        tls_client_certificate_bound_access_tokens: bool,
        /// The name of its certificate, one of five kinds (RFC 8705 §2.1.2).
        #[serde(skip_serializing_if = "Option::is_none")]
        tls_client_auth_subject_dn: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tls_client_auth_san_dns: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tls_client_auth_san_uri: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tls_client_auth_san_ip: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tls_client_auth_san_email: Option<String>,
        /// `true` if its requests are pushed only (RFC 9126 §6).
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        require_pushed_authorization_requests: bool,
        /// The way in which it learns that the person has decided (CIBA §4).
        #[serde(skip_serializing_if = "Option::is_none")]
        backchannel_token_delivery_mode: Option<DeliveryMode>,
        /// The address where it is pinged.
        #[serde(skip_serializing_if = "Option::is_none")]
        backchannel_client_notification_endpoint: Option<String>,
        /// The algorithm of its authentication requests, which are then always signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        backchannel_authentication_request_signing_alg: Option<SigningAlg>,
        /// The user code of CIBA, which is not supported here: only `false` is accepted.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        backchannel_user_code_parameter: bool,
    }
}

/// The longest `client_name` (security.md DR-2).
pub const LONGEST_NAME: usize = 64;

/// Folds other shapes of characters, so that the name is judged as people see it (security.md DR-5). What cannot be a
/// name is left as it came, for the rules to refuse.
fn folded<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name: Option<String> = Option::deserialize(deserializer)?;
    Ok(name.map(|it| text::line(&it, LONGEST_NAME).unwrap_or(it)))
}

impl Metadata {
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

    /// Returns the signatures that it registered for its assertions: one, or any.
    pub fn assertion_algs(&self) -> Vec<SigningAlg> {
        match self.token_endpoint_auth_signing_alg {
            None => SigningAlg::ALL.to_vec(),
            Some(alg) => vec![alg],
        }
    }

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

    /// Returns the encryption of authorization responses (JARM §3).
    pub fn authorization_encryption(&self) -> Option<Encryption> {
        Encryption::registered(
            self.authorization_encrypted_response_alg,
            self.authorization_encrypted_response_enc,
        )
    }
}

named_values! {
    #[derive(Default)]
    ApplicationType { #[default] Web = "web", Native = "native" }
}

named_values! {
    /// The way in which a client authenticates at the token endpoint.
    AuthMethod {
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        PrivateKeyJwt = "private_key_jwt",
        /// The client has a certificate of an authority (RFC 8705 §2.1).
        TlsClientAuth = "tls_client_auth",
        /// The client has a certificate that it registered (RFC 8705 §2.2).
        SelfSignedTlsClientAuth = "self_signed_tls_client_auth",
        None = "none",
    }
}

named_values! {
    GrantType {
        AuthorizationCode = "authorization_code",
        /// The grant of tokens from the authorization endpoint, which is never sent to the token endpoint (RFC 7591
        /// §2.1).
        Implicit = "implicit",
        RefreshToken = "refresh_token",
        ClientCredentials = "client_credentials",
        /// The grant of RFC 8628 §3.4.
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
        /// The grant of RFC 8693.
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
        /// The grant of CIBA §10.1.
        Ciba = "urn:openid:params:grant-type:ciba",
    }
}

named_values! {
    /// The modes of CIBA §5. A push would bring the tokens to an address, past the client's proof: it is not offered.
    DeliveryMode { Poll = "poll", Ping = "ping" }
}

named_values! {
    #[derive(Default)]
    SubjectType { #[default] Public = "public", Pairwise = "pairwise" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_survives_being_stored() {
        let metadata = Metadata {
            client_name: Some("Events".into()),
            token_endpoint_auth_method: Some(AuthMethod::PrivateKeyJwt),
            ..Metadata::default()
        };
        let text = serde_json::to_string(&metadata).expect("JSON");
        assert_eq!(serde_json::from_str::<Metadata>(&text).expect("JSON"), metadata);
    }
}
