//! The client report: what is allowed, but worth knowing and mending (RFC 9700; security.md AZ-3 to AZ-5).

use super::uses_secret;
use crate::domain::client::{ApplicationType, AuthMethod, GrantType, Metadata, Pkce, RequestObjectAlg};

/// What the client report says of a client that is in order.
pub fn notes(it: &Metadata) -> Vec<String> {
    let mut notes = Vec::new();
    let public = it.token_endpoint_auth_method == Some(AuthMethod::None);
    let native = it.application_type == ApplicationType::Native;
    let codes = it.grant_types.contains(&GrantType::AuthorizationCode);
    if codes && !public && !native && it.pkce == Pkce::Optional {
        notes.push("pkce is optional: set it to required if the service can send it".to_owned()); // AZ-5
    }
    for it in it.response_types.iter().filter(|it| it.is_front_channel()) {
        // RFC 9700 §2.1.2
        notes.push(format!(
            "response type \"{it}\" brings tokens through the browser: code is safer"
        ));
    }
    if it.request_object_signing_alg == Some(RequestObjectAlg::None) {
        notes.push("request objects come unsigned: they protect nothing".to_owned()); // JW-2
    }
    let loopback = it.redirect_uris.iter().filter(|uri| uri.starts_with("http://"));
    for uri in loopback.filter(|_| !native) {
        notes.push(format!("{uri} is on the person's own machine: for tests only")); // AZ-3
    }
    if it.introspect_all && !uses_secret(it) && it.jwks.is_none() && it.jwks_uri.is_none() {
        notes.push("introspect_all has no effect without client authentication".to_owned()); // UI-3
    }
    notes
}
