//! Checks what a client names beyond itself before it counts: that its keys can be fetched and its logouts sent at all,
//! and that its sector lists its addresses (OpenID Connect Dynamic Client Registration §5; security.md DR-3). All other
//! rules decide on the definition alone.

use super::problem::{Problem, Problems};
use super::sector;
use crate::app::App;
use crate::domain::client::Metadata;

/// Checks what changed since `before`; the rest is not fetched again.
pub async fn check_remote(
    app: &App,
    metadata: &Metadata,
    before: Option<&Metadata>,
) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    for (member, address, registered) in [
        ("jwks_uri", &metadata.jwks_uri, before.map(|it| &it.jwks_uri)),
        (
            "backchannel_logout_uri",
            &metadata.backchannel_logout_uri,
            before.map(|it| &it.backchannel_logout_uri),
        ),
    ] {
        if let Some(new) = address
            && registered != Some(address)
            && let Err(error) = app.fetch.check(new)
        {
            problems.add(member, error.to_string());
        }
    }
    let is_new = |before: &Metadata| {
        before.sector_identifier_uri != metadata.sector_identifier_uri
            || before.redirect_uris != metadata.redirect_uris
    };
    if let Some(address) = &metadata.sector_identifier_uri
        && before.is_none_or(is_new)
        && let Err(reason) = sector::lists_all(app, address, &metadata.redirect_uris).await
    {
        problems.add("sector_identifier_uri", reason);
    }
    problems.into_result()
}
