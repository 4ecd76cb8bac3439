//! Verifies the metadata of a provider of FAPI-CIBA.

use crate::checks::discovery::{self, listed};
use crate::fapi::{Auth, FapiVariant};
use crate::report::{Report, Step};
use crate::run::Run;
use anyhow::Context;
use serde_json::Value;

const RULE: &str = "metadata (CIBA §4, FAPI-CIBA §5.2)";
const PERMITTED: [&str; 2] = ["PS256", "ES256"];

pub async fn check(run: &mut Run) -> Step {
    let fapi = *run.variant.fapi.context("not a variant of FAPI")?;
    let provider = run.provider.clone();
    discovery::types(
        &provider.metadata,
        &run.config.server.allow_unexpected_metadata_fields,
        &mut run.report,
    );
    discovery::transport(&provider.metadata, provider.allow_http, &mut run.report);
    judge(&provider.metadata, &fapi, &mut run.report);
    Ok(())
}

fn judge(metadata: &Value, fapi: &FapiVariant, report: &mut Report) {
    let has = |name: &str, words: &[&str]| {
        let found = listed(metadata, name).unwrap_or_default();
        words.iter().any(|it| found.contains(it))
    };
    let mut lists = |name: &str, words: &[&str]| {
        report.require(has(name, words), RULE, || {
            format!("{name} is {}, without any of {words:?}", metadata[name])
        });
    };
    let mode = if fapi.ping { "ping" } else { "poll" };
    lists("backchannel_token_delivery_modes_supported", &[mode]);
    lists("grant_types_supported", &["urn:openid:params:grant-type:ciba"]);
    lists("id_token_signing_alg_values_supported", &PERMITTED);
    match fapi.auth {
        Auth::PrivateKeyJwt => {
            lists("token_endpoint_auth_methods_supported", &["private_key_jwt"]);
            lists("token_endpoint_auth_signing_alg_values_supported", &PERMITTED);
        }
        Auth::Mtls => lists(
            "token_endpoint_auth_methods_supported",
            &["tls_client_auth", "self_signed_tls_client_auth"],
        ),
    }
    let name = "backchannel_authentication_endpoint";
    report.require(metadata[name].is_string(), RULE, || format!("{name} is missing"));
    let name = "tls_client_certificate_bound_access_tokens";
    report.require(metadata[name] == true, RULE, || {
        format!("{name} is {}", metadata[name])
    });
    let name = "backchannel_authentication_request_signing_alg_values_supported";
    report.advise(has(name, &PERMITTED), RULE, || {
        format!("{name} is {}", metadata[name])
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fapi::variants::CIBA;
    use serde_json::json;

    /// Returns how many variants find fault with the changed metadata.
    fn complaints(name: &str, value: Value) -> usize {
        let algs = json!(["PS256"]);
        let mut metadata = json!({"backchannel_token_delivery_modes_supported": ["poll", "ping"],
            "grant_types_supported": ["urn:openid:params:grant-type:ciba"], "id_token_signing_alg_values_supported": algs,
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"],
            "token_endpoint_auth_signing_alg_values_supported": algs,
            "backchannel_authentication_endpoint": "https://op.example/bc",
            "tls_client_certificate_bound_access_tokens": true,
            "backchannel_authentication_request_signing_alg_values_supported": algs});
        metadata[name] = value;
        let judged = CIBA.iter().filter_map(|it| it.fapi).map(|fapi| {
            let mut report = Report::default();
            judge(&metadata, fapi, &mut report);
            usize::from(!report.findings.is_empty())
        });
        judged.sum()
    }

    #[test]
    fn each_variant_misses_what_it_needs() {
        assert_eq!(complaints("more", json!(1)), 0);
        assert_eq!(
            complaints("backchannel_token_delivery_modes_supported", json!(["poll"])),
            2
        );
        assert_eq!(complaints("grant_types_supported", json!([])), 4);
        assert_eq!(
            complaints("id_token_signing_alg_values_supported", json!(["RS256"])),
            4
        );
        assert_eq!(
            complaints(
                "token_endpoint_auth_methods_supported",
                json!(["private_key_jwt"])
            ),
            2
        );
        assert_eq!(complaints("backchannel_authentication_endpoint", Value::Null), 4);
        assert_eq!(
            complaints("tls_client_certificate_bound_access_tokens", json!(false)),
            4
        );
        assert_eq!(
            complaints(
                "backchannel_authentication_request_signing_alg_values_supported",
                json!(["RS256"])
            ),
            4
        );
    }
}
