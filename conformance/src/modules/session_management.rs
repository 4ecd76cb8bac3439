//! The Session OP profile: OpenID Connect Session Management 1.0. The checker runs no scripts, so it does not ask the
//! page at `check_session_iframe`. It computes the answer from the cookies that the page could read, as §3.2 has it,
//! and warns where it cannot.

use super::rp_initiated_logout as logout;
use crate::checks::discovery;
use crate::client::random_text;
use crate::module::{Module, module};
use crate::relying_party::RelyingParty;
use crate::report::Step;
use crate::run::Run;
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use url::Url;

pub const MODULES: &[Module] = &[
    module!(
        "oidcc-session-management-discovery-endpoint-verification",
        Nothing,
        discovery_endpoint_verification
    ),
    module!(
        "oidcc-session-management-rp-initiated-logout",
        Logout,
        rp_initiated_logout
    ),
];

const RULE: &str = "session_state (OpenID Connect Session Management §2)";
const PAGE: &str = "check_session_iframe (OpenID Connect Session Management §3.3)";

async fn discovery_endpoint_verification(run: &mut Run) -> Step {
    let provider = run.provider.clone();
    run.endpoint("check_session_iframe")?;
    run.endpoint("end_session_endpoint")?;
    discovery::transport(&provider.metadata, provider.allow_http, &mut run.report);
    Ok(())
}

async fn rp_initiated_logout(rp: &mut RelyingParty) -> Step {
    let endpoint = rp.run.endpoint("check_session_iframe")?;
    let page = Url::parse(&endpoint).context("check_session_iframe is not a URL")?;
    let request = rp.request("openid").with("state", random_text(128));
    let (journey, granted) = rp.obtain_response(&request).await?;
    let Some(state) = granted.get("session_state").map(str::to_owned) else {
        return Err(rp
            .run
            .report
            .stop(RULE, "there is no session_state in the response"));
    };
    rp.run
        .report
        .require(!state.is_empty() && !state.contains(' '), RULE, || {
            format!("it is empty or has a space: {state:?}")
        });
    can_be_framed(rp, &page).await?;
    let before = explained(rp, &page, &state);
    rp.run.report.advise(before, RULE, || {
        "it is not the hash of client, origin, salt and a cookie that the page can read, as in the example of \
         §3.2; whether the page would answer `unchanged` is not known"
            .into()
    });
    let login = rp.complete_login(journey, granted, &request, None).await?;

    let (address, logout_state) = (logout::registered(rp)?, random_text(128));
    let params = [
        ("id_token_hint", login.id_token.raw.as_str()),
        ("post_logout_redirect_uri", &address),
        ("state", &logout_state),
    ];
    let journey = logout::end_session(rp, &params).await?;
    logout::expect_return(rp, &journey, Some(&logout_state))?;
    let after = explained(rp, &page, &state);
    rp.run.report.require(!after, PAGE, || {
        "after the logout the cookies are as before, and the page would answer `unchanged`".into()
    });
    Ok(())
}

/// Requires that the page is of the issuer's origin, and that other sites may frame it.
async fn can_be_framed(rp: &mut RelyingParty, page: &Url) -> Step {
    let issuer = Url::parse(&rp.run.provider.issuer).map(|it| it.origin());
    rp.run
        .report
        .require(issuer.is_ok_and(|it| it == page.origin()), PAGE, || {
            format!("{page} is not of the origin of the issuer")
        });
    let answer = rp.run.http.get(page.as_str(), &[("accept", "text/html")]).await?;
    let good = answer.status == 200 && answer.media_type() == "text/html";
    rp.run
        .report
        .require(good, PAGE, || format!("a page was expected: {}", answer.brief()));
    rp.run
        .report
        .require(answer.text().contains("<script"), PAGE, || {
            "the page has no script that could answer".into()
        });
    let policy = answer.header("content-security-policy").unwrap_or_default();
    let ancestors = policy
        .split(';')
        .map(str::trim)
        .find_map(|it| it.strip_prefix("frame-ancestors"));
    let closed = ancestors.is_some_and(|it| matches!(it.trim(), "" | "'none'" | "'self'"));
    // Content Security Policy §6.4.2.2: browsers go by frame-ancestors if both are there.
    let forbidden = ancestors.is_none() && answer.header("x-frame-options").is_some();
    rp.run.report.require(!closed && !forbidden, PAGE, || {
        format!(
            "no other site may frame it: X-Frame-Options {:?}, Content-Security-Policy {policy:?}",
            answer.header("x-frame-options")
        )
    });
    Ok(())
}

/// Returns `true` if the page can read a cookie from which `session_state` is computed.
fn explained(rp: &RelyingParty, page: &Url, state: &str) -> bool {
    let Ok(origin) = Url::parse(&rp.client.settings.redirect_uri).map(|it| it.origin()) else {
        return false;
    };
    let origin = origin.ascii_serialization();
    let cookies = rp.run.browser.readable_cookies(page);
    cookies
        .into_iter()
        .any(|it| is_made_of(state, rp.client.id(), &origin, it))
}

fn is_made_of(state: &str, client_id: &str, origin: &str, browser_state: &str) -> bool {
    let Some((hash, salt)) = state.rsplit_once('.') else {
        return false;
    };
    let digest = Sha256::digest(format!("{client_id} {origin} {browser_state} {salt}"));
    let hex: String = digest.iter().map(|it| format!("{it:02x}")).collect();
    let base64 = STANDARD.encode(digest);
    [hex, URL_SAFE_NO_PAD.encode(digest), base64].contains(&hash.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_belongs_to_client_origin_and_browser() {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest("rp https://rp.example opbs salt"));
        let state = format!("{hash}.salt");
        assert!(is_made_of(&state, "rp", "https://rp.example", "opbs"));
        for (client, origin, cookie) in [
            ("rp2", "https://rp.example", "opbs"),
            ("rp", "https://rp.example:444", "opbs"),
            ("rp", "https://rp.example", "other"),
        ] {
            assert!(!is_made_of(&state, client, origin, cookie));
        }
        assert!(!is_made_of(&hash, "rp", "https://rp.example", "opbs"));
    }
}
