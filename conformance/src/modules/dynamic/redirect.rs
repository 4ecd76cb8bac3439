//! Redirect URIs are compared as they were registered, query and all (OpenID Connect Core §3.1.2.1).

use super::{METHOD, register, with};
use crate::registration::REDIRECT_URI;
use crate::report::Step;
use crate::run::Run;
use serde_json::json;

const RULE: &str = "redirect_uri (OpenID Connect Core §3.1.2.1)";

pub async fn missing(run: &mut Run) -> Step {
    let two = json!([REDIRECT_URI, format!("{REDIRECT_URI}/second")]);
    register(run, json!({ "redirect_uris": two })).await?;
    let request = run.request("openid").without("redirect_uri");
    let walk = run.authorize(&request).await?;
    run.expect_page(RULE, &walk)
}

pub async fn query(run: &mut Run) -> Step {
    let uri = format!("{REDIRECT_URI}?bar=foo");
    register(run, json!({ "redirect_uris": [uri] })).await?;
    let request = run.request("openid");
    run.login(&request).await.map(drop)
}

pub async fn query_mismatch(run: &mut Run) -> Step {
    unknown(run, "?bar=foo").await
}

pub async fn query_added(run: &mut Run) -> Step {
    unknown(run, "").await
}

async fn unknown(run: &mut Run, registered: &str) -> Step {
    let uri = format!("{REDIRECT_URI}{registered}");
    register(run, json!({ "redirect_uris": [uri] })).await?;
    let request = run
        .request("openid")
        .with("redirect_uri", format!("{REDIRECT_URI}?foo=bar"));
    let walk = run.authorize(&request).await?;
    run.expect_page(RULE, &walk)
}

pub async fn fragment(run: &mut Run) -> Step {
    const RULE: &str = "redirect_uris without fragment (RFC 6749 §3.1.2)";
    let asked = with(
        run,
        METHOD,
        json!({ "redirect_uris": [format!("{REDIRECT_URI}#fragment")] }),
    );
    let error = run.expect_refusal(&asked, RULE).await?;
    let known = ["invalid_redirect_uri", "invalid_client_metadata"].contains(&error.as_str());
    run.report
        .advise(known, RULE, || format!("the error is {error:?}"));
    Ok(())
}
