//! Modules about sessions: `prompt`, `max_age`, `id_token_hint` (OpenID Connect Core §3.1.2.1).

use crate::client::{Request, random_text};
use crate::journey::Journey;
use crate::login::Login;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use std::time::Duration;

pub const INTERACTION: [&str; 4] = [
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
];

const PROMPT: &str = "prompt (OpenID Connect Core §3.1.2.1)";
const MAX_AGE: &str = "max_age (OpenID Connect Core §3.1.2.1)";
const AUTH_TIME: &str = "auth_time (OpenID Connect Core §2)";

/// Repeats the request with a state and nonce of its own.
fn again(request: &Request) -> Request {
    request
        .clone()
        .with("state", random_text(10))
        .with("nonce", random_text(10))
}

fn same_person(rp: &mut RelyingParty, first: &Login, second: &Login) {
    let (one, two) = (&first.id_token.claims["sub"], &second.id_token.claims["sub"]);
    rp.run
        .report
        .require(one == two, "sub (OpenID Connect Core §2)", || {
            format!("sub was {one}, now it is {two}")
        });
}

fn silent(rp: &mut RelyingParty, journey: &Journey, rule: &'static str) {
    rp.run.report.require(journey.is_silent(), rule, || {
        format!("a page was shown: {}", journey.pages.join(" | "))
    });
}

/// Requires that the person had to log in again. The suite wants a picture of that page.
fn asked_again(rp: &mut RelyingParty, journey: &Journey, rule: &'static str) -> Step {
    if journey.logins == 0 {
        return Err(rp
            .run
            .report
            .stop(rule, "the person was not asked to log in again"));
    }
    rp.run
        .report
        .review(rule, journey.pages.first().cloned().unwrap_or_default());
    Ok(())
}

pub async fn login(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let first = rp.login(&request).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = rp.login(&again(&request).with("prompt", "login")).await?;
    asked_again(rp, &second.journey, PROMPT)?;
    same_person(rp, &first, &second);
    if let (Some(before), Some(after)) = (
        first.id_token.number("auth_time"),
        second.id_token.number("auth_time"),
    ) {
        rp.run.report.require(after > before, AUTH_TIME, || {
            format!("it was {before} and is {after} after another login")
        });
    }
    Ok(())
}

pub async fn none_not_logged_in(rp: &mut RelyingParty) -> Step {
    let request = rp
        .request("openid")
        .with("prompt", "none")
        .with("state", random_text(128));
    none_is_refused(rp, &request).await
}

/// Sends `prompt=none` where nobody is logged in, which must be refused.
pub async fn none_is_refused(rp: &mut RelyingParty, request: &Request) -> Step {
    let url = request.url(&rp.run.endpoint("authorization_endpoint")?);
    let journey = Journey::from(rp.run.browser.open(&url).await?);
    rp.expect_error(PROMPT, &journey, request, &INTERACTION);
    Ok(())
}

async fn silent_second(
    rp: &mut RelyingParty,
    first: &Login,
    request: &Request,
    rule: &'static str,
) -> Step<Login> {
    let second = rp.login(request).await?;
    silent(rp, &second.journey, rule);
    same_person(rp, first, &second);
    let (before, after) = (
        first.id_token.number("auth_time"),
        second.id_token.number("auth_time"),
    );
    if before.is_some() && after.is_some() {
        rp.run.report.require(before == after, AUTH_TIME, || {
            format!("it was {before:?} and is {after:?} though nobody logged in between")
        });
    }
    Ok(second)
}

pub async fn none_logged_in(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let first = rp.login(&request).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    silent_second(rp, &first, &again(&request).with("prompt", "none"), PROMPT)
        .await
        .map(drop)
}

pub async fn id_token_hint(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let first = rp.login(&request).await?;
    let second = again(&request)
        .with("prompt", "none")
        .with("id_token_hint", first.id_token.raw.as_str());
    silent_second(
        rp,
        &first,
        &second,
        "id_token_hint (OpenID Connect Core §3.1.2.1)",
    )
    .await
    .map(drop)
}

pub async fn max_age_1(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let first = rp.login(&request).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let second = rp.login(&again(&request).with("max_age", "1")).await?;
    asked_again(rp, &second.journey, MAX_AGE)?;
    same_person(rp, &first, &second);
    let Some(after) = second.id_token.number("auth_time") else {
        return Err(rp
            .run
            .report
            .stop(AUTH_TIME, "it is missing though max_age was sent"));
    };
    if let Some(before) = first.id_token.number("auth_time") {
        rp.run.report.require(after > before, AUTH_TIME, || {
            format!("it was {before} and is {after} after another login")
        });
    }
    let age = crate::checks::common::now() - after;
    rp.run.report.require(age <= 300, AUTH_TIME, || {
        format!("it is {age} seconds old right after the login")
    });
    Ok(())
}

pub async fn max_age_10000(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid").with("max_age", "15000");
    let first = rp.login(&request).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = silent_second(rp, &first, &again(&request).with("max_age", "10000"), MAX_AGE).await?;
    for login in [&first, &second] {
        rp.run
            .report
            .require(login.id_token.number("auth_time").is_some(), AUTH_TIME, || {
                "it is missing though max_age was sent".into()
            });
    }
    Ok(())
}
