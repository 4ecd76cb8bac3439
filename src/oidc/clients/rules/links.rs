//! Checks the addresses of pages and documents that a client registers, and has the form of an address for every rule
//! (security.md DR-4).

use url::Url;

use super::problem::Problems;
use super::registrar::Registrar;
use crate::domain::client::Metadata;

pub(super) const MOST_URIS: usize = 16;

pub(super) fn check(problems: &mut Problems, metadata: &Metadata, by: Registrar<'_>) {
    // DR-4: links that people see are https; an administrator may point at a service on this machine.
    let pages = [
        ("client_uri", &metadata.client_uri, true),
        ("initiate_login_uri", &metadata.initiate_login_uri, true),
        ("logo_uri", &metadata.logo_uri, false),
        ("policy_uri", &metadata.policy_uri, false),
        ("tos_uri", &metadata.tos_uri, false),
        ("jwks_uri", &metadata.jwks_uri, false),
        ("sector_identifier_uri", &metadata.sector_identifier_uri, false),
    ];
    for (member, value, loopback) in pages {
        let Some(value) = value else { continue };
        let on_loopback = loopback && by.is_administrator();
        problems.unless(
            is_link(value, on_loopback),
            member,
            "is not an https URL of 512 characters at most",
        );
    }
}

pub(super) fn is_link(value: &str, or_loopback: bool) -> bool {
    let Ok(url) = Url::parse(value) else { return false };
    let plain = value.len() <= 512 && url.username().is_empty() && url.password().is_none();
    let on_loopback = match url.host_str() {
        Some(host) => {
            host == "127.0.0.1" || host == "[::1]" || host == "localhost" || host.ends_with(".localhost")
        }
        None => false,
    };
    plain
        && url.has_host()
        && (url.scheme() == "https" || (or_loopback && url.scheme() == "http" && on_loopback))
}
