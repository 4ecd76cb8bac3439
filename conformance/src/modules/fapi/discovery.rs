//! Verifies the metadata of a provider of FAPI 2.0. Variants of plain OAuth read it where RFC 8414 puts it.

use crate::checks::discovery::{self, Circumstances, listed};
use crate::fapi::{Auth, Constraint, FapiVariant};
use crate::report::{Report, Step};
use crate::run::Run;
use anyhow::Context;
use serde_json::Value;
use url::Url;

const RULE: &str = "metadata (FAPI 2.0 Security Profile §5.3.2, §5.4.1)";
const ALIASES: &str = "mtls_endpoint_aliases (RFC 8705 §5)";
const PERMITTED: [&str; 4] = ["PS256", "ES256", "EdDSA", "Ed25519"];

pub async fn check(run: &mut Run) -> Step {
    let fapi = *run.variant.fapi.context("not a variant of FAPI")?;
    let provider = run.provider.clone();
    let metadata = if fapi.openid {
        provider.metadata.clone()
    } else {
        of_oauth(run).await?
    };
    let circumstances = Circumstances {
        discovery_url: &provider.discovery_url,
        allow_http: provider.allow_http,
        expected_extras: &run.config.server.allow_unexpected_metadata_fields,
    };
    discovery::issuer(&metadata, &circumstances, &mut run.report);
    discovery::types(&metadata, circumstances.expected_extras, &mut run.report);
    discovery::transport(&metadata, provider.allow_http, &mut run.report);
    judge(&metadata, &fapi, &mut run.report);
    Ok(())
}

/// Reads the metadata of plain OAuth. RFC 8414 §3.1: the path of an issuer comes after the well-known one.
async fn of_oauth(run: &mut Run) -> Step<Value> {
    let issuer = Url::parse(&run.provider.issuer).context("the issuer")?;
    let mut url = issuer.clone();
    let path = issuer.path().trim_end_matches('/');
    url.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    let answer = run
        .http
        .get(url.as_str(), &[("accept", "application/json")])
        .await?;
    match answer.json().filter(|it| answer.status == 200 && it.is_object()) {
        Some(metadata) => Ok(metadata),
        None => {
            let detail = format!("no metadata at {url}: {}", answer.brief());
            Err(run.report.stop("metadata (RFC 8414 §3)", detail))
        }
    }
}

fn judge(metadata: &Value, fapi: &FapiVariant, report: &mut Report) {
    let mut lists = |name: &str, words: &[&str]| {
        let found = listed(metadata, name);
        let has = found
            .as_ref()
            .is_some_and(|it| words.iter().any(|word| it.contains(word)));
        report.require(has, RULE, || {
            format!("{name} is {found:?}, without any of {words:?}")
        });
    };
    match fapi.constraint {
        Constraint::Dpop => lists("dpop_signing_alg_values_supported", &PERMITTED),
        Constraint::Mtls => {}
    }
    lists("token_endpoint_auth_signing_alg_values_supported", &PERMITTED);
    match fapi.auth {
        Auth::PrivateKeyJwt => lists("token_endpoint_auth_methods_supported", &["private_key_jwt"]),
        Auth::Mtls => lists(
            "token_endpoint_auth_methods_supported",
            &["tls_client_auth", "self_signed_tls_client_auth"],
        ),
    }
    if fapi.openid {
        lists("id_token_signing_alg_values_supported", &PERMITTED);
        lists("scopes_supported", &["openid"]);
        lists("subject_types_supported", &["public", "pairwise"]);
    }
    if !fapi.client_credentials {
        lists("response_types_supported", &["code"]);
        lists("grant_types_supported", &["authorization_code"]);
        lists("code_challenge_methods_supported", &["S256"]);
        if metadata.get("userinfo_signing_alg_values_supported").is_some() {
            lists("userinfo_signing_alg_values_supported", &PERMITTED);
        }
    }
    if fapi.signed {
        lists("response_modes_supported", &["jwt"]);
        lists("request_object_signing_alg_values_supported", &PERMITTED);
        lists("authorization_signing_alg_values_supported", &PERMITTED);
    }
    let flag = |name: &str| metadata[name] == true;
    if fapi.constraint == Constraint::Mtls {
        let name = "tls_client_certificate_bound_access_tokens";
        report.require(flag(name), RULE, || format!("{name} is {}", metadata[name]));
    }
    if !fapi.client_credentials {
        let name = "pushed_authorization_request_endpoint";
        report.require(metadata[name].is_string(), RULE, || format!("{name} is missing"));
        let name = "authorization_response_iss_parameter_supported";
        report.require(fapi.signed || flag(name), RULE, || {
            format!("{name} is {}", metadata[name])
        });
    }
    aliases(metadata, report);
}

fn aliases(metadata: &Value, report: &mut Report) {
    for (name, value) in metadata["mtls_endpoint_aliases"]
        .as_object()
        .into_iter()
        .flatten()
    {
        report.require(name != "authorization_endpoint", ALIASES, || {
            "browsers go to no alias of the authorization endpoint".into()
        });
        report.require(metadata.get(name).is_some(), ALIASES, || {
            format!("{name} stands there alone")
        });
        report.require(
            value.as_str().is_some_and(|it| it.starts_with("https:")),
            ALIASES,
            || format!("{name} is {value}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fapi::variants::{MESSAGE_SIGNING, SECURITY_PROFILE};
    use serde_json::json;

    fn good() -> Value {
        let algs = json!(["PS256", "RS256"]);
        json!({
            "dpop_signing_alg_values_supported": algs, "token_endpoint_auth_signing_alg_values_supported": algs,
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"],
            "id_token_signing_alg_values_supported": algs, "scopes_supported": ["openid"],
            "subject_types_supported": ["public"], "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"], "code_challenge_methods_supported": ["S256"],
            "userinfo_signing_alg_values_supported": algs, "response_modes_supported": ["jwt"],
            "request_object_signing_alg_values_supported": algs, "authorization_signing_alg_values_supported": algs,
            "tls_client_certificate_bound_access_tokens": true, "pushed_authorization_request_endpoint": "https://op.example/par",
            "authorization_response_iss_parameter_supported": true, "token_endpoint": "https://op.example/token",
            "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.op.example/token"},
        })
    }

    /// Returns how many variants of both plans find fault with the changed metadata.
    fn complaints(name: &str, value: Value) -> usize {
        let mut metadata = good();
        metadata[name] = value;
        let fapis = SECURITY_PROFILE
            .iter()
            .chain(MESSAGE_SIGNING)
            .filter_map(|it| it.fapi);
        let judged = fapis.map(|fapi| {
            let mut report = Report::default();
            judge(&metadata, fapi, &mut report);
            usize::from(!report.findings.is_empty())
        });
        judged.sum()
    }

    #[test]
    fn each_variant_misses_what_it_needs() {
        assert_eq!(complaints("more", json!(1)), 0);
        let weak = json!(["RS256"]);
        assert_eq!(complaints("dpop_signing_alg_values_supported", weak.clone()), 9);
        assert_eq!(
            complaints("tls_client_certificate_bound_access_tokens", json!(false)),
            8
        );
        assert_eq!(
            complaints("token_endpoint_auth_signing_alg_values_supported", weak.clone()),
            17
        );
        assert_eq!(
            complaints(
                "token_endpoint_auth_methods_supported",
                json!(["tls_client_auth"])
            ),
            9
        );
        assert_eq!(
            complaints("id_token_signing_alg_values_supported", weak.clone()),
            8
        );
        assert_eq!(
            complaints("code_challenge_methods_supported", json!(["plain"])),
            16
        );
        assert_eq!(
            complaints("pushed_authorization_request_endpoint", json!(null)),
            16
        );
        assert_eq!(
            complaints("authorization_response_iss_parameter_supported", json!(null)),
            8
        );
        assert_eq!(complaints("request_object_signing_alg_values_supported", weak), 8);
        let alone = json!({"revocation_endpoint": "https://mtls.op.example/revoke"});
        assert_eq!(complaints("mtls_endpoint_aliases", alone), 17);
        let of_browsers = json!({"authorization_endpoint": "https://mtls.op.example/authorize"});
        assert_eq!(complaints("mtls_endpoint_aliases", of_browsers), 17);
    }
}
