//! The Config OP profile: verifies the metadata itself.

use crate::checks::discovery::{self, Circumstances};
use crate::module::{Module, module};
use crate::report::Step;
use crate::run::Run;

pub const MODULES: &[Module] = &[module!(
    "oidcc-discovery-endpoint-verification",
    Nothing,
    discovery_endpoint_verification
)];

pub async fn discovery_endpoint_verification(run: &mut Run) -> Step {
    const RULE: &str = "metadata (OpenID Connect Discovery §4.2)";
    let provider = run.provider.clone();
    let answer = &provider.discovery;
    run.report.require(answer.status == 200, RULE, || {
        format!("HTTP 200 was expected: {}", answer.brief())
    });
    run.report
        .require(answer.media_type() == "application/json", RULE, || {
            format!("the answer is {:?}, not application/json", answer.media_type())
        });
    let circumstances = Circumstances {
        discovery_url: &provider.discovery_url,
        allow_http: provider.allow_http,
        expected_extras: &run.config.server.allow_unexpected_metadata_fields,
    };
    discovery::check(&provider.metadata, &circumstances, &mut run.report);
    Ok(())
}
