//! The Dynamic OP and the 3rd-Party-Initiated Login OP profiles: each module registers a client of its own.

mod client;
mod keys;
mod pages;
mod redirect;
mod site;

use super::basic::{happy, refresh};
use super::config;
use crate::module::{Module, module};
use crate::registration::RULE;
use crate::relying_party::RelyingParty;
use crate::report::{Step, Stop};
use crate::run::Run;
use client::register;
pub use keys::{id_token_signature, id_token_unsigned};
use serde_json::json;
pub use site::unsigned_object_or_refusal;

/// Lists the modules of the suite's plan but `oidcc-server-rotate-keys`, which waits for a person.
#[rustfmt::skip]
pub const MODULES: &[Module] = &[
    module!("oidcc-server", Registration, server),
    module!("oidcc-idtoken-unsigned", Registration, keys::id_token_unsigned),
    module!("oidcc-idtoken-rs256", Registration, keys::id_token_rs256),
    module!("oidcc-userinfo-rs256", Registration, keys::userinfo_rs256),
    module!("oidcc-ensure-redirect-uri-in-authorization-request", Registration, redirect::missing),
    module!("oidcc-redirect-uri-query-OK", Registration, redirect::query),
    module!("oidcc-redirect-uri-query-mismatch", Registration, redirect::query_mismatch),
    module!("oidcc-redirect-uri-query-added", Registration, redirect::query_added),
    module!("oidcc-redirect-uri-regfrag", Registration, redirect::fragment),
    module!("oidcc-discovery-endpoint-verification", Nothing, discovery),
    module!("oidcc-registration-logo-uri", Registration, pages::logo),
    module!("oidcc-registration-policy-uri", Registration, pages::policy),
    module!("oidcc-registration-tos-uri", Registration, pages::tos),
    module!("oidcc-registration-jwks-uri", Site, site::jwks_uri),
    module!("oidcc-registration-sector-uri", Site, site::sector),
    module!("oidcc-registration-sector-bad", Site, site::bad_sector),
    module!("oidcc-refresh-token-rp-key-rotation", Site, site::rotated_keys),
    module!("oidcc-request-uri-unsigned", Site, site::unsigned_object),
    module!("oidcc-request-uri-signed-rs256", Site, site::signed_object),
    module!("oidcc-ensure-request-object-with-redirect-uri", Registration, request_object),
    module!("oidcc-refresh-token", Registration, refresh_token),
    module!("oidcc-ensure-client-assertion-with-iss-aud-succeeds", Registration, keys::assertion_for_the_issuer),
];

pub const THIRD_PARTY_LOGIN: &[Module] = &[
    module!(
        "oidcc-3rd_party-init-login",
        Registration,
        pages::initiated_elsewhere
    ),
    module!(
        "oidcc-3rd_party-init-login-nohttps",
        Registration,
        pages::initiated_without_tls
    ),
];

async fn server(rp: &mut RelyingParty) -> Step {
    register(rp, json!({})).await?;
    happy::server(rp).await
}

async fn request_object(rp: &mut RelyingParty) -> Step {
    register(rp, json!({})).await?;
    super::basic::request_object::with_redirect_uri(rp).await
}

async fn refresh_token(rp: &mut RelyingParty) -> Step {
    let more = json!({"grant_types": ["authorization_code", "refresh_token"]});
    register(rp, more.clone()).await?;
    let first = rp.client.clone();
    register(rp, more).await?;
    let second = std::mem::replace(&mut rp.client, first);
    refresh::refresh_token_of_two(rp, second).await
}

/// Verifies the metadata as the Config profile does, and that it has the response types and grants which are mandatory
/// for a dynamic provider (OpenID Connect Core §15.2).
async fn discovery(run: &mut Run) -> Step {
    if run.provider.endpoint("registration_endpoint").is_none() {
        return Err(Stop::Skipped("the provider registers no clients".into()));
    }
    config::discovery_endpoint_verification(run).await?;
    let provider = run.provider.clone();
    let types = provider.list("response_types_supported").unwrap_or_default();
    let sorted = |response_type: &str| {
        let mut words: Vec<&str> = response_type.split(' ').collect();
        words.sort_unstable();
        words.join(" ")
    };
    for wanted in ["code", "id_token", "id_token token"] {
        let there = types.iter().any(|it| sorted(it) == wanted);
        run.report.require(there, RULE, || {
            format!("response_types_supported lacks {wanted:?}")
        });
    }
    if let Some(grants) = provider.list("grant_types_supported") {
        for wanted in ["authorization_code", "implicit"] {
            run.report.require(grants.contains(&wanted), RULE, || {
                format!("grant_types_supported lacks {wanted}")
            });
        }
    }
    Ok(())
}
