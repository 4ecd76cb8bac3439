//! Checks the method by which a client authenticates, and the keys for it (RFC 7591 §2, OpenID Connect Core §9;
//! security.md JW-6).

use super::problem::Problems;
use crate::domain::client::{AuthMethod, Definition};
use crate::jose::ClientKeys;

pub(super) fn check(problems: &mut Problems, definition: &Definition) {
    let metadata = &definition.metadata;
    let by_key = metadata.token_endpoint_auth_method == Some(AuthMethod::PrivateKeyJwt);
    problems.unless(
        metadata.jwks.is_none() || metadata.jwks_uri.is_none(),
        "jwks_uri",
        "stands beside jwks; one of them only", // RFC 7591 §2
    );
    problems.unless(
        !by_key || metadata.jwks.is_some() || metadata.jwks_uri.is_some(),
        "jwks",
        "is missing; private_key_jwt needs it or jwks_uri",
    );
    problems.unless(
        by_key || metadata.token_endpoint_auth_signing_alg.is_none(),
        "token_endpoint_auth_signing_alg",
        "is for private_key_jwt only",
    );
    let algs = definition.settings.profile.permitted(metadata.assertion_algs());
    match metadata.jwks.as_ref().map(ClientKeys::parse) {
        Some(Err(reason)) => problems.add("jwks", reason),
        // RFC 7591 §2: the keys are those that the method needs.
        Some(Ok(keys)) if by_key && !keys.can_sign_by(&algs) => {
            let named: Vec<&str> = algs.iter().map(|it| it.as_str()).collect();
            let reason = format!("holds no key for signatures by {}", named.join(", "));
            problems.add("jwks", reason);
        }
        _ => {}
    }
}
