//! The paths of the protocol's endpoints, below the issuer. The router binds them and discovery announces them.
//! Nobody else names them: services find them through discovery (contract.md).

pub const AUTHORIZATION: &str = "/authorize";
pub const PUSHED_AUTHORIZATION_REQUEST: &str = "/par";
pub const DEVICE_AUTHORIZATION: &str = "/device-authorization";
/// CIBA §4
pub const BACKCHANNEL_AUTHENTICATION: &str = "/backchannel-authentication";
pub const TOKEN: &str = "/token";
pub const USERINFO: &str = "/userinfo";
pub const INTROSPECTION: &str = "/introspect";
pub const REVOCATION: &str = "/revoke";
pub const END_SESSION: &str = "/end-session";
/// Grant Management for OAuth 2.0 §6.2
pub const GRANT_MANAGEMENT: &str = "/grants";
/// Below it, each grant by its identifier (§6.3).
pub const GRANT: &str = "/grants/{grant_id}";
/// OpenID Connect Session Management 1.0 §3.3
pub const CHECK_SESSION_IFRAME: &str = "/check-session";
/// The base of SCIM (contract.md): RFC 7644 §1.3
pub const SCIM: &str = "/scim/v2";
pub const REGISTRATION: &str = "/register";
/// RFC 7592 §2: below it, each client by its identifier.
pub const CLIENT_CONFIGURATION: &str = "/register/{client_id}";
/// The endpoints that clients may call over mutual TLS, too, by their names in metadata (RFC 8705 §5).
pub const MUTUAL_TLS: [(&str, &str); 8] = [
    ("backchannel_authentication_endpoint", BACKCHANNEL_AUTHENTICATION),
    ("device_authorization_endpoint", DEVICE_AUTHORIZATION),
    ("grant_management_endpoint", GRANT_MANAGEMENT),
    ("token_endpoint", TOKEN),
    (
        "pushed_authorization_request_endpoint",
        PUSHED_AUTHORIZATION_REQUEST,
    ),
    ("userinfo_endpoint", USERINFO),
    ("introspection_endpoint", INTROSPECTION),
    ("revocation_endpoint", REVOCATION),
];

/// OpenID Shared Signals Framework 1.0 §7.2, §8.1; CAEP Interoperability Profile §2.3.
pub const SSF_CONFIGURATION: &str = "/.well-known/ssf-configuration";
pub const SSF_STREAMS: &str = "/ssf/streams";
pub const SSF_STATUS: &str = "/ssf/status";
pub const SSF_ADD_SUBJECT: &str = "/ssf/subjects/add";
pub const SSF_REMOVE_SUBJECT: &str = "/ssf/subjects/remove";
pub const SSF_VERIFICATION: &str = "/ssf/verification";
/// RFC 8936 §2: the events of one stream.
pub const SSF_POLL: &str = "/ssf/streams/{stream_id}/events";

/// Returns the address at which the events of a stream are polled.
pub fn ssf_poll(stream: &str) -> String {
    SSF_POLL.replace("{stream_id}", stream)
}
/// The REST API: with the issuer before it, the resource indicator of its tokens (RFC 8707).
pub const API: &str = "/api/v1";

pub const JWKS: &str = "/jwks.json";
pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
/// RFC 8414 §3: the same document.
pub const OAUTH_AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
