//! Modules in which a client answers a ping badly. CIBA §10.2: the grant works all the same.

use crate::fapi::ciba::{
    decide_at_page, expect_pending, expect_ping, flow, listen, pause, read_acknowledgement, redeem,
    send_request,
};
use crate::journey::Decision;
use crate::report::Step;
use crate::run::Run;
use std::time::Duration;

const RULE: &str = "answers to a ping (CIBA §10.2)";

/// Answers pings so, redeems the tokens, and returns how often the client was pinged until a while later.
async fn answered(run: &mut Run, status: u16, headers: &str, body: &str) -> Step<usize> {
    let flow = flow(run)?;
    listen(run, &flow, status, headers, body);
    let answer = send_request(run, &flow).await?;
    let acknowledged = read_acknowledgement(run, &answer)?;
    expect_pending(run, &flow, &acknowledged).await?;
    decide_at_page(run, &flow, Decision::Allow).await?;
    expect_ping(run, &flow, &acknowledged).await?;
    redeem(run, &flow, &acknowledged).await?;
    // A provider that retries has done so by now.
    run.wait_briefly(pause(&acknowledged)).await;
    let token = flow.request.get("client_notification_token").unwrap_or_default();
    Ok(run.site()?.received(token).len())
}

pub async fn with_body(run: &mut Run) -> Step {
    answered(run, 200, "Content-Type: text/plain\r\n", "heard")
        .await
        .map(drop)
}

pub async fn unauthorized(run: &mut Run) -> Step {
    answered(run, 401, "", "").await.map(drop)
}

pub async fn forbidden(run: &mut Run) -> Step {
    answered(run, 403, "", "").await.map(drop)
}

pub async fn once(run: &mut Run) -> Step {
    let times = answered(run, 401, "", "").await?;
    run.report.require(times == 1, RULE, || {
        format!("after a 401 it was pinged {times} times")
    });
    Ok(())
}

/// Answers with a 301 to another path of the site, where no request must arrive.
pub async fn redirected(run: &mut Run) -> Step {
    let Ok(site) = run.site() else {
        return answered(run, 301, "", "").await.map(drop);
    };
    let path = format!("/{}/elsewhere", crate::client::random_text(10));
    site.listen(&path, 204, "", "");
    let location = format!("Location: {}\r\n", site.at(&path));
    answered(run, 301, &location, "").await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    run.report.require(site.received(&path).is_empty(), RULE, || {
        "the provider followed a redirect".into()
    });
    Ok(())
}
