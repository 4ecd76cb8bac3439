//! Scopes and the `claims` parameter: which claims arrive where. OpenID Connect Core §5.4, §5.5.

use crate::checks::id_token::IdToken;
use crate::checks::userinfo::{self, PROFILE};
use crate::report::{Step, Stop};
use crate::run::{Login, Run};
use serde_json::Value;

const RULE: &str = "claims of a scope (OpenID Connect Core §5.4)";
const EMAIL: [&str; 2] = ["email", "email_verified"];
const PHONE: [&str; 2] = ["phone_number", "phone_number_verified"];

fn skip_unless_supported(run: &Run, scopes: &str) -> Step {
    let supported = run.provider.list("scopes_supported").unwrap_or_default();
    match scopes.split(' ').find(|it| !supported.contains(it)) {
        Some(missing) => Err(Stop::Skipped(format!("scopes_supported does not list {missing}"))),
        None => Ok(()),
    }
}

async fn login_with(run: &mut Run, scopes: &str, claims: &[&str]) -> Step<Login> {
    skip_unless_supported(run, scopes)?;
    let request = run.request(scopes);
    let login = run.login(&request).await?;
    userinfo::types(&login.id_token.claims, &mut run.report);
    expect_claims(run, &login, claims);
    Ok(login)
}

/// At userinfo; without an access token in the ID token, which is then the only place (Core §5.4).
fn place<'a>(run: &Run, login: &'a Login) -> (&'static str, &'a Value) {
    match run.variant.has_access_token() {
        true => ("userinfo", &login.userinfo),
        false => ("the ID token", &login.id_token.claims),
    }
}

fn expect_claims(run: &mut Run, login: &Login, claims: &[&str]) {
    let (place, told) = place(run, login);
    let missing: Vec<_> = claims.iter().filter(|it| told.get(it).is_none()).collect();
    run.report
        .advise(missing.is_empty(), RULE, || format!("{place} lacks {missing:?}"));
}

pub async fn profile(run: &mut Run) -> Step {
    login_with(run, "openid profile", &PROFILE).await.map(drop)
}

pub async fn email(run: &mut Run) -> Step {
    let login = login_with(run, "openid email", &EMAIL).await?;
    nothing_leaks(run, &login);
    Ok(())
}

fn nothing_leaks(run: &mut Run, login: &Login) {
    let (place, told) = place(run, login);
    run.report.advise(told.get("name").is_none(), RULE, || {
        format!("{place} has name though only email was asked for")
    });
    if !run.variant.has_access_token() {
        return;
    }
    for token in std::iter::once(&login.id_token).chain(&login.front) {
        for name in ["email", "name"] {
            run.report.advise(token.claims.get(name).is_none(), RULE, || {
                format!("{name} is in the ID token though there is an access token for userinfo")
            });
        }
    }
}

pub async fn address(run: &mut Run) -> Step {
    login_with(run, "openid address", &["address"]).await.map(drop)
}

pub async fn phone(run: &mut Run) -> Step {
    login_with(run, "openid phone", &PHONE).await.map(drop)
}

pub async fn all(run: &mut Run) -> Step {
    let claims = [&PROFILE[..], &EMAIL, &["address"], &PHONE].concat();
    login_with(run, "openid profile email address phone", &claims)
        .await
        .map(drop)
}

/// Scopes and parameters in the opposite order.
pub async fn alternate_happy_flow(run: &mut Run) -> Step {
    skip_unless_supported(run, "openid email")?;
    let mut request = run.request("email openid");
    request.params.reverse();
    let login = run.login(&request).await?;
    expect_claims(run, &login, &EMAIL);
    nothing_leaks(run, &login);
    Ok(())
}

pub async fn claims_essential(run: &mut Run) -> Step {
    const RULE: &str = "claims parameter (OpenID Connect Core §5.5)";
    let at = if run.variant.has_access_token() {
        "userinfo"
    } else {
        "id_token"
    };
    let asked = serde_json::json!({at: {"name": {"essential": true}}});
    let request = run.request("openid").with("claims", asked.to_string());
    let login = run.login(&request).await?;
    let (place, told) = place(run, &login);
    run.report.advise(told.get("name").is_some(), RULE, || {
        format!("name was asked for as essential in {place} and is not there")
    });
    let leaks = |it: &IdToken| it.claims.get("name").is_some();
    let leaks = leaks(&login.id_token) || login.front.as_ref().is_some_and(leaks);
    run.report
        .advise(!(run.variant.has_access_token() && leaks), RULE, || {
            "name was asked for at userinfo and is in the ID token as well".into()
        });
    Ok(())
}
