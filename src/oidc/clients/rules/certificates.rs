//! Checks what is registered for mutual TLS: names and keys of certificates, and tokens that are bound to them (RFC 8705
//! §2.1.2, §2.2.2, §3.4).

use super::problem::Problems;
use crate::certificates;
use crate::domain::client::{AuthMethod, Metadata};
use crate::oidc::client_authentication::ExpectedName;

pub(super) fn check(problems: &mut Problems, metadata: &Metadata) {
    let method = metadata.token_endpoint_auth_method;
    match (
        method == Some(AuthMethod::TlsClientAuth),
        ExpectedName::of(metadata),
    ) {
        (true, Err((member, reason))) => problems.add(member, reason),
        (true, Ok(_)) => {}
        (false, _) => no_names(problems, metadata),
    }
    if method == Some(AuthMethod::SelfSignedTlsClientAuth) {
        problems.unless(
            metadata.jwks.is_some() || metadata.jwks_uri.is_some(),
            "jwks",
            "is missing; self_signed_tls_client_auth needs it or jwks_uri",
        );
        problems.unless(
            metadata.jwks.as_ref().is_none_or(certificates::may_register),
            "jwks",
            "holds neither a certificate nor a key that one could be of",
        );
    }
    let bound = metadata.tls_client_certificate_bound_access_tokens;
    problems.unless(
        !(bound && metadata.dpop_bound_access_tokens),
        "tls_client_certificate_bound_access_tokens",
        "stands beside dpop_bound_access_tokens; a token is bound to one thing",
    );
    problems.unless(
        !bound || !metadata.response_types.iter().any(|it| it.token),
        "tls_client_certificate_bound_access_tokens",
        "what comes through the browser is bound to no certificate",
    );
}

fn no_names(problems: &mut Problems, metadata: &Metadata) {
    for (member, value) in [
        ("tls_client_auth_subject_dn", &metadata.tls_client_auth_subject_dn),
        ("tls_client_auth_san_dns", &metadata.tls_client_auth_san_dns),
        ("tls_client_auth_san_uri", &metadata.tls_client_auth_san_uri),
        ("tls_client_auth_san_ip", &metadata.tls_client_auth_san_ip),
        ("tls_client_auth_san_email", &metadata.tls_client_auth_san_email),
    ] {
        problems.unless(value.is_none(), member, "is for tls_client_auth only");
    }
}
