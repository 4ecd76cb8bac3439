//! Names the sets of error codes that FAPI 2.0 allows for each kind of refusal.

pub const REQUEST: &[&str] = &["invalid_request"];
pub const OBJECT: &[&str] = &["invalid_request_object"];
pub const REQUEST_OR_OBJECT: &[&str] = &["invalid_request", "invalid_request_object"];
pub const REQUEST_URI: &[&str] = &["invalid_request_uri"];
pub const CLIENT: &[&str] = &["invalid_client"];
pub const CLIENT_OR_REQUEST: &[&str] = &["invalid_client", "invalid_request"];
pub const GRANT: &[&str] = &["invalid_grant"];
pub const SENDER_CONSTRAINT: &[&str] = &["invalid_request", "invalid_grant", "invalid_dpop_proof"];
pub const ANY_OF_THE_REQUEST: &[&str] = &["invalid_request", "invalid_request_object", "invalid_request_uri"];
pub const RESPONSE_TYPE: &[&str] = &[
    "unsupported_response_type",
    "invalid_request",
    "unauthorized_client",
];
/// Allows every code, and none.
pub const NAMELESS: &[&str] = &[];
