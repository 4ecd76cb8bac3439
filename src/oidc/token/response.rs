//! The response of the token endpoint (RFC 6749 §5.1, RFC 8693 §2.2.1). `issue` and `token_exchange` fill it and the
//! front door sends it as JSON. The tokens are made in `issue`.

use serde::Serialize;

use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::grant_management::GrantId;
use crate::domain::scope::Scope;

/// The type of an access token, in the client's form (RFC 8693 §3).
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The type of an access token that is a JWT, whatever the client's form (RFC 8693 §3).
pub const JWT_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A successful answer (RFC 6749 §5.1). Whoever sends it forbids to store it.
#[derive(Serialize)]
pub struct TokenResponse {
    pub access_token: String,
    pub token_type: &'static str,
    pub expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The scope, always returned: it may be less than was asked for (contract.md). An empty one has no form (RFC 6749
    /// §3.3): a machine's token may be for nothing but its client.
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// The details as granted (RFC 9396 §7).
    #[serde(skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
    /// The name of the grant, for a client that manages it (Grant Management §5.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<GrantId>,
    /// The type of an exchanged token (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}
