//! Modules for which the provider fetches a document from the checker's own site.

use super::client::{METHOD, with};
use crate::checks::common::json_error;
use crate::checks::token;
use crate::client::{AuthMethod, Key, random_text, unsigned};
use crate::registration::REDIRECT_URI;
use crate::relying_party::RelyingParty;
use crate::report::{Step, Stop};
use crate::site::Site;
use serde_json::{Map, Value, json};
use std::time::Duration;

const KEYS: &str = "jwks_uri (OpenID Connect Core §10.1.1)";
const SECTOR: &str = "sector_identifier_uri (OpenID Connect Dynamic Client Registration §5)";
const OBJECT: &str = "request_uri (OpenID Connect Core §6.2)";
const JSON: &str = "application/json";

/// Registers a client whose key has a name and is published at an address of the site.
async fn register_with_address(rp: &mut RelyingParty, site: &Site, path: &str, more: Value) -> Step {
    let key = Key::named("first")?;
    site.show(path, JSON, json!({"keys": [key.public()]}).to_string());
    let mut asked = with(rp, METHOD, more);
    asked["jwks_uri"] = site.at(path).into();
    if let Some(members) = asked.as_object_mut() {
        members.remove("jwks");
    }
    rp.register(&asked, METHOD).await?;
    rp.client.key = key;
    Ok(())
}

pub async fn jwks_uri(rp: &mut RelyingParty) -> Step {
    let (site, path) = (rp.run.site()?, format!("/{}/jwks", random_text(10)));
    register_with_address(rp, &site, &path, json!({})).await?;
    let request = rp.request("openid");
    rp.login(&request).await?;
    // The check is stricter than the suite's: a key that does not exist verifies nothing.
    rp.client.key = Key::named("foreign")?;
    let answer = rp.redeem_raw(&random_text(43)).await?;
    json_error(
        &answer,
        &[400, 401],
        &["invalid_client"],
        KEYS,
        &mut rp.run.report,
    );
    Ok(())
}

pub async fn rotated_keys(rp: &mut RelyingParty) -> Step {
    let (site, path) = (rp.run.site()?, format!("/{}/jwks", random_text(10)));
    let more = json!({"grant_types": ["authorization_code", "refresh_token"]});
    register_with_address(rp, &site, &path, more).await?;
    let request = rp.request("openid offline_access").with("prompt", "consent");
    let login = rp.login(&request).await?;
    let Some(refresh) = login.tokens.refresh_token else {
        return Err(rp.run.report.stop(KEYS, "no refresh token was issued"));
    };
    rp.client.key = Key::named("second")?;
    let keys = json!({"keys": [rp.client.key.public()]});
    site.show(&path, JSON, keys.to_string());
    let pause = rp.run.config.server.jwks_refresh_delay.unwrap_or(60);
    tokio::time::sleep(Duration::from_secs(pause)).await;
    let params = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let answer = rp
        .client
        .token_request(&rp.run.http, &rp.run.provider, &params)
        .await?;
    if answer.status != 200 {
        let detail = format!("the new key is not known: {}", answer.brief());
        return Err(rp.run.report.stop(KEYS, detail));
    }
    token::read(&answer, &mut rp.run.report).map(drop)
}

fn skip_without_pairwise(rp: &RelyingParty) -> Step {
    let types = rp
        .run
        .provider
        .list("subject_types_supported")
        .unwrap_or_default();
    if types.contains(&"pairwise") {
        Ok(())
    } else {
        Err(Stop::Skipped("subject_types_supported lacks pairwise".into()))
    }
}

fn of_a_sector(rp: &RelyingParty, site: &Site, listed: &str) -> Value {
    let path = format!("/{}/redirect_uris.json", random_text(10));
    site.show(&path, JSON, json!([listed]).to_string());
    let more = json!({"subject_type": "pairwise", "sector_identifier_uri": site.at(&path)});
    with(rp, METHOD, more)
}

pub async fn sector(rp: &mut RelyingParty) -> Step {
    skip_without_pairwise(rp)?;
    let site = rp.run.site()?;
    let asked = of_a_sector(rp, &site, REDIRECT_URI);
    rp.register(&asked, METHOD).await?;
    let request = rp.request("openid");
    rp.login(&request).await.map(drop)
}

pub async fn bad_sector(rp: &mut RelyingParty) -> Step {
    skip_without_pairwise(rp)?;
    let site = rp.run.site()?;
    let asked = of_a_sector(rp, &site, "https://conformance.invalid/another");
    let error = rp.expect_refusal(&asked, SECTOR).await?;
    rp.run
        .report
        .advise(error == "invalid_client_metadata", SECTOR, || {
            format!("the error is {error:?}")
        });
    Ok(())
}

fn algorithms(rp: &RelyingParty) -> Option<Vec<String>> {
    let listed = rp
        .run
        .provider
        .list("request_object_signing_alg_values_supported")?;
    Some(listed.into_iter().map(str::to_owned).collect())
}

fn skip_without_none(rp: &RelyingParty) -> Step {
    match algorithms(rp) {
        Some(them) if !them.iter().any(|it| it == "none") => Err(Stop::Skipped(
            "request_object_signing_alg_values_supported lists no `none`".into(),
        )),
        _ => Ok(()),
    }
}

pub async fn unsigned_object(rp: &mut RelyingParty) -> Step {
    skip_without_none(rp)?;
    announced(rp);
    by_address(rp, METHOD, "none", false).await
}

/// Sends a `request_uri` as the basic profile does: it works, or the provider refuses it by
/// `request_uri_not_supported`.
pub async fn unsigned_object_or_refusal(rp: &mut RelyingParty) -> Step {
    skip_without_none(rp)?;
    by_address(rp, AuthMethod::SecretBasic, "none", true).await
}

pub async fn signed_object(rp: &mut RelyingParty) -> Step {
    let listed = algorithms(rp).unwrap_or_default();
    rp.run
        .report
        .require(listed.iter().any(|it| it == "RS256"), OBJECT, || {
            "request_object_signing_alg_values_supported lacks RS256".into()
        });
    announced(rp);
    by_address(rp, METHOD, "RS256", false).await
}

/// Requires that the metadata announces `request_uri`. OpenID Connect Discovery §3: `request_uri_parameter_supported`
/// is true unless the metadata says otherwise.
fn announced(rp: &mut RelyingParty) {
    let off = rp.run.provider.flag("request_uri_parameter_supported") == Some(false);
    rp.run
        .report
        .require(!off, OBJECT, || "request_uri_parameter_supported is false".into());
}

async fn by_address(rp: &mut RelyingParty, method: AuthMethod, algorithm: &str, may_refuse: bool) -> Step {
    let site = rp.run.site()?;
    let path = format!("/requesturi/{}", random_text(64));
    // A fragment is part of what is registered, and of nothing that is fetched (Core §6.2).
    let address = format!("{}#{}", site.at(&path), random_text(10));
    let more = json!({"request_uris": [address], "request_object_signing_alg": algorithm});
    let asked = with(rp, method, more);
    rp.register(&asked, method).await?;
    let inner = rp.request("openid");
    let mut claims: Map<String, Value> = inner
        .params
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    claims.insert("iss".into(), rp.client.id().into());
    claims.insert("aud".into(), rp.run.provider.issuer.as_str().into());
    let claims = Value::Object(claims);
    let object = match algorithm {
        "none" => unsigned(&claims),
        _ => rp.client.key.sign(&claims)?,
    };
    site.show(&path, "application/jwt", object);
    // State and nonce are in the object only.
    let outer = inner
        .clone()
        .without("state")
        .without("nonce")
        .with("request_uri", address);
    let journey = rp.authorize(&outer).await?;
    let back = journey.returned().map(|it| (it.url.as_str(), &it.form));
    if may_refuse && format!("{back:?}").contains("request_uri_not_supported") {
        return Err(Stop::Skipped("refused with request_uri_not_supported".into()));
    }
    let granted = rp.expect_grant(&journey, &inner)?;
    rp.complete_login(journey, granted, &inner, None).await.map(drop)
}
