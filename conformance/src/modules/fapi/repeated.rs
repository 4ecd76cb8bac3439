//! Modules that present a code or a `request_uri` again, or after it expired.

use super::error_codes::{GRANT, REQUEST_URI};
use super::happy::expect_success;
use crate::checks::common::json_error;
use crate::fapi::{self, Expect, Flow, FlowEnd, TokenOutcome, judge};
use crate::report::{Step, Stop};
use crate::run::Run;
use std::time::Duration;

const CODE: &str = "a code is good once, and for a minute (FAPI 2.0 Security Profile §5.3.2.2)";

pub async fn code(run: &mut Run) -> Step {
    let flow = fapi::flow(run)?;
    let own = expect_success(run, &flow).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    redeem(run, &flow, &own.code).await?;
    let answer = fapi::resource(run, &flow, &own.tokens.access_token).await?;
    run.report.advise((400..500).contains(&answer.status), CODE, || {
        format!("what the code bought survives its reuse: {}", answer.brief())
    });
    Ok(())
}

/// Redeems the code, which must fail.
async fn redeem(run: &mut Run, flow: &Flow, code: &str) -> Step {
    let form = flow.redemption.clone().with("code", code).params;
    match fapi::token(run, flow, &form).await? {
        TokenOutcome::Answered(answer) => json_error(&answer, &[400], GRANT, CODE, &mut run.report),
        TokenOutcome::NoConnection(detail) => run.report.fail(CODE, detail),
    }
    Ok(())
}

pub async fn expired_code(run: &mut Run) -> Step {
    let flow = fapi::flow(run)?;
    let answer = fapi::push(run, &flow).await?;
    let (request_uri, _) = fapi::read_request_uri(run, &answer)?;
    let journey = fapi::open(run, &flow, Some(&request_uri)).await?;
    let response = fapi::read_response(run, &flow, &journey)?.unwrap_or_default();
    let Some(code) = response.get("code") else {
        return Err(run
            .report
            .stop(CODE, format!("no code came back: {}", response.brief())));
    };
    run.wait(patience(62)).await;
    redeem(run, &flow, code).await
}

/// Returns how long to wait. Unit tests do not wait.
fn patience(seconds: u64) -> Duration {
    Duration::from_secs(if cfg!(test) { 0 } else { seconds })
}

/// Opens the reference again, which may end with an error at the client, with a page, or with a new login.
async fn again(run: &mut Run, flow: &Flow, request_uri: &str, expect: Expect) -> Step {
    let late = Flow {
        forgotten: true,
        ..flow.clone()
    };
    let journey = fapi::open(run, &late, Some(request_uri)).await?;
    let end = match fapi::read_response(run, &late, &journey)? {
        None => match journey.end {
            crate::browser::RedirectResult::Page(page) => FlowEnd::Page(page),
            crate::browser::RedirectResult::Returned(_) => return Ok(()),
        },
        Some(response) if response.get("code").is_none() => FlowEnd::Callback(response),
        Some(_) => {
            let detail = "a code came for it";
            if expect.tolerates_success() {
                run.report.warn(fapi::PAR, detail)
            } else {
                run.report.fail(fapi::PAR, detail)
            }
            return Ok(());
        }
    };
    judge(run, &end, &expect);
    Ok(())
}

pub async fn request_uri(run: &mut Run) -> Step {
    let flow = fapi::flow(run)?;
    let own = expect_success(run, &flow).await?;
    let expect = Expect::callback(REQUEST_URI).or_page().or_odd_success();
    again(run, &flow, &own.request_uri, expect).await
}

pub async fn expired_request_uri(run: &mut Run) -> Step {
    let flow = fapi::flow(run)?;
    let answer = fapi::push(run, &flow).await?;
    let (request_uri, lasts) = fapi::read_request_uri(run, &answer)?;
    if lasts > 30 * 60 {
        return Err(Stop::Skipped(format!("a request_uri lives for {lasts} seconds")));
    }
    run.wait(patience(lasts.unsigned_abs() + 1)).await;
    again(run, &flow, &request_uri, Expect::callback(REQUEST_URI).or_page()).await
}
