//! The RP-Initiated Logout profile: OpenID Connect RP-Initiated Logout 1.0. The profiles of front-channel and
//! back-channel logout and of session management use its steps.

use super::basic::none_is_refused;
use crate::browser::{RedirectResult, without_query};
use crate::checks::discovery;
use crate::client::{random_text, unsigned};
use crate::journey::Journey;
use crate::login::Login;
use crate::module::{Module, module};
use crate::relying_party::RelyingParty;
use crate::report::Step;
use crate::run::Run;
use anyhow::Context;
use josekit::jws::{JwsHeader, RS256};
use serde_json::Value;

#[rustfmt::skip]
pub const MODULES: &[Module] = &[
    module!("oidcc-rp-initiated-logout-discovery-endpoint-verification", Nothing, discovery_endpoint_verification),
    module!("oidcc-rp-initiated-logout", Logout, logout),
    module!("oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", Logout, bad_post_logout_redirect_uri),
    module!("oidcc-rp-initiated-logout-modified-id-token-hint", Logout, modified_id_token_hint),
    module!("oidcc-rp-initiated-logout-no-id-token-hint", Logout, no_id_token_hint),
    module!("oidcc-rp-initiated-logout-no-params", Logout, no_params),
    module!("oidcc-rp-initiated-logout-no-post-logout-redirect-uri", Logout, no_post_logout_redirect_uri),
    module!("oidcc-rp-initiated-logout-no-state", Logout, no_state),
    module!("oidcc-rp-initiated-logout-only-state", Logout, only_state),
    module!("oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", Logout, query_added),
    module!("oidcc-rp-initiated-logout-bad-id-token-hint", Logout, bad_id_token_hint),
];

const RULE: &str = "logout (RP-Initiated Logout §2, §3)";

async fn discovery_endpoint_verification(run: &mut Run) -> Step {
    let provider = run.provider.clone();
    run.endpoint("end_session_endpoint")?;
    discovery::transport(&provider.metadata, provider.allow_http, &mut run.report);
    Ok(())
}

pub(super) async fn login(rp: &mut RelyingParty) -> Step<Login> {
    let request = rp.request("openid").with("state", random_text(128));
    rp.login(&request).await
}

pub(super) fn registered(rp: &RelyingParty) -> Step<String> {
    let address = rp.client.settings.post_logout_redirect_uri.clone();
    Ok(address.context("the client has no post_logout_redirect_uri")?)
}

/// Sends the browser to the logout endpoint; a page that asks whether one really wants to is answered with yes.
pub(super) async fn end_session(rp: &mut RelyingParty, params: &[(&str, &str)]) -> Step<Journey> {
    let endpoint = rp.run.endpoint("end_session_endpoint")?;
    let pairs: Vec<_> = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let url = crate::client::Request { params: pairs }.url(&endpoint);
    let url = if params.is_empty() { endpoint } else { url };
    let mut journey = Journey::from(rp.run.browser.open(&url).await?);
    if let RedirectResult::Page(page) = &journey.end {
        let page = page.clone();
        journey.pages.push(page.brief());
        if let Some(form) = page.decision_form().filter(|_| page.status < 400) {
            journey.decisions = 1;
            journey.end = rp.run.browser.submit(form, &[], form.assent()).await?;
        }
    }
    // A script would go on once the frames of a front-channel logout are loaded; without one a link does.
    let framed = journey.page().filter(|it| !it.frames.is_empty());
    let onward = framed.and_then(|page| rp.run.browser.link_to_client(page));
    if let Some(url) = onward {
        journey.left = journey.page().cloned();
        journey.end = RedirectResult::Returned(crate::browser::ClientRedirect { url, form: None });
    }
    if let Some(page) = journey.page() {
        rp.run.report.require(page.status < 500, RULE, || {
            format!("a server error: {}", page.brief())
        });
    }
    Ok(journey)
}

pub(super) async fn nobody_is_logged_in(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid").with("prompt", "none");
    none_is_refused(rp, &request).await
}

/// Requires that the browser came back to the registered address, with the state and nothing else.
pub(super) fn expect_return(rp: &mut RelyingParty, journey: &Journey, state: Option<&str>) -> Step {
    let registered = registered(rp)?;
    let RedirectResult::Returned(redirect) = &journey.end else {
        let page = journey.page().map(|it| it.brief()).unwrap_or_default();
        return Err(rp
            .run
            .report
            .stop(RULE, format!("no way back to the client: {page}")));
    };
    let address = url::Url::parse(&registered)
        .map(|it| without_query(&it))
        .unwrap_or_default();
    rp.run
        .report
        .require(without_query(&redirect.url) == address, RULE, || {
            format!("sent to {} instead of {registered}", redirect.url)
        });
    let own: Vec<(String, String)> = url::Url::parse(&registered)
        .map(|it| it.query_pairs().into_owned().collect())
        .unwrap_or_default();
    let sent: Vec<(String, String)> = redirect
        .url
        .query_pairs()
        .into_owned()
        .filter(|it| !own.contains(it))
        .collect();
    let back = sent
        .iter()
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.as_str());
    rp.run.report.require(back == state, RULE, || {
        format!("state came back as {back:?}, sent was {state:?}")
    });
    let more: Vec<_> = sent
        .iter()
        .filter(|(name, _)| name != "state")
        .map(|(name, _)| name)
        .collect();
    rp.run.report.advise(more.is_empty(), RULE, || {
        format!("unexpected parameters came along: {more:?}")
    });
    Ok(())
}

/// Requires a page of the provider: an error, or that the person is logged out.
fn expect_page(rp: &mut RelyingParty, journey: &Journey) -> Step {
    match &journey.end {
        RedirectResult::Returned(redirect) => Err(rp
            .run
            .report
            .stop(RULE, format!("redirected to {} instead of a page", redirect.url))),
        RedirectResult::Page(page) => {
            rp.run.report.review(RULE, page.brief());
            Ok(())
        }
    }
}

async fn logout(rp: &mut RelyingParty) -> Step {
    let login = login(rp).await?;
    let (address, state) = (registered(rp)?, random_text(128));
    let params = [
        ("id_token_hint", login.id_token.raw.as_str()),
        ("post_logout_redirect_uri", &address),
        ("state", &state),
    ];
    let journey = end_session(rp, &params).await?;
    expect_return(rp, &journey, Some(&state))?;
    nobody_is_logged_in(rp).await
}

async fn no_state(rp: &mut RelyingParty) -> Step {
    let login = login(rp).await?;
    let address = registered(rp)?;
    let params = [
        ("id_token_hint", login.id_token.raw.as_str()),
        ("post_logout_redirect_uri", &address),
    ];
    let journey = end_session(rp, &params).await?;
    expect_return(rp, &journey, None)?;
    nobody_is_logged_in(rp).await
}

/// Logs out with an address that is not registered. The provider must not redirect there, even after a click on yes.
async fn with_address(rp: &mut RelyingParty, address: String) -> Step {
    let login = login(rp).await?;
    let state = random_text(10);
    let params = [
        ("id_token_hint", login.id_token.raw.as_str()),
        ("post_logout_redirect_uri", &address),
        ("state", &state),
    ];
    let journey = end_session(rp, &params).await?;
    expect_page(rp, &journey)
}

async fn bad_post_logout_redirect_uri(rp: &mut RelyingParty) -> Step {
    let address = format!("{}/{}", registered(rp)?, random_text(10));
    with_address(rp, address).await
}

async fn query_added(rp: &mut RelyingParty) -> Step {
    let address = registered(rp)?;
    let joint = if address.contains('?') { '&' } else { '?' };
    with_address(rp, format!("{address}{joint}foo=bar")).await
}

async fn with_hint(rp: &mut RelyingParty, hint: &str) -> Step {
    let (address, state) = (registered(rp)?, random_text(10));
    let params = [
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", &address),
        ("state", &state),
    ];
    let journey = end_session(rp, &params).await?;
    expect_page(rp, &journey)
}

async fn modified_id_token_hint(rp: &mut RelyingParty) -> Step {
    let login = login(rp).await?;
    with_hint(rp, &unsigned(&login.id_token.claims)).await
}

async fn bad_id_token_hint(rp: &mut RelyingParty) -> Step {
    let login = login(rp).await?;
    let mut claims = login.id_token.claims.clone();
    claims["iss"] = Value::from(rp.client.id());
    claims["aud"] = Value::from(rp.run.provider.issuer.as_str());
    let hint = signed_by_a_stranger(&claims).context("cannot sign")?;
    with_hint(rp, &hint).await
}

fn signed_by_a_stranger(claims: &Value) -> anyhow::Result<String> {
    let pair = RS256.generate_key_pair(2048)?;
    let signer = RS256.signer_from_der(pair.to_der_private_key())?;
    Ok(josekit::jws::serialize_compact(
        claims.to_string().as_bytes(),
        &JwsHeader::new(),
        &signer,
    )?)
}

async fn no_id_token_hint(rp: &mut RelyingParty) -> Step {
    login(rp).await?;
    let (address, state) = (registered(rp)?, random_text(10));
    let journey = end_session(rp, &[("post_logout_redirect_uri", &address), ("state", &state)]).await?;
    expect_page(rp, &journey)
}

async fn no_params(rp: &mut RelyingParty) -> Step {
    login(rp).await?;
    let journey = end_session(rp, &[]).await?;
    expect_page(rp, &journey)?;
    nobody_is_logged_in(rp).await
}

async fn no_post_logout_redirect_uri(rp: &mut RelyingParty) -> Step {
    let login = login(rp).await?;
    let journey = end_session(rp, &[("id_token_hint", &login.id_token.raw)]).await?;
    expect_page(rp, &journey)?;
    nobody_is_logged_in(rp).await
}

async fn only_state(rp: &mut RelyingParty) -> Step {
    login(rp).await?;
    let state = random_text(10);
    let journey = end_session(rp, &[("state", &state)]).await?;
    expect_page(rp, &journey)?;
    nobody_is_logged_in(rp).await
}
