//! The three ways to bring an access token to userinfo: RFC 6750 §2.1 and §2.2, OpenID Connect Core §5.3.1.

use crate::checks::userinfo;
use crate::report::Step;
use crate::run::Run;
use reqwest::Method;

pub async fn get(run: &mut Run) -> Step {
    // The common way, with all its checks.
    let request = run.request("openid");
    run.login(&request).await.map(drop)
}

pub async fn post_header(run: &mut Run) -> Step {
    let request = run.request("openid");
    let login = run.login(&request).await?;
    let endpoint = run.endpoint("userinfo_endpoint")?;
    let bearer = format!("Bearer {}", login.tokens.access_token);
    let headers = [("authorization", bearer.as_str())];
    let answer = run
        .http
        .send(Method::POST, &endpoint, &headers, Some(Vec::new()))
        .await?;
    userinfo::read(&answer, login.id_token.claims["sub"].as_str(), &mut run.report).map(drop)
}

pub async fn post_body(run: &mut Run) -> Step {
    let request = run.request("openid");
    let login = run.login(&request).await?;
    let endpoint = run.endpoint("userinfo_endpoint")?;
    let form = [("access_token".to_owned(), login.tokens.access_token.clone())];
    let answer = run.http.post_form(&endpoint, &form, &[]).await?;
    if !(200..300).contains(&answer.status) {
        run.report
            .warn("access token in the body (RFC 6750 §2.2)", answer.brief());
        return Ok(());
    }
    userinfo::read(&answer, login.id_token.claims["sub"].as_str(), &mut run.report).map(drop)
}
