//! Modules in which a login succeeds, each with one thing added to the request.

use crate::browser::RedirectResult;
use crate::checks::common::entropy;
use crate::checks::id_token;
use crate::client::random_text;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use openidconnect::PkceCodeChallenge;
use url::Url;

pub async fn server(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let login = rp.login(&request).await?;
    // 128 bits at 8 a character, as the suite counts.
    if rp.run.variant.has("code") {
        rp.run
            .report
            .require(login.code.len() >= 16, "authorization code", || {
                "shorter than 128 bits".into()
            });
        entropy("authorization code", &login.code, &mut rp.run.report);
    }
    rp.run.report.advise(
        !rp.run.variant.has_access_token() || login.tokens.body.get("expires_in").is_some(),
        "token response (RFC 6749 §5.1)",
        || "expires_in is missing".into(),
    );
    let tokens = std::iter::once(&login.id_token).chain(&login.front);
    for token in tokens {
        id_token::lean(token, &mut rp.run.report);
    }
    Ok(())
}

pub async fn without_nonce(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid").without("nonce");
    rp.login(&request).await.map(drop)
}

pub async fn without_nonce_fails(rp: &mut RelyingParty) -> Step {
    const RULE: &str = "a request without nonce (OpenID Connect Core §3.2.2.1, §3.3.2.11)";
    let request = rp.request("openid").without("nonce");
    let journey = rp.authorize(&request).await?;
    match &journey.end {
        RedirectResult::Returned(_) => {
            rp.expect_error(RULE, &journey, &request, &["invalid_request"]);
            Ok(())
        }
        RedirectResult::Page(_) => rp.expect_page(RULE, &journey),
    }
}

async fn with(rp: &mut RelyingParty, name: &str, value: &str) -> Step {
    let request = rp.request("openid").with(name, value);
    rp.login(&request).await.map(drop)
}

pub async fn display_page(rp: &mut RelyingParty) -> Step {
    with(rp, "display", "page").await
}

pub async fn display_popup(rp: &mut RelyingParty) -> Step {
    with(rp, "display", "popup").await
}

pub async fn unknown_parameter(rp: &mut RelyingParty) -> Step {
    with(rp, "extra", "foobar").await
}

pub async fn login_hint(rp: &mut RelyingParty) -> Step {
    let host = Url::parse(&rp.run.provider.issuer)
        .ok()
        .and_then(|it| it.host_str().map(str::to_owned));
    let unknown = || format!("buffy@{}", host.as_deref().unwrap_or("localhost"));
    let hint = rp.run.config.server.login_hint.clone().unwrap_or_else(unknown);
    with(rp, "login_hint", &hint).await
}

pub async fn ui_locales(rp: &mut RelyingParty) -> Step {
    let locales = rp
        .run
        .config
        .server
        .ui_locales
        .clone()
        .unwrap_or_else(|| "se".into());
    with(rp, "ui_locales", &locales).await
}

pub async fn claims_locales(rp: &mut RelyingParty) -> Step {
    with(rp, "claims_locales", "se").await
}

pub async fn acr_values(rp: &mut RelyingParty) -> Step {
    let provider = rp.run.provider.clone();
    let values = provider
        .list("acr_values_supported")
        .filter(|it| !it.is_empty())
        .unwrap_or_else(|| vec!["1", "2"]);
    let request = rp.request("openid").with("acr_values", values.join(" "));
    let login = rp.login(&request).await?;
    let acr = login.id_token.claims["acr"].as_str();
    rp.run.report.advise(
        acr.is_some_and(|it| values.contains(&it)),
        "acr (OpenID Connect Core §3.1.2.1)",
        || format!("acr is {acr:?}, asked for was one of {values:?}"),
    );
    Ok(())
}

pub async fn post_request(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let endpoint = rp.run.endpoint("authorization_endpoint")?;
    let start = rp.run.browser.post(&endpoint, &request.params).await?;
    let journey = rp.run.complete_journey(start).await?;
    let granted = rp.expect_grant(&journey, &request)?;
    rp.complete_login(journey, granted, &request, None)
        .await
        .map(drop)
}

pub async fn valid_pkce(rp: &mut RelyingParty) -> Step {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256_len(48);
    let request = rp
        .request("openid")
        .with("code_challenge", challenge.as_str())
        .with("code_challenge_method", challenge.method().as_str());
    let (journey, granted) = rp.obtain_response(&request).await?;
    // A provider that takes any verifier would pass the suite; a wrong one spends the code, so a second is fetched.
    rp.complete_login(journey, granted, &request, Some(verifier.secret()))
        .await?;
    let request = request
        .with("state", random_text(10))
        .with("nonce", random_text(10));
    let (_, granted) = rp.obtain_response(&request).await?;
    let params = [
        ("grant_type", "authorization_code"),
        ("code", granted.get("code").unwrap_or_default()),
        ("redirect_uri", &rp.client.settings.redirect_uri.clone()),
        ("code_verifier", &random_text(64)),
    ];
    let answer = rp
        .client
        .token_request(&rp.run.http, &rp.run.provider, &params)
        .await?;
    let rule = "a wrong code_verifier (RFC 7636 §4.6)";
    crate::checks::common::json_error(&answer, &[400], &["invalid_grant"], rule, &mut rp.run.report);
    Ok(())
}
