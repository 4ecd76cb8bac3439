//! Sessions: `prompt`, `max_age`, `id_token_hint`. OpenID Connect Core §3.1.2.1.

use crate::client::{Request, random_text};
use crate::journey::Walk;
use crate::report::Step;
use crate::run::{Login, Run};
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

/// The same request with a state and nonce of its own.
fn again(request: &Request) -> Request {
    request
        .clone()
        .with("state", random_text(10))
        .with("nonce", random_text(10))
}

fn same_person(run: &mut Run, first: &Login, second: &Login) {
    let (one, two) = (&first.id_token.claims["sub"], &second.id_token.claims["sub"]);
    run.report
        .require(one == two, "sub (OpenID Connect Core §2)", || {
            format!("sub was {one}, now it is {two}")
        });
}

fn silent(run: &mut Run, walk: &Walk, rule: &'static str) {
    run.report.require(walk.is_silent(), rule, || {
        format!("a page was shown: {}", walk.pages.join(" | "))
    });
}

/// A second login that had to be typed; the page is what the suite wants a picture of.
fn asked_again(run: &mut Run, walk: &Walk, rule: &'static str) -> Step {
    if walk.logins == 0 {
        return Err(run.report.stop(rule, "the person was not asked to log in again"));
    }
    run.report
        .review(rule, walk.pages.first().cloned().unwrap_or_default());
    Ok(())
}

pub async fn login(run: &mut Run) -> Step {
    let request = run.request("openid");
    let first = run.login(&request).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = run.login(&again(&request).with("prompt", "login")).await?;
    asked_again(run, &second.walk, PROMPT)?;
    same_person(run, &first, &second);
    if let (Some(before), Some(after)) = (
        first.id_token.number("auth_time"),
        second.id_token.number("auth_time"),
    ) {
        run.report.require(after > before, AUTH_TIME, || {
            format!("it was {before} and is {after} after another login")
        });
    }
    Ok(())
}

pub async fn none_not_logged_in(run: &mut Run) -> Step {
    let request = run
        .request("openid")
        .with("prompt", "none")
        .with("state", random_text(128));
    none_is_refused(run, &request).await
}

/// `prompt=none` where nobody is logged in.
pub async fn none_is_refused(run: &mut Run, request: &Request) -> Step {
    let url = request.url(&run.endpoint("authorization_endpoint")?);
    let walk = Walk::from(run.browser.open(&url).await?);
    run.expect_error(PROMPT, &walk, request, &INTERACTION);
    Ok(())
}

async fn silent_second(run: &mut Run, first: &Login, request: &Request, rule: &'static str) -> Step<Login> {
    let second = run.login(request).await?;
    silent(run, &second.walk, rule);
    same_person(run, first, &second);
    let (before, after) = (
        first.id_token.number("auth_time"),
        second.id_token.number("auth_time"),
    );
    if before.is_some() && after.is_some() {
        run.report.require(before == after, AUTH_TIME, || {
            format!("it was {before:?} and is {after:?} though nobody logged in between")
        });
    }
    Ok(second)
}

pub async fn none_logged_in(run: &mut Run) -> Step {
    let request = run.request("openid");
    let first = run.login(&request).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    silent_second(run, &first, &again(&request).with("prompt", "none"), PROMPT)
        .await
        .map(drop)
}

pub async fn id_token_hint(run: &mut Run) -> Step {
    let request = run.request("openid");
    let first = run.login(&request).await?;
    let second = again(&request)
        .with("prompt", "none")
        .with("id_token_hint", first.id_token.raw.as_str());
    silent_second(
        run,
        &first,
        &second,
        "id_token_hint (OpenID Connect Core §3.1.2.1)",
    )
    .await
    .map(drop)
}

pub async fn max_age_1(run: &mut Run) -> Step {
    let request = run.request("openid");
    let first = run.login(&request).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let second = run.login(&again(&request).with("max_age", "1")).await?;
    asked_again(run, &second.walk, MAX_AGE)?;
    same_person(run, &first, &second);
    let Some(after) = second.id_token.number("auth_time") else {
        return Err(run
            .report
            .stop(AUTH_TIME, "it is missing though max_age was sent"));
    };
    if let Some(before) = first.id_token.number("auth_time") {
        run.report.require(after > before, AUTH_TIME, || {
            format!("it was {before} and is {after} after another login")
        });
    }
    let age = crate::checks::common::now() - after;
    run.report.require(age <= 300, AUTH_TIME, || {
        format!("it is {age} seconds old right after the login")
    });
    Ok(())
}

pub async fn max_age_10000(run: &mut Run) -> Step {
    let request = run.request("openid").with("max_age", "15000");
    let first = run.login(&request).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = silent_second(run, &first, &again(&request).with("max_age", "10000"), MAX_AGE).await?;
    for login in [&first, &second] {
        run.report
            .require(login.id_token.number("auth_time").is_some(), AUTH_TIME, || {
                "it is missing though max_age was sent".into()
            });
    }
    Ok(())
}
