//! Modules of CIBA that are more than a row of the table.

use crate::checks::common::json_error;
use crate::fapi::ciba::{
    self, TOKEN, decide_at_page, expect_pending, expect_ping, flow, grant_and_redeem, listen, poll,
    read_acknowledgement, send_request, wait_until_notified,
};
use crate::fapi::{self, Auth, Flow, TokenOutcome, resource};
use crate::journey::Decision;
use crate::modules::fapi::refresh::{refresh_by_another_key, refuse_foreign};
use crate::modules::fapi::transport;
use crate::report::{Step, Stop};
use crate::run::Run;
use std::time::Duration;

const BOUND: &str = "a token is bound to its client (FAPI-CIBA §5.2.2)";
const SPENT: &str = "an auth_req_id is good once, and for its client (CIBA §11)";

async fn start(run: &mut Run, flow: &Flow) -> Step<ciba::Acknowledgement> {
    listen(run, flow, 204, "", "");
    let answer = send_request(run, flow).await?;
    read_acknowledgement(run, &answer)
}

pub async fn two_clients(run: &mut Run) -> Step {
    let first = flow(run)?;
    let url = fapi::resource_url(run, &first)?;
    transport::verify_tls(run, &[url.as_str()]).await?;
    let acknowledged = start(run, &first).await?;
    let own = grant_and_redeem(run, &first, &acknowledged).await?;
    fapi::refuse_in_query(run, &first, &url, &own).await?;

    let mut second = ciba::for_second_client(&first);
    let wanted = run
        .provider
        .list("acr_values_supported")
        .and_then(|it| it.first().map(|it| (*it).to_owned()));
    if let Some(acr) = &wanted {
        second.ask("acr_values", acr.as_str());
    }
    let acknowledged = start(run, &second).await?;
    let theirs = grant_and_redeem(run, &second, &acknowledged).await?;
    if let (Some(acr), Some(token)) = (wanted, &theirs.id_token) {
        run.report
            .require(token.claims["acr"] == acr, "acr (CIBA §7.1)", || {
                format!("acr is {}, asked for was {acr:?}", token.claims["acr"])
            });
    }
    let answer = resource(run, &first, &theirs.tokens.access_token).await?;
    fapi::expect_refusal(
        run,
        &first,
        &answer,
        (BOUND, 400..=499),
        "with the token of another client",
    );
    let answer = poll(run, &second, &acknowledged.id).await?;
    json_error(&answer, &[400], &["invalid_grant"], SPENT, &mut run.report);
    Ok(())
}

pub async fn rejected(run: &mut Run) -> Step {
    let flow = flow(run)?;
    let acknowledged = start(run, &flow).await?;
    expect_pending(run, &flow, &acknowledged).await?;
    decide_at_page(run, &flow, Decision::Deny).await?;
    wait_until_notified(run, &flow, &acknowledged).await?;
    let answer = poll(run, &flow, &acknowledged.id).await?;
    json_error(&answer, &[400], &["access_denied"], TOKEN, &mut run.report);
    Ok(())
}

/// Polls twenty times at once. The provider may ask for patience in several ways, but not by a server error or a token.
pub async fn impatient(run: &mut Run) -> Step {
    const CODES: [&str; 3] = ["authorization_pending", "slow_down", "invalid_request"];
    let flow = flow(run)?;
    let acknowledged = start(run, &flow).await?;
    for _ in 0..20 {
        let answer = poll(run, &flow, &acknowledged.id).await?;
        match answer.status {
            503 => run
                .report
                .require(answer.header("retry-after").is_some(), TOKEN, || {
                    "503 comes without Retry-After".into()
                }),
            _ => json_error(&answer, &[400], &CODES, TOKEN, &mut run.report),
        }
    }
    if flow.fapi.ping {
        decide_at_page(run, &flow, Decision::Allow).await?;
        expect_ping(run, &flow, &acknowledged).await?;
    }
    Ok(())
}

pub async fn expired(run: &mut Run) -> Step {
    let mut flow = flow(run)?;
    flow.object = |jwt, _| jwt.set("requested_expiry", 10);
    let acknowledged = start(run, &flow).await?;
    expect_pending(run, &flow, &acknowledged).await?;
    if acknowledged.expires_in > 30 * 60 {
        return Err(Stop::Skipped(format!(
            "an auth_req_id lives for {} seconds",
            acknowledged.expires_in
        )));
    }
    let seconds = if cfg!(test) {
        0
    } else {
        acknowledged.expires_in.unsigned_abs() + 2
    };
    run.wait(Duration::from_secs(seconds)).await;
    let answer = poll(run, &flow, &acknowledged.id).await?;
    json_error(&answer, &[400], &["expired_token"], TOKEN, &mut run.report);
    Ok(())
}

/// Redeems the first client's `auth_req_id` as the second client.
pub async fn foreign(run: &mut Run) -> Step {
    let first = flow(run)?;
    let acknowledged = start(run, &first).await?;
    let second = ciba::for_second_client(&first);
    let answer = poll(run, &second, &acknowledged.id).await?;
    json_error(&answer, &[400], &["invalid_grant"], SPENT, &mut run.report);
    Ok(())
}

pub async fn refresh(run: &mut Run) -> Step {
    let mut first = flow(run)?;
    let scope = "openid profile offline_access";
    first.ask("scope", scope);
    let acknowledged = start(run, &first).await?;
    let own = grant_and_redeem(run, &first, &acknowledged).await?;
    let Some(token) = own.tokens.refresh_token.clone() else {
        return Err(Stop::Skipped("no refresh token was issued".into()));
    };
    refresh_by_another_key(run, &first, &own, &token, scope).await?;
    let mut second = ciba::for_second_client(&first);
    second.ask("scope", scope);
    let acknowledged = start(run, &second).await?;
    let theirs = grant_and_redeem(run, &second, &acknowledged).await?;
    let foreign = theirs.tokens.refresh_token.unwrap_or_default();
    refuse_foreign(run, &first, &foreign, scope).await
}

/// Redeems without a certificate, which must not yield tokens.
pub async fn holder_of_key(run: &mut Run) -> Step {
    let flow = flow(run)?;
    let names = [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "registration_endpoint",
    ];
    let endpoints: Vec<String> = names
        .iter()
        .filter_map(|it| fapi::endpoint(&run.provider, &flow.fapi, it))
        .collect();
    let endpoints: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    transport::verify_tls(run, &endpoints).await?;
    let acknowledged = start(run, &flow).await?;
    expect_pending(run, &flow, &acknowledged).await?;
    decide_at_page(run, &flow, Decision::Allow).await?;
    wait_until_notified(run, &flow, &acknowledged).await?;
    let mut bare = flow.clone();
    bare.token.presents_certificate = false;
    let codes: &[&str] = match flow.fapi.auth {
        Auth::Mtls => &["invalid_client", "invalid_request"],
        Auth::PrivateKeyJwt => &["invalid_client", "invalid_request", "invalid_grant"],
    };
    let form = ciba::redemption(&acknowledged.id);
    if let TokenOutcome::Answered(answer) = fapi::token(run, &bare, &form).await? {
        json_error(&answer, &[400, 401], codes, TOKEN, &mut run.report);
    }
    Ok(())
}
