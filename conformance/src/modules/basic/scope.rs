//! Modules about scopes and the `claims` parameter: which claims arrive where (OpenID Connect Core §5.4, §5.5).

use crate::checks::id_token::IdToken;
use crate::checks::userinfo::{self, PROFILE};
use crate::login::Login;
use crate::relying_party::RelyingParty;
use crate::report::{Step, Stop};
use serde_json::Value;

const RULE: &str = "claims of a scope (OpenID Connect Core §5.4)";
const EMAIL: [&str; 2] = ["email", "email_verified"];
const PHONE: [&str; 2] = ["phone_number", "phone_number_verified"];

fn skip_unless_supported(rp: &RelyingParty, scopes: &str) -> Step {
    let supported = rp.run.provider.list("scopes_supported").unwrap_or_default();
    match scopes.split(' ').find(|it| !supported.contains(it)) {
        Some(missing) => Err(Stop::Skipped(format!("scopes_supported does not list {missing}"))),
        None => Ok(()),
    }
}

async fn login_with(rp: &mut RelyingParty, scopes: &str, claims: &[&str]) -> Step<Login> {
    skip_unless_supported(rp, scopes)?;
    let request = rp.request(scopes);
    let login = rp.login(&request).await?;
    userinfo::types(&login.id_token.claims, &mut rp.run.report);
    expect_claims(rp, &login, claims);
    Ok(login)
}

/// Returns where claims belong. Core §5.4: without an access token the ID token is the only place.
fn place<'a>(rp: &RelyingParty, login: &'a Login) -> (&'static str, &'a Value) {
    if rp.run.variant.has_access_token() {
        ("userinfo", &login.userinfo)
    } else {
        ("the ID token", &login.id_token.claims)
    }
}

fn expect_claims(rp: &mut RelyingParty, login: &Login, claims: &[&str]) {
    let (place, returned) = place(rp, login);
    let missing: Vec<_> = claims.iter().filter(|it| returned.get(it).is_none()).collect();
    rp.run
        .report
        .advise(missing.is_empty(), RULE, || format!("{place} lacks {missing:?}"));
}

pub async fn profile(rp: &mut RelyingParty) -> Step {
    login_with(rp, "openid profile", &PROFILE).await.map(drop)
}

pub async fn email(rp: &mut RelyingParty) -> Step {
    let login = login_with(rp, "openid email", &EMAIL).await?;
    nothing_leaks(rp, &login);
    Ok(())
}

fn nothing_leaks(rp: &mut RelyingParty, login: &Login) {
    let (place, returned) = place(rp, login);
    rp.run.report.advise(returned.get("name").is_none(), RULE, || {
        format!("{place} has name though only email was asked for")
    });
    if !rp.run.variant.has_access_token() {
        return;
    }
    for token in std::iter::once(&login.id_token).chain(&login.front) {
        for name in ["email", "name"] {
            rp.run.report.advise(token.claims.get(name).is_none(), RULE, || {
                format!("{name} is in the ID token though there is an access token for userinfo")
            });
        }
    }
}

pub async fn address(rp: &mut RelyingParty) -> Step {
    login_with(rp, "openid address", &["address"]).await.map(drop)
}

pub async fn phone(rp: &mut RelyingParty) -> Step {
    login_with(rp, "openid phone", &PHONE).await.map(drop)
}

pub async fn all(rp: &mut RelyingParty) -> Step {
    let claims = [&PROFILE[..], &EMAIL, &["address"], &PHONE].concat();
    login_with(rp, "openid profile email address phone", &claims)
        .await
        .map(drop)
}

/// Sends scopes and parameters in the opposite order.
pub async fn alternate_happy_flow(rp: &mut RelyingParty) -> Step {
    skip_unless_supported(rp, "openid email")?;
    let mut request = rp.request("email openid");
    request.params.reverse();
    let login = rp.login(&request).await?;
    expect_claims(rp, &login, &EMAIL);
    nothing_leaks(rp, &login);
    Ok(())
}

pub async fn claims_essential(rp: &mut RelyingParty) -> Step {
    const RULE: &str = "claims parameter (OpenID Connect Core §5.5)";
    let at = if rp.run.variant.has_access_token() {
        "userinfo"
    } else {
        "id_token"
    };
    let asked = serde_json::json!({at: {"name": {"essential": true}}});
    let request = rp.request("openid").with("claims", asked.to_string());
    let login = rp.login(&request).await?;
    let (place, returned) = place(rp, &login);
    rp.run.report.advise(returned.get("name").is_some(), RULE, || {
        format!("name was asked for as essential in {place} and is not there")
    });
    let leaks = |it: &IdToken| it.claims.get("name").is_some();
    let leaks = leaks(&login.id_token) || login.front.as_ref().is_some_and(leaks);
    rp.run
        .report
        .advise(!(rp.run.variant.has_access_token() && leaks), RULE, || {
            "name was asked for at userinfo and is in the ID token as well".into()
        });
    Ok(())
}
