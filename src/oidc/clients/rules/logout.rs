//! Checks where a client is notified of a logout (OpenID Connect Front-Channel Logout 1.0 §2, Back-Channel Logout 1.0
//! §2.2). The provider calls the back channel, hence https always (security.md DR-3). The browser visits the front
//! channel, so an administrator may point it at this machine.

use url::Url;

use super::links::is_link;
use super::problem::Problems;
use super::registrar::Registrar;
use crate::domain::client::Metadata;

pub(super) fn check(problems: &mut Problems, metadata: &Metadata, by: Registrar<'_>) {
    if let Some(uri) = &metadata.backchannel_logout_uri {
        problems.unless(
            is_link(uri, false) && !uri.contains('#'),
            "backchannel_logout_uri",
            "is not an https URL without a fragment, of 512 characters at most",
        );
    }
    if let Some(uri) = &metadata.frontchannel_logout_uri {
        problems.unless(
            is_link(uri, by.is_administrator()) && !uri.contains('#'),
            "frontchannel_logout_uri",
            "is not an https URL without a fragment, of 512 characters at most",
        );
        // §2: the scheme, host and port are those of a redirect URI: a client has no other addresses visited.
        let origin = |it: &str| Url::parse(it).ok().map(|it| it.origin());
        let own = origin(uri);
        problems.unless(
            own.is_some() && metadata.redirect_uris.iter().any(|it| origin(it) == own),
            "frontchannel_logout_uri",
            "is not at the scheme, host and port of a redirect URI",
        );
    }
    for (required, uri, member) in [
        (
            metadata.backchannel_logout_session_required,
            &metadata.backchannel_logout_uri,
            "backchannel_logout_session_required",
        ),
        (
            metadata.frontchannel_logout_session_required,
            &metadata.frontchannel_logout_uri,
            "frontchannel_logout_session_required",
        ),
    ] {
        problems.unless(
            !required || uri.is_some(),
            member,
            "stands without the address it is about",
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::ClientId;
    use crate::domain::client::Definition;
    use crate::oidc::clients::rules::{Registrar, check};

    fn problems(member: &str, value: Value, by: Registrar<'_>) -> Vec<String> {
        let mut metadata = json!({"client_name": "A", "redirect_uris": ["https://a.example/cb", "http://localhost:90/cb"],
            "scope": "openid"});
        metadata[member] = value;
        let definition: Definition = serde_json::from_value(metadata).expect("a definition");
        let found = check(&ClientId::new("a"), &definition, by)
            .err()
            .unwrap_or_default();
        found.into_iter().map(|it| it.member).collect()
    }

    #[test]
    fn a_service_is_notified_at_addresses_of_its_own() {
        let administrator = Registrar::Administrator;
        for (member, good) in [
            ("frontchannel_logout_uri", "https://a.example:443/out?x=1"),
            ("frontchannel_logout_uri", "http://localhost:90/out"),
            ("backchannel_logout_uri", "https://elsewhere.example/out"),
        ] {
            assert!(problems(member, good.into(), administrator).is_empty(), "{good}");
        }
        for (member, bad) in [
            ("frontchannel_logout_uri", json!("https://b.example/out")), // Front-Channel Logout §2
            ("frontchannel_logout_uri", json!("https://a.example:444/out")),
            ("frontchannel_logout_uri", json!("http://a.example/out")),
            ("frontchannel_logout_uri", json!("https://a.example/out#x")),
            ("frontchannel_logout_session_required", json!(true)),
            ("backchannel_logout_uri", json!("http://localhost:90/out")), // DR-3
            ("backchannel_logout_uri", json!("https://a.example/out#x")), // Back-Channel Logout §2.2
            ("backchannel_logout_session_required", json!(true)),
        ] {
            let found = problems(member, bad.clone(), administrator);
            assert!(
                found.iter().all(|it| it == member) && !found.is_empty(),
                "{member} {bad}"
            );
        }
    }
}
