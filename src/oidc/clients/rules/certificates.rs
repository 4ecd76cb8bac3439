//! How a client may be registered to prove itself by a certificate, and to have its tokens bound to it
//! (RFC 8705 §2.1.2, §2.2.2, §3.4).

use super::problem::Problems;
use crate::certificates;
use crate::domain::client::{AuthMethod, Metadata};
use crate::oidc::client_authentication::ExpectedName;

pub(super) fn check(problems: &mut Problems, it: &Metadata) {
    let method = it.token_endpoint_auth_method;
    match (method == Some(AuthMethod::TlsClientAuth), ExpectedName::of(it)) {
        (true, Err((member, reason))) => problems.add(member, reason),
        (true, Ok(_)) => {}
        (false, _) => no_names(problems, it),
    }
    if method == Some(AuthMethod::SelfSignedTlsClientAuth) {
        problems.unless(
            it.jwks.is_some() || it.jwks_uri.is_some(),
            "jwks",
            "is missing; self_signed_tls_client_auth needs it or jwks_uri",
        );
        problems.unless(
            it.jwks.as_ref().is_none_or(certificates::may_register),
            "jwks",
            "holds neither a certificate nor a key that one could be of",
        );
    }
    let bound = it.tls_client_certificate_bound_access_tokens;
    problems.unless(
        !(bound && it.dpop_bound_access_tokens),
        "tls_client_certificate_bound_access_tokens",
        "stands beside dpop_bound_access_tokens; a token is bound to one thing",
    );
    problems.unless(
        !bound || !it.response_types.iter().any(|it| it.token),
        "tls_client_certificate_bound_access_tokens",
        "what comes through the browser is bound to no certificate",
    );
}

fn no_names(problems: &mut Problems, it: &Metadata) {
    for (member, value) in [
        ("tls_client_auth_subject_dn", &it.tls_client_auth_subject_dn),
        ("tls_client_auth_san_dns", &it.tls_client_auth_san_dns),
        ("tls_client_auth_san_uri", &it.tls_client_auth_san_uri),
        ("tls_client_auth_san_ip", &it.tls_client_auth_san_ip),
        ("tls_client_auth_san_email", &it.tls_client_auth_san_email),
    ] {
        problems.unless(value.is_none(), member, "is for tls_client_auth only");
    }
}
