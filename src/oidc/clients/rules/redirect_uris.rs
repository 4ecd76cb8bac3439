//! Checks the addresses to which a client has people sent after a login and after a logout (security.md AZ-3, DR-2). The
//! form of a redirect URI is in `domain::client`.

use super::links::MOST_URIS;
use super::problem::Problems;
use super::registrar::Registrar;
use crate::domain::client::{ApplicationType, Metadata, Registrant, check_redirect_uri};

/// The most addresses of a client that an administrator decides about: one service may have one for each of its sites.
const MOST_URIS_OF_ADMINISTRATORS: usize = 64;

pub(super) fn check(problems: &mut Problems, metadata: &Metadata, by: Registrar<'_>) {
    let registrant = Registrant {
        native: metadata.application_type == ApplicationType::Native,
        by_administrator: by.is_administrator(),
    };
    let lists = [
        ("redirect_uris", &metadata.redirect_uris),
        ("post_logout_redirect_uris", &metadata.post_logout_redirect_uris),
    ];
    for (member, uris) in lists {
        let most = match by {
            Registrar::Client { decided } if !decided.settings.is_administered(member) => MOST_URIS,
            _ => MOST_URIS_OF_ADMINISTRATORS,
        };
        problems.unless(uris.len() <= most, member, &format!("are {most} at most"));
        for (position, uri) in uris.iter().enumerate() {
            if let Err(bad) = check_redirect_uri(uri, registrant) {
                let start: String = uri.chars().take(80).collect();
                problems.add(member, format!("{start}: {bad}"));
            }
            problems.unless(!uris[..position].contains(uri), member, "holds an address twice");
        }
    }
    problems.unless(
        !metadata.uses_redirects() || !metadata.redirect_uris.is_empty(),
        "redirect_uris",
        "is missing; the grants authorization_code and implicit need one",
    );
}
