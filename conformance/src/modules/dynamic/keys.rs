//! Modules about signatures: those that a client registers for, and those that it makes.

use super::client::register;
use crate::checks::common::json_error;
use crate::checks::id_token::{self, IdToken};
use crate::checks::token;
use crate::client::{AuthMethod, Redemption};
use crate::registration::metadata;
use crate::relying_party::RelyingParty;
use crate::report::{Step, Stop};
use serde_json::{Value, json};

const ALGORITHM: &str = "id_token_signed_response_alg (OpenID Connect Dynamic Client Registration §2)";
const SIGNED: &str = "signed userinfo (OpenID Connect Core §5.3.2)";

pub async fn id_token_rs256(rp: &mut RelyingParty) -> Step {
    register(rp, json!({"id_token_signed_response_alg": "RS256"})).await?;
    signed_by_rs256(rp).await
}

/// Registers without an algorithm: RS256 is the default.
pub async fn id_token_signature(rp: &mut RelyingParty) -> Step {
    let asked = metadata(rp, AuthMethod::SecretBasic);
    rp.register(&asked, AuthMethod::SecretBasic).await?;
    signed_by_rs256(rp).await
}

async fn signed_by_rs256(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let login = rp.login(&request).await?;
    let header = &login.id_token.header;
    rp.run.report.require(header["alg"] == "RS256", ALGORITHM, || {
        format!("the ID token is signed by {}", header["alg"])
    });
    rp.run.report.require(header["kid"].is_string(), ALGORITHM, || {
        "the header of the ID token has no kid".into()
    });
    Ok(())
}

pub async fn id_token_unsigned(rp: &mut RelyingParty) -> Step {
    let algorithms = rp.run.provider.clone();
    let algorithms = algorithms.list("id_token_signing_alg_values_supported");
    if !algorithms.unwrap_or_default().contains(&"none") {
        return Err(Stop::Skipped(
            "id_token_signing_alg_values_supported lists no `none`".into(),
        ));
    }
    register(rp, json!({"id_token_signed_response_alg": "none"})).await?;
    let request = rp.request("openid");
    let (_, code) = rp.obtain_code(&request).await?;
    let answer = rp.redeem_raw(&code).await?;
    let tokens = token::read(&answer, &mut rp.run.report)?;
    let raw = tokens.id_token.unwrap_or_default();
    let header = id_token::apart(&raw).map(|it| it.header).unwrap_or_default();
    rp.run
        .report
        .require(header["alg"] == "none" && raw.ends_with('.'), ALGORITHM, || {
            format!("the ID token is signed by {}", header["alg"])
        });
    Ok(())
}

pub async fn userinfo_rs256(rp: &mut RelyingParty) -> Step {
    let provider = rp.run.provider.clone();
    let algorithms = provider.list("userinfo_signing_alg_values_supported");
    rp.run
        .report
        .require(algorithms.unwrap_or_default().contains(&"RS256"), SIGNED, || {
            "userinfo_signing_alg_values_supported lacks RS256".into()
        });
    register(rp, json!({"userinfo_signed_response_alg": "RS256"})).await?;
    let request = rp.request("openid");
    let (_, code) = rp.obtain_code(&request).await?;
    let redemption = Redemption {
        code: &code,
        nonce: request.get("nonce"),
        verifier: None,
    };
    let (tokens, id_token) = rp.redeem(&redemption).await?;
    let answer = rp.userinfo_raw(&tokens.access_token).await?;
    let plain = answer.status == 200 && answer.media_type() == "application/jwt";
    let Some(userinfo) = id_token::apart(&answer.text()).filter(|_| plain) else {
        let detail = format!("a JWT in application/jwt was expected: {}", answer.brief());
        return Err(rp.run.report.stop(SIGNED, detail));
    };
    judge(rp, &userinfo, &id_token.claims);
    Ok(())
}

fn judge(rp: &mut RelyingParty, userinfo: &IdToken, id_token: &Value) {
    let provider = rp.run.provider.clone();
    id_token::signature(userinfo, &provider.jwks, &mut rp.run.report);
    let (header, claims) = (&userinfo.header, &userinfo.claims);
    rp.run.report.require(header["alg"] == "RS256", SIGNED, || {
        format!("it is signed by {}", header["alg"])
    });
    rp.run
        .report
        .require(claims.get("nonce").is_none(), SIGNED, || "it has a nonce".into());
    rp.run
        .report
        .require(claims["sub"] == id_token["sub"], SIGNED, || {
            format!("sub is {}, in the ID token {}", claims["sub"], id_token["sub"])
        });
    rp.run
        .report
        .advise(claims["iss"] == provider.issuer, SIGNED, || {
            format!("iss is {}", claims["iss"])
        });
    rp.run.report.advise(claims["aud"] == rp.client.id(), SIGNED, || {
        format!("aud is {}", claims["aud"])
    });
    crate::checks::userinfo::types(claims, &mut rp.run.report);
}

pub async fn assertion_for_the_issuer(rp: &mut RelyingParty) -> Step {
    const RULE: &str = "client assertions (RFC 7523 §3)";
    register(rp, json!({})).await?;
    let request = rp.request("openid");
    let (_, code) = rp.obtain_code(&request).await?;
    rp.client.audience = Some(rp.run.provider.issuer.clone());
    let answer = rp.redeem_raw(&code).await?;
    if answer.status != 200 {
        json_error(
            &answer,
            &[400, 401],
            &["invalid_client"],
            RULE,
            &mut rp.run.report,
        );
        rp.run
            .report
            .warn(RULE, "an assertion whose audience is the issuer is refused");
        return Ok(());
    }
    let tokens = token::read(&answer, &mut rp.run.report)?;
    rp.read_id_token(&tokens, request.get("nonce"), Some(&code))
        .map(drop)
}
