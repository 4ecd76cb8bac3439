//! Modules that present an access token at userinfo in three ways: RFC 6750 §2.1 and §2.2, OpenID Connect Core §5.3.1.

use crate::checks::userinfo;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use reqwest::Method;

pub async fn get(rp: &mut RelyingParty) -> Step {
    // Every login reads userinfo by GET, with all checks.
    let request = rp.request("openid");
    rp.login(&request).await.map(drop)
}

pub async fn post_header(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let login = rp.login(&request).await?;
    let endpoint = rp.run.endpoint("userinfo_endpoint")?;
    let bearer = format!("Bearer {}", login.tokens.access_token);
    let headers = [("authorization", bearer.as_str())];
    let answer = rp
        .run
        .http
        .send(Method::POST, &endpoint, &headers, Some(Vec::new()))
        .await?;
    userinfo::read(&answer, login.id_token.claims["sub"].as_str(), &mut rp.run.report).map(drop)
}

pub async fn post_body(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let login = rp.login(&request).await?;
    let endpoint = rp.run.endpoint("userinfo_endpoint")?;
    let form = [("access_token".to_owned(), login.tokens.access_token.clone())];
    let answer = rp.run.http.post_form(&endpoint, &form, &[]).await?;
    if !(200..300).contains(&answer.status) {
        rp.run
            .report
            .warn("access token in the body (RFC 6750 §2.2)", answer.brief());
        return Ok(());
    }
    userinfo::read(&answer, login.id_token.claims["sub"].as_str(), &mut rp.run.report).map(drop)
}
