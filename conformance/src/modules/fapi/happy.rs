//! Modules of FAPI 2.0 in which two clients succeed, and one in which the person refuses.

use super::transport;
use crate::checks::id_token;
use crate::client::random_text;
use crate::fapi::{self, Expect, Flow, FlowEnd, Grant, client_credentials, judge, resource, run_flow};
use crate::journey::refuse;
use crate::report::{Step, Stop};
use crate::run::Run;
use serde_json::{Map, Value, json};

const BOUND: &str = "a token is bound to its client (FAPI 2.0 Security Profile §5.3.2.1)";
const REFUSED: &str = "who refuses is heard (RFC 6749 §4.1.2.1)";
const CLAIMS: &str = "the claims parameter (OpenID Connect Core §5.5)";

/// Runs the flow to its end. The module fails if that is anything but success.
pub(super) async fn expect_success(run: &mut Run, flow: &Flow) -> Step<Grant> {
    let end = if flow.fapi.client_credentials {
        client_credentials(run, flow).await?
    } else {
        run_flow(run, flow).await?
    };
    judge(run, &end, &Expect::SUCCESS);
    match end {
        FlowEnd::Done(grant) => Ok(*grant),
        _ => Err(Stop::Failed),
    }
}

pub async fn flow(run: &mut Run) -> Step {
    let first = fapi::flow(run)?;
    let own = expect_success(run, &first).await?;
    if let Some(token) = own.id_token.as_ref().filter(|_| first.fapi.openid) {
        id_token::lean(token, &mut run.report);
    }
    let url = fapi::resource_url(run, &first)?;
    transport::verify_tls(run, &[url.as_str()]).await?;
    fapi::refuse_in_query(run, &first, &url, &own).await?;
    for accept in [
        "application/json; charset=utf-8",
        "application/json, application/*+json, */*",
    ] {
        let odd = Flow {
            accept,
            ..first.clone()
        };
        let answer = resource(run, &odd, &own.tokens.access_token).await?;
        let good = fapi::is_accepted(run, &odd, &answer);
        run.report.require(good, fapi::RESOURCE, || {
            format!("with Accept {accept:?}: {}", answer.brief())
        });
    }

    let second = first.for_second_client();
    let theirs = expect_success(run, &second).await?;
    // Presents the second client's token with the first client's key and certificate.
    let answer = resource(run, &first, &theirs.tokens.access_token).await?;
    fapi::expect_refusal(
        run,
        &first,
        &answer,
        (BOUND, 400..=499),
        "with the token of another client",
    );
    Ok(())
}

pub async fn rejected(run: &mut Run) -> Step {
    let first = fapi::flow(run)?;
    for mut flow in [first.for_second_client(), first] {
        // Consent may have been given before; without it there would be nothing to refuse.
        flow.request
            .set("state", random_text(128))
            .set("prompt", "consent");
        run.browser.forget();
        let answer = fapi::push(run, &flow).await?;
        let (request_uri, _) = fapi::read_request_uri(run, &answer)?;
        let endpoint = run.endpoint("authorization_endpoint")?;
        let url = flow
            .opened
            .clone()
            .with("request_uri", request_uri)
            .url(&endpoint);
        let start = run.browser.open(&url).await?;
        let user = run.user()?;
        let journey = refuse(&mut run.browser, start, &user).await?;
        let Some(response) = fapi::read_response(run, &flow, &journey)? else {
            let seen = journey.pages.join(" | ");
            return Err(run
                .report
                .stop(REFUSED, format!("no way back to the client: {seen}")));
        };
        let code = response.get("error");
        run.report.require(code == Some("access_denied"), REFUSED, || {
            format!("access_denied was expected: {}", response.brief())
        });
    }
    Ok(())
}

/// Asks in both places for every claim that the metadata names, and for some that do not exist.
pub async fn claims(run: &mut Run) -> Step {
    if run.provider.flag("claims_parameter_supported") != Some(true) {
        return Err(Stop::Skipped("claims_parameter_supported is not true".into()));
    }
    let supported = run.provider.list("claims_supported").unwrap_or_default();
    let standard: Vec<String> = STANDARD
        .iter()
        .filter(|it| supported.contains(it))
        .map(|it| (*it).to_owned())
        .collect();
    if standard.is_empty() {
        return Err(Stop::Skipped("claims_supported names no standard claim".into()));
    }
    let mut flow = fapi::flow(run)?;
    let mut asked: Map<String, Value> = standard.iter().map(|it| (it.clone(), Value::Null)).collect();
    for essential in [true, false] {
        asked.insert(random_text(10), json!({"essential": essential}));
    }
    let asked = json!({"userinfo": asked, "id_token": asked});
    flow.request.set("claims", asked.to_string());
    let own = expect_success(run, &flow).await?;
    let returned = own.resource.json().unwrap_or_default();
    let in_token = own.id_token.map(|it| it.claims).unwrap_or_default();
    for name in standard {
        let found = returned.get(&name).is_some() || in_token.get(&name).is_some();
        run.report
            .advise(found, CLAIMS, || format!("{name} was asked for and is nowhere"));
    }
    Ok(())
}

const STANDARD: [&str; 19] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "preferred_username",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "address",
];
