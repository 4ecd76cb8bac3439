//! Refresh tokens: OpenID Connect Core §12, RFC 6749 §6. Another client's must be refused.

use crate::checks::common::json_error;
use crate::checks::{id_token::IdToken, token, token::Tokens, userinfo};
use crate::client::{Client, random_text};
use crate::login::Login;
use crate::relying_party::RelyingParty;
use crate::report::{Step, Stop};

const RULE: &str = "refresh (OpenID Connect Core §12.2)";
const SCOPE: &str = "openid offline_access";

pub async fn refresh_token(rp: &mut RelyingParty) -> Step {
    let second = rp.second_client()?;
    refresh_token_of_two(rp, second).await
}

/// Refreshes as the client of the relying party and as another, and presents the other's token as the first.
pub async fn refresh_token_of_two(rp: &mut RelyingParty, second_client: Client) -> Step {
    let supported = rp
        .run
        .provider
        .list("grant_types_supported")
        .map(|it| it.contains(&"refresh_token"));
    let first = login(rp, 10).await?;
    let Some(own) = first.tokens.refresh_token.clone() else {
        if supported == Some(true) {
            rp.run.report.warn(
                RULE,
                "grant_types_supported lists refresh_token, but none was issued",
            );
        }
        return Err(Stop::Skipped("no refresh token was issued".into()));
    };
    rp.run.report.advise(supported == Some(true), RULE, || {
        "grant_types_supported lacks refresh_token".into()
    });
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    refresh(rp, &first, &own, Some(&scope(rp))).await?;

    let first_client = std::mem::replace(&mut rp.client, second_client);
    let second = login(rp, 43).await?;
    let Some(foreign) = second.tokens.refresh_token.clone() else {
        return Err(rp
            .run
            .report
            .stop(RULE, "the second client was given no refresh token"));
    };
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let current = refresh(rp, &second, &foreign, None).await?;
    let foreign = current.refresh_token.unwrap_or(foreign);
    refuse_foreign(rp, &first_client, &foreign).await
}

fn scope(rp: &RelyingParty) -> String {
    let offline = rp
        .run
        .provider
        .list("scopes_supported")
        .is_some_and(|it| it.contains(&"offline_access"));
    if offline { SCOPE.into() } else { "openid".into() }
}

async fn login(rp: &mut RelyingParty, nonce: usize) -> Step<Login> {
    let scope = scope(rp);
    let mut request = rp.request(&scope).with("nonce", random_text(nonce));
    if scope == SCOPE {
        request.set("prompt", "consent"); // OpenID Connect Core §11
    }
    rp.login(&request).await
}

async fn refresh(rp: &mut RelyingParty, login: &Login, token: &str, scope: Option<&str>) -> Step<Tokens> {
    let mut params = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    params.extend(scope.map(|it| ("scope", it)));
    let answer = rp
        .client
        .token_request(&rp.run.http, &rp.run.provider, &params)
        .await?;
    let fresh = token::read(&answer, &mut rp.run.report)?;
    let cache = answer
        .header("cache-control")
        .unwrap_or_default()
        .to_ascii_lowercase();
    rp.run.report.require(
        cache.contains("no-store"),
        "Cache-Control (RFC 6749 §5.1)",
        || format!("the answer of a refresh has Cache-Control {cache:?}"),
    );
    rp.run
        .report
        .require(fresh.access_token != login.tokens.access_token, RULE, || {
            "the access token is the old one".into()
        });
    if fresh.id_token.is_some() {
        // A nonce is optional here, but it is the old one if it is there.
        let nonce =
            peek_nonce(&fresh).and_then(|_| login.id_token.claims["nonce"].as_str().map(str::to_owned));
        let renewed = rp.read_id_token(&fresh, nonce.as_deref(), None)?;
        compare(rp, &login.id_token, &renewed);
    }
    let answer = rp.userinfo_raw(&fresh.access_token).await?;
    userinfo::read(&answer, login.id_token.claims["sub"].as_str(), &mut rp.run.report)?;
    Ok(fresh)
}

fn peek_nonce(tokens: &Tokens) -> Option<String> {
    use base64::Engine;
    let part = tokens.id_token.as_ref()?.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .ok()?;
    serde_json::from_slice::<serde_json::Value>(&bytes).ok()?["nonce"]
        .as_str()
        .map(str::to_owned)
}

fn compare(rp: &mut RelyingParty, old: &IdToken, new: &IdToken) {
    for name in ["iss", "sub", "aud", "auth_time"] {
        let (before, after) = (&old.claims[name], &new.claims[name]);
        rp.run.report.require(before == after, RULE, || {
            format!("{name} was {before} and is {after}")
        });
    }
    rp.run
        .report
        .require(old.claims.get("azp") == new.claims.get("azp"), RULE, || {
            "azp is in one of the ID tokens only".into()
        });
    let (before, after) = (old.number("iat"), new.number("iat"));
    rp.run.report.require(after > before, RULE, || {
        format!("iat was {before:?} and is {after:?}")
    });
}

async fn refuse_foreign(rp: &mut RelyingParty, client: &Client, token: &str) -> Step {
    let params = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let answer = client
        .token_request(&rp.run.http, &rp.run.provider, &params)
        .await?;
    let rule = "the refresh token of another client (RFC 6749 §5.2)";
    json_error(&answer, &[400], &["invalid_grant"], rule, &mut rp.run.report);
    Ok(())
}
