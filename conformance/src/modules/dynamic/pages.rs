//! What people are shown of a client, and where it begins a login itself.

use super::{register, with};
use crate::browser::Landing;
use crate::client::AuthMethod;
use crate::html::Page;
use crate::report::Step;
use crate::run::Run;
use serde_json::json;

const SHOWN: &str = "the login page (OpenID Connect Dynamic Client Registration §2)";
const INITIATED: &str = "initiate_login_uri (OpenID Connect Dynamic Client Registration §2)";

pub async fn logo(run: &mut Run) -> Step {
    shows(run, "logo_uri", |it| &it.images).await
}

pub async fn policy(run: &mut Run) -> Step {
    shows(run, "policy_uri", |it| &it.links).await
}

pub async fn tos(run: &mut Run) -> Step {
    shows(run, "tos_uri", |it| &it.links).await
}

/// On the login page itself, before anybody has logged in.
async fn shows(run: &mut Run, member: &str, found: fn(&Page) -> &Vec<String>) -> Step {
    let address = format!("https://conformance.invalid/{member}");
    register(run, json!({ member: address })).await?;
    let url = run
        .request("openid")
        .url(&run.endpoint("authorization_endpoint")?);
    match run.browser.open(&url).await? {
        Landing::Returned(it) => Err(run.report.stop(
            SHOWN,
            format!("the browser was sent to {} instead of a page", it.url),
        )),
        Landing::Page(page) => {
            run.report.require(page.login_form().is_some(), SHOWN, || {
                format!("not a login page: {}", page.brief())
            });
            run.report.require(found(&page).contains(&address), SHOWN, || {
                format!("{member} is not on it: {:?}", found(&page))
            });
            run.report.review(SHOWN, page.brief());
            Ok(())
        }
    }
}

pub async fn initiated_elsewhere(run: &mut Run) -> Step {
    let address = "https://conformance.invalid/initiate-login";
    let method = AuthMethod::SecretBasic;
    let asked = with(run, method, json!({ "initiate_login_uri": address }));
    let told = run.register(&asked, method).await?;
    run.report
        .require(told["initiate_login_uri"] == address, INITIATED, || {
            format!("the answer says {}", told["initiate_login_uri"])
        });
    let answer = run.reads_registration().await?;
    let read = answer.json().unwrap_or_default();
    let sound = answer.status == 200 && answer.media_type() == "application/json";
    run.report.require(sound, INITIATED, || {
        format!(
            "HTTP 200 in JSON was expected of registration_client_uri: {}",
            answer.brief()
        )
    });
    run.report
        .require(read["initiate_login_uri"] == address, INITIATED, || {
            format!("read again, it is {}", read["initiate_login_uri"])
        });
    Ok(())
}

pub async fn initiated_without_tls(run: &mut Run) -> Step {
    let more = json!({ "initiate_login_uri": "http://conformance.invalid/initiate-login" });
    let asked = with(run, AuthMethod::SecretBasic, more);
    let error = run.expect_refusal(&asked, INITIATED).await?;
    run.report
        .require(error == "invalid_client_metadata", INITIATED, || {
            format!("the error is {error:?}")
        });
    Ok(())
}
