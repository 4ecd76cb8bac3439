//! Modules about refusals at the two endpoints: a spent code, a foreign address, a missing response type.

use crate::browser::RedirectResult;
use crate::checks::common::json_error;
use crate::client::random_text;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use crate::variant::Variant;
use std::time::Duration;

pub async fn response_type_missing(rp: &mut RelyingParty) -> Step {
    const RULE: &str = "a request without response_type (RFC 6749 §3.1.1)";
    let request = rp.request("openid").without("response_type");
    let journey = rp.authorize(&request).await?;
    match &journey.end {
        RedirectResult::Returned(_) => {
            // The response belongs into the query if there is no response type, whatever the plan; an explicit mode stays.
            rp.run.variant = Variant {
                response_type: "",
                ..rp.run.variant
            };
            rp.expect_error(
                RULE,
                &journey,
                &request,
                &["invalid_request", "unsupported_response_type"],
            );
            Ok(())
        }
        RedirectResult::Page(_) => rp.expect_page(RULE, &journey),
    }
}

const SPENT: &str = "a spent code (RFC 6749 §4.1.2)";

pub async fn reuse(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let login = rp.login(&request).await?;
    let answer = rp.redeem_raw(&login.code).await?;
    if answer.status == 200 {
        rp.run.report.warn(SPENT, "it was redeemed twice");
        return Ok(());
    }
    json_error(&answer, &[400], &["invalid_grant"], SPENT, &mut rp.run.report);
    Ok(())
}

pub async fn reuse_after_30_seconds(rp: &mut RelyingParty) -> Step {
    let request = rp.request("openid");
    let login = rp.login(&request).await?;
    rp.run.wait(Duration::from_secs(30)).await;
    let answer = rp.redeem_raw(&login.code).await?;
    json_error(&answer, &[400], &["invalid_grant"], SPENT, &mut rp.run.report);
    let userinfo = rp.userinfo_raw(&login.tokens.access_token).await?;
    rp.run
        .report
        .advise((400..500).contains(&userinfo.status), SPENT, || {
            format!(
                "the access token bought with it still works: HTTP {}",
                userinfo.status
            )
        });
    Ok(())
}

pub async fn registered_redirect_uri(rp: &mut RelyingParty) -> Step {
    const RULE: &str = "an unregistered redirect_uri (OpenID Connect Core §3.1.2.1)";
    let foreign = format!("{}/{}", rp.client.settings.redirect_uri, random_text(10));
    let request = rp.request("openid").with("redirect_uri", foreign);
    let journey = rp.authorize(&request).await?;
    rp.expect_page(RULE, &journey)
}
