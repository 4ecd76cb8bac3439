//! Checks what is registered for request objects: their signature, and the addresses that they come from (OpenID Connect
//! Core §6, RFC 9101 §10.5; security.md AZ-7, AZ-8).

use super::links::{MOST_URIS, is_link};
use super::problem::Problems;
use crate::domain::client::{Metadata, RequestObjectAlg};
use crate::jose::ClientKeys;

pub(super) fn check(problems: &mut Problems, metadata: &Metadata) {
    let uris = &metadata.request_uris;
    problems.unless(uris.len() <= MOST_URIS, "request_uris", "are 16 at most");
    for (position, uri) in uris.iter().enumerate() {
        problems.unless(
            is_link(uri, false),
            "request_uris",
            "holds what is not an https URL of 512 characters at most",
        );
        problems.unless(
            !uris[..position].contains(uri),
            "request_uris",
            "holds an address twice",
        );
    }
    let alg = metadata.request_object_signing_alg;
    let unsigned = alg == Some(RequestObjectAlg::None);
    problems.unless(
        !(unsigned && metadata.require_signed_request_object),
        "request_object_signing_alg",
        "is none, though require_signed_request_object is set",
    );
    // AZ-7: only clients with registered keys send request objects.
    let signs = metadata.require_signed_request_object || alg.is_some_and(|it| it.signature().is_some());
    problems.unless(
        !signs || metadata.jwks.is_some() || metadata.jwks_uri.is_some(),
        "jwks",
        "is missing; signed request objects need it or jwks_uri",
    );
    let keys = metadata.jwks.as_ref().and_then(|it| ClientKeys::parse(it).ok());
    if let (Some(keys), Some(alg)) = (keys, alg.and_then(RequestObjectAlg::signature)) {
        let reason = "names a signature for which jwks holds no key";
        problems.unless(keys.can_sign_by(&[alg]), "request_object_signing_alg", reason);
    }
}
