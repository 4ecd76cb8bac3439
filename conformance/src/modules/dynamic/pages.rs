//! Modules about what the login page shows of a client, and about the address where a client begins a login itself.

use super::client::{register, with};
use crate::browser::RedirectResult;
use crate::client::AuthMethod;
use crate::html::Page;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use serde_json::json;

const LOGIN_PAGE: &str = "the login page (OpenID Connect Dynamic Client Registration §2)";
const INITIATED: &str = "initiate_login_uri (OpenID Connect Dynamic Client Registration §2)";

pub async fn logo(rp: &mut RelyingParty) -> Step {
    shows(rp, "logo_uri", |it| &it.images).await
}

pub async fn policy(rp: &mut RelyingParty) -> Step {
    shows(rp, "policy_uri", |it| &it.links).await
}

pub async fn tos(rp: &mut RelyingParty) -> Step {
    shows(rp, "tos_uri", |it| &it.links).await
}

/// Requires that the login page shows the address, before anybody has logged in.
async fn shows(rp: &mut RelyingParty, member: &str, found: fn(&Page) -> &Vec<String>) -> Step {
    let address = format!("https://conformance.invalid/{member}");
    register(rp, json!({ member: address })).await?;
    let url = rp
        .request("openid")
        .url(&rp.run.endpoint("authorization_endpoint")?);
    match rp.run.browser.open(&url).await? {
        RedirectResult::Returned(redirect) => Err(rp.run.report.stop(
            LOGIN_PAGE,
            format!("the browser was sent to {} instead of a page", redirect.url),
        )),
        RedirectResult::Page(page) => {
            rp.run
                .report
                .require(page.login_form().is_some(), LOGIN_PAGE, || {
                    format!("not a login page: {}", page.brief())
                });
            rp.run
                .report
                .require(found(&page).contains(&address), LOGIN_PAGE, || {
                    format!("{member} is not on it: {:?}", found(&page))
                });
            rp.run.report.review(LOGIN_PAGE, page.brief());
            Ok(())
        }
    }
}

pub async fn initiated_elsewhere(rp: &mut RelyingParty) -> Step {
    let address = "https://conformance.invalid/initiate-login";
    let method = AuthMethod::SecretBasic;
    let asked = with(rp, method, json!({ "initiate_login_uri": address }));
    let information = rp.register(&asked, method).await?;
    rp.run
        .report
        .require(information["initiate_login_uri"] == address, INITIATED, || {
            format!("the answer says {}", information["initiate_login_uri"])
        });
    let answer = rp.read_registration().await?;
    let read = answer.json().unwrap_or_default();
    let sound = answer.status == 200 && answer.media_type() == "application/json";
    rp.run.report.require(sound, INITIATED, || {
        format!(
            "HTTP 200 in JSON was expected of registration_client_uri: {}",
            answer.brief()
        )
    });
    rp.run
        .report
        .require(read["initiate_login_uri"] == address, INITIATED, || {
            format!("read again, it is {}", read["initiate_login_uri"])
        });
    Ok(())
}

pub async fn initiated_without_tls(rp: &mut RelyingParty) -> Step {
    let more = json!({ "initiate_login_uri": "http://conformance.invalid/initiate-login" });
    let asked = with(rp, AuthMethod::SecretBasic, more);
    let error = rp.expect_refusal(&asked, INITIATED).await?;
    rp.run
        .report
        .require(error == "invalid_client_metadata", INITIATED, || {
            format!("the error is {error:?}")
        });
    Ok(())
}
