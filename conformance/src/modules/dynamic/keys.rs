//! Signatures that a client registered for, and its own.

use super::register;
use crate::checks::common::json_error;
use crate::checks::id_token::{self, IdToken};
use crate::checks::token;
use crate::client::AuthMethod;
use crate::registration::metadata;
use crate::report::{Step, Stop};
use crate::run::Run;
use serde_json::{Value, json};

const ALGORITHM: &str = "id_token_signed_response_alg (OpenID Connect Dynamic Client Registration §2)";
const SIGNED: &str = "signed userinfo (OpenID Connect Core §5.3.2)";

pub async fn id_token_rs256(run: &mut Run) -> Step {
    register(run, json!({"id_token_signed_response_alg": "RS256"})).await?;
    signed_by_rs256(run).await
}

/// Without a word about algorithms: RS256 is the default.
pub async fn id_token_signature(run: &mut Run) -> Step {
    let asked = metadata(run, AuthMethod::SecretBasic);
    run.register(&asked, AuthMethod::SecretBasic).await?;
    signed_by_rs256(run).await
}

async fn signed_by_rs256(run: &mut Run) -> Step {
    let request = run.request("openid");
    let login = run.login(&request).await?;
    let header = &login.id_token.header;
    run.report.require(header["alg"] == "RS256", ALGORITHM, || {
        format!("the ID token is signed by {}", header["alg"])
    });
    run.report.require(header["kid"].is_string(), ALGORITHM, || {
        "the header of the ID token has no kid".into()
    });
    Ok(())
}

pub async fn id_token_unsigned(run: &mut Run) -> Step {
    let algorithms = run.provider.clone();
    let algorithms = algorithms.list("id_token_signing_alg_values_supported");
    if !algorithms.unwrap_or_default().contains(&"none") {
        return Err(Stop::Skipped(
            "id_token_signing_alg_values_supported lists no `none`".into(),
        ));
    }
    register(run, json!({"id_token_signed_response_alg": "none"})).await?;
    let request = run.request("openid");
    let (_, code) = run.code(&request).await?;
    let answer = run.redeem_raw(&code).await?;
    let tokens = token::read(&answer, &mut run.report)?;
    let raw = tokens.id_token.unwrap_or_default();
    let header = id_token::apart(&raw).map(|it| it.header).unwrap_or_default();
    run.report
        .require(header["alg"] == "none" && raw.ends_with('.'), ALGORITHM, || {
            format!("the ID token is signed by {}", header["alg"])
        });
    Ok(())
}

pub async fn userinfo_rs256(run: &mut Run) -> Step {
    let provider = run.provider.clone();
    let algorithms = provider.list("userinfo_signing_alg_values_supported");
    run.report
        .require(algorithms.unwrap_or_default().contains(&"RS256"), SIGNED, || {
            "userinfo_signing_alg_values_supported lacks RS256".into()
        });
    register(run, json!({"userinfo_signed_response_alg": "RS256"})).await?;
    let request = run.request("openid");
    let (_, code) = run.code(&request).await?;
    let (tokens, id_token) = run.redeem(&code, request.get("nonce"), None).await?;
    let answer = run.userinfo_raw(&tokens.access_token).await?;
    let plain = answer.status == 200 && answer.media_type() == "application/jwt";
    let Some(userinfo) = id_token::apart(&answer.text()).filter(|_| plain) else {
        let told = format!("a JWT in application/jwt was expected: {}", answer.brief());
        return Err(run.report.stop(SIGNED, told));
    };
    judge(run, &userinfo, &id_token.claims);
    Ok(())
}

fn judge(run: &mut Run, userinfo: &IdToken, id_token: &Value) {
    let provider = run.provider.clone();
    id_token::signature(userinfo, &provider.jwks, &mut run.report);
    let (header, claims) = (&userinfo.header, &userinfo.claims);
    run.report.require(header["alg"] == "RS256", SIGNED, || {
        format!("it is signed by {}", header["alg"])
    });
    run.report
        .require(claims.get("nonce").is_none(), SIGNED, || "it has a nonce".into());
    run.report.require(claims["sub"] == id_token["sub"], SIGNED, || {
        format!("sub is {}, in the ID token {}", claims["sub"], id_token["sub"])
    });
    run.report.advise(claims["iss"] == provider.issuer, SIGNED, || {
        format!("iss is {}", claims["iss"])
    });
    run.report.advise(claims["aud"] == run.client.id(), SIGNED, || {
        format!("aud is {}", claims["aud"])
    });
    crate::checks::userinfo::types(claims, &mut run.report);
}

pub async fn assertion_for_the_issuer(run: &mut Run) -> Step {
    const RULE: &str = "client assertions (RFC 7523 §3)";
    register(run, json!({})).await?;
    let request = run.request("openid");
    let (_, code) = run.code(&request).await?;
    run.client.audience = Some(run.provider.issuer.clone());
    let answer = run.redeem_raw(&code).await?;
    if answer.status != 200 {
        json_error(&answer, &[400, 401], &["invalid_client"], RULE, &mut run.report);
        run.report
            .warn(RULE, "an assertion whose audience is the issuer is refused");
        return Ok(());
    }
    let tokens = token::read(&answer, &mut run.report)?;
    run.id_token(&tokens, request.get("nonce"), Some(&code)).map(drop)
}
