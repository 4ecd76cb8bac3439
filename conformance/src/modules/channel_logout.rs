//! The Front-Channel and Back-Channel OP profiles: OpenID Connect Front-Channel Logout 1.0 and Back-Channel Logout 1.0.
//! Each module registers a client with the address where it is notified of a logout.

use super::rp_initiated_logout as logout;
use crate::checks::{discovery, logout_token};
use crate::client::{AuthMethod, random_text};
use crate::journey::Journey;
use crate::login::Login;
use crate::module::{Module, module};
use crate::registration::{REDIRECT_URI, metadata};
use crate::relying_party::RelyingParty;
use crate::report::Step;
use crate::run::Run;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

pub const FRONT: &[Module] = &[
    module!(
        "oidcc-frontchannel-logout-discovery-endpoint-verification",
        Nothing,
        front_discovery
    ),
    module!("oidcc-frontchannel-rp-initiated-logout", Registration, front),
];

pub const BACK: &[Module] = &[
    module!(
        "oidcc-backchannel-logout-discovery-endpoint-verification",
        Nothing,
        back_discovery
    ),
    module!("oidcc-backchannel-rp-initiated-logout", Site, back),
];

const IN_FRONT: &str = "front-channel logout (OpenID Connect Front-Channel Logout §2)";
const BEHIND: &str = "back-channel logout (OpenID Connect Back-Channel Logout §2.5)";

/// Limits how long a provider may take until it calls.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 30 });

async fn front_discovery(run: &mut Run) -> Step {
    discovery_of(run, "frontchannel", IN_FRONT).await
}

async fn back_discovery(run: &mut Run) -> Step {
    discovery_of(run, "backchannel", BEHIND).await
}

async fn discovery_of(run: &mut Run, channel: &str, rule: &'static str) -> Step {
    let provider = run.provider.clone();
    for kind in ["supported", "session_supported"] {
        let name = format!("{channel}_logout_{kind}");
        let value = provider.flag(&name);
        run.report
            .require(value == Some(true), rule, || format!("{name} is {value:?}"));
    }
    run.endpoint("end_session_endpoint")?;
    discovery::transport(&provider.metadata, provider.allow_http, &mut run.report);
    Ok(())
}

/// Returns an address of the redirect URI's origin, where nothing can listen.
fn beside_the_redirect_uri(path: &str) -> String {
    REDIRECT_URI.replace("/callback", path)
}

/// Registers a client, logs in and out again. Returns the login, and how the logout ended.
async fn logs_out(
    rp: &mut RelyingParty,
    more: &[(&str, Value)],
    rule: &'static str,
) -> Step<(Login, Journey)> {
    const METHOD: AuthMethod = AuthMethod::SecretBasic;
    let goodbye = beside_the_redirect_uri("/post_logout_redirect");
    let mut asked = metadata(rp, METHOD);
    asked["post_logout_redirect_uris"] = json!([goodbye]);
    for (name, value) in more {
        asked[*name] = value.clone();
    }
    rp.register(&asked, METHOD).await?;
    if let Ok(url) = Url::parse(&goodbye) {
        rp.run.browser.add_client_address(&url);
    }
    rp.client.settings.post_logout_redirect_uri = Some(goodbye.clone());

    let login = logout::login(rp).await?;
    let sid = login.id_token.claims["sid"].as_str().unwrap_or_default();
    rp.run.report.require(!sid.is_empty(), rule, || {
        "the ID token has no sid, which the client registered to need".into()
    });
    let state = random_text(128);
    let params = [
        ("id_token_hint", login.id_token.raw.as_str()),
        ("post_logout_redirect_uri", &goodbye),
        ("state", &state),
    ];
    let journey = logout::end_session(rp, &params).await?;
    logout::expect_return(rp, &journey, Some(&state))?;
    Ok((login, journey))
}

/// Requires that a page of the provider loads the client's address in a frame.
async fn front(rp: &mut RelyingParty) -> Step {
    let address = beside_the_redirect_uri("/frontchannel_logout");
    let more = [
        ("frontchannel_logout_uri", json!(address)),
        ("frontchannel_logout_session_required", json!(true)),
    ];
    let (login, journey) = logs_out(rp, &more, IN_FRONT).await?;
    let frames = journey.left.iter().flat_map(|page| {
        let absolute = |it: &String| page.url.join(it).ok();
        page.frames.iter().filter_map(absolute)
    });
    let visited = frames.into_iter().find(|frame| {
        let bare = crate::browser::without_query(frame);
        bare == address
    });
    let Some(visited) = visited else {
        let seen = journey.left.as_ref().map(|it| it.frames.clone());
        let detail = format!("no page loaded {address} in a frame; frames: {seen:?}");
        return Err(rp.run.report.stop(IN_FRONT, detail));
    };
    let sid = login.id_token.claims["sid"].as_str().unwrap_or_default();
    for (name, wanted) in [("iss", rp.run.provider.issuer.as_str()), ("sid", sid)] {
        let value = visited.query_pairs().find(|(key, _)| key == name);
        let value = value.map(|(_, value)| value.into_owned());
        rp.run
            .report
            .require(value.as_deref() == Some(wanted), IN_FRONT, || {
                format!("{name} is {value:?}, not {wanted:?}")
            });
    }
    let more: Vec<_> = visited
        .query_pairs()
        .filter(|(name, _)| name != "iss" && name != "sid")
        .map(|(name, _)| name.into_owned())
        .collect();
    rp.run.report.advise(more.is_empty(), IN_FRONT, || {
        format!("unexpected parameters: {more:?}")
    });
    logout::nobody_is_logged_in(rp).await
}

/// Requires that the provider posts a logout token to the client's address.
async fn back(rp: &mut RelyingParty) -> Step {
    let site = rp.run.site()?;
    let path = format!("/{}/backchannel_logout", random_text(10));
    site.listen(&path, 200, "Cache-Control: no-store\r\n", "");
    let more = [
        ("backchannel_logout_uri", json!(site.at(&path))),
        ("backchannel_logout_session_required", json!(true)),
    ];
    let (login, _) = logs_out(rp, &more, BEHIND).await?;
    let Some(request) = site.wait_for(&path, PATIENCE).await else {
        let detail = format!("nothing was posted to {path} within {PATIENCE:?}");
        return Err(rp.run.report.stop(BEHIND, detail));
    };
    logout_token::request(&request, &mut rp.run.report);
    let expected = logout_token::Expected {
        issuer: &rp.run.provider.issuer,
        client_id: rp.client.id(),
        login: &login.id_token.claims,
    };
    logout_token::read(&request, &rp.run.provider.jwks, &expected, &mut rp.run.report)?;
    logout::nobody_is_logged_in(rp).await
}
