//! Modules that send an unsigned request object by value. The provider accepts it or refuses it by
//! `request_not_supported` (OpenID Connect Core §6.1).

use crate::browser::RedirectResult;
use crate::client::{Request, random_text, unsigned};
use crate::relying_party::RelyingParty;
use crate::report::{Step, Stop};
use serde_json::{Map, Value};

const RULE: &str = "request objects (OpenID Connect Core §6.1)";

fn skip_without_none(rp: &RelyingParty) -> Step {
    match rp
        .run
        .provider
        .list("request_object_signing_alg_values_supported")
    {
        Some(them) if !them.contains(&"none") => Err(Stop::Skipped(
            "request_object_signing_alg_values_supported lists no `none`".into(),
        )),
        _ => Ok(()),
    }
}

fn object_of(request: &Request, issuer: &str) -> String {
    let mut claims: Map<String, Value> = request
        .params
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    claims.insert("iss".into(), request.get("client_id").unwrap_or_default().into());
    claims.insert("aud".into(), issuer.into());
    unsigned(&Value::Object(claims))
}

pub async fn unsigned_request_object(rp: &mut RelyingParty) -> Step {
    skip_without_none(rp)?;
    let inner = rp.request("openid");
    // State and nonce are in the object only, so a provider that overlooks it loses them.
    let object = object_of(&inner, &rp.run.provider.issuer);
    let outer = inner
        .clone()
        .without("state")
        .without("nonce")
        .with("request", object);
    let journey = rp.authorize(&outer).await?;
    let refused = journey.returned().is_some_and(|redirect| {
        let by_form = redirect
            .form
            .iter()
            .flatten()
            .any(|it| it.1 == "request_not_supported");
        let fragment = redirect.url.fragment().unwrap_or_default();
        let in_fragment = url::form_urlencoded::parse(fragment.as_bytes());
        let mut in_address = redirect.url.query_pairs().chain(in_fragment);
        by_form || in_address.any(|(name, value)| name == "error" && value == "request_not_supported")
    });
    if refused {
        return Err(Stop::Skipped("refused with request_not_supported".into()));
    }
    let granted = rp.expect_grant(&journey, &inner)?;
    rp.complete_login(journey, granted, &inner, None).await?;
    rp.run.report.advise(
        rp.run.provider.flag("request_parameter_supported") == Some(true),
        RULE,
        || "it works, but request_parameter_supported is not true in the metadata".into(),
    );
    Ok(())
}

pub async fn with_redirect_uri(rp: &mut RelyingParty) -> Step {
    skip_without_none(rp)?;
    let inner = rp.request("openid");
    let object = object_of(&inner, &rp.run.provider.issuer);
    let foreign = format!("{}/{}", rp.client.settings.redirect_uri, random_text(10));
    let outer = inner
        .clone()
        .with("redirect_uri", foreign)
        .with("request", object);
    let journey = rp.authorize(&outer).await?;
    match &journey.end {
        RedirectResult::Page(_) => rp.expect_page(RULE, &journey),
        RedirectResult::Returned(_) => {
            let granted = rp.expect_grant(&journey, &inner)?;
            rp.complete_login(journey, granted, &inner, None).await.map(drop)
        }
    }
}
