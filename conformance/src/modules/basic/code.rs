//! Refusals at the two endpoints: a spent code, a foreign address, a missing response type.

use crate::browser::Landing;
use crate::checks::common::json_error;
use crate::client::random_text;
use crate::plans::Variant;
use crate::report::Step;
use crate::run::Run;
use std::time::Duration;

pub async fn response_type_missing(run: &mut Run) -> Step {
    const RULE: &str = "a request without response_type (RFC 6749 §3.1.1)";
    let request = run.request("openid").without("response_type");
    let walk = run.authorize(&request).await?;
    match &walk.end {
        Landing::Returned(_) => {
            // Without a response type the default is the query, whatever the plan; an explicit mode stays.
            run.variant = Variant {
                response_type: "",
                ..run.variant
            };
            run.expect_error(
                RULE,
                &walk,
                &request,
                &["invalid_request", "unsupported_response_type"],
            );
            Ok(())
        }
        Landing::Page(_) => run.expect_page(RULE, &walk),
    }
}

const SPENT: &str = "a spent code (RFC 6749 §4.1.2)";

pub async fn reuse(run: &mut Run) -> Step {
    let request = run.request("openid");
    let login = run.login(&request).await?;
    let answer = run.redeem_raw(&login.code).await?;
    if answer.status == 200 {
        run.report.warn(SPENT, "it was redeemed twice");
        return Ok(());
    }
    json_error(&answer, &[400], &["invalid_grant"], SPENT, &mut run.report);
    Ok(())
}

pub async fn reuse_after_30_seconds(run: &mut Run) -> Step {
    let request = run.request("openid");
    let login = run.login(&request).await?;
    run.waits(Duration::from_secs(30)).await;
    let answer = run.redeem_raw(&login.code).await?;
    json_error(&answer, &[400], &["invalid_grant"], SPENT, &mut run.report);
    let userinfo = run.userinfo_raw(&login.tokens.access_token).await?;
    run.report
        .advise((400..500).contains(&userinfo.status), SPENT, || {
            format!(
                "the access token bought with it still works: HTTP {}",
                userinfo.status
            )
        });
    Ok(())
}

pub async fn registered_redirect_uri(run: &mut Run) -> Step {
    const RULE: &str = "an unregistered redirect_uri (OpenID Connect Core §3.1.2.1)";
    let foreign = format!("{}/{}", run.client.settings.redirect_uri, random_text(10));
    let request = run.request("openid").with("redirect_uri", foreign);
    let walk = run.authorize(&request).await?;
    run.expect_page(RULE, &walk)
}
