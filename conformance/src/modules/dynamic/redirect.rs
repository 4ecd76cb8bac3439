//! Modules about redirect URIs: they are compared as they were registered, query and all (OpenID Connect Core
//! §3.1.2.1).

use super::client::{METHOD, register, with};
use crate::registration::REDIRECT_URI;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use serde_json::json;

const RULE: &str = "redirect_uri (OpenID Connect Core §3.1.2.1)";

pub async fn missing(rp: &mut RelyingParty) -> Step {
    let two = json!([REDIRECT_URI, format!("{REDIRECT_URI}/second")]);
    register(rp, json!({ "redirect_uris": two })).await?;
    let request = rp.request("openid").without("redirect_uri");
    let journey = rp.authorize(&request).await?;
    rp.expect_page(RULE, &journey)
}

pub async fn query(rp: &mut RelyingParty) -> Step {
    let uri = format!("{REDIRECT_URI}?bar=foo");
    register(rp, json!({ "redirect_uris": [uri] })).await?;
    let request = rp.request("openid");
    rp.login(&request).await.map(drop)
}

pub async fn query_mismatch(rp: &mut RelyingParty) -> Step {
    unregistered(rp, "?bar=foo").await
}

pub async fn query_added(rp: &mut RelyingParty) -> Step {
    unregistered(rp, "").await
}

async fn unregistered(rp: &mut RelyingParty, registered: &str) -> Step {
    let uri = format!("{REDIRECT_URI}{registered}");
    register(rp, json!({ "redirect_uris": [uri] })).await?;
    let request = rp
        .request("openid")
        .with("redirect_uri", format!("{REDIRECT_URI}?foo=bar"));
    let journey = rp.authorize(&request).await?;
    rp.expect_page(RULE, &journey)
}

pub async fn fragment(rp: &mut RelyingParty) -> Step {
    const RULE: &str = "redirect_uris without fragment (RFC 6749 §3.1.2)";
    let asked = with(
        rp,
        METHOD,
        json!({ "redirect_uris": [format!("{REDIRECT_URI}#fragment")] }),
    );
    let error = rp.expect_refusal(&asked, RULE).await?;
    let permitted = ["invalid_redirect_uri", "invalid_client_metadata"].contains(&error.as_str());
    rp.run
        .report
        .advise(permitted, RULE, || format!("the error is {error:?}"));
    Ok(())
}
