//! Verifies TLS, and sends a token request without what its tokens are to be bound to. CIBA uses the same checks of
//! TLS.

use super::error_codes;
use crate::fapi::{self, Auth, Constraint, Expect, Row};
use crate::report::Step;
use crate::run::Run;
use crate::tls;
use anyhow::Context;
use std::collections::BTreeSet;
use url::Url;

const TLS: &str = "TLS (FAPI 2.0 Security Profile §5.2.1, §5.2.2)";

pub async fn holder_of_key(run: &mut Run) -> Step {
    let fapi = *run.variant.fapi.context("not a variant of FAPI")?;
    let names: &[&str] = if fapi.client_credentials {
        &["token_endpoint", "registration_endpoint"]
    } else {
        &[
            "authorization_endpoint",
            "userinfo_endpoint",
            "token_endpoint",
            "registration_endpoint",
        ]
    };
    let endpoints: Vec<String> = names
        .iter()
        .filter_map(|it| fapi::endpoint(&run.provider, &fapi, it))
        .collect();
    let endpoints: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    verify_tls(run, &endpoints).await?;
    let expect = match (fapi.auth, fapi.constraint) {
        (_, Constraint::Dpop) => Expect::token(error_codes::SENDER_CONSTRAINT),
        (Auth::Mtls, Constraint::Mtls) => Expect::token(error_codes::CLIENT_OR_REQUEST).or_tls(),
        (Auth::PrivateKeyJwt, Constraint::Mtls) => {
            Expect::token(&["invalid_client", "invalid_grant", "invalid_request"]).or_tls()
        }
    };
    let row = Row {
        change: |flow| match flow.fapi.constraint {
            Constraint::Dpop => flow.token.proves = false,
            Constraint::Mtls => flow.token.presents_certificate = false,
        },
        expect,
    };
    row.carry_out(run).await
}

/// Offers each server of these addresses what it must refuse, and what it should prefer.
pub async fn verify_tls(run: &mut Run, addresses: &[&str]) -> Step {
    let servers: BTreeSet<(String, u16)> = addresses
        .iter()
        .filter_map(|it| Url::parse(it).ok())
        .filter(|it| it.scheme() == "https")
        .filter_map(|it| Some((it.host_str()?.to_owned(), it.port_or_known_default()?)))
        .collect();
    for (host, port) in servers {
        let place = format!("{host}:{port}");
        for version in [tls::Version::Tls10, tls::Version::Tls11] {
            let answer = tls::offer(&host, port, version, &tls::every_suite()).await?;
            run.report.require(answer.is_refusal(), TLS, || {
                format!("{place} at {version:?}: {answer:?}")
            });
        }
        let weak = tls::offer(&host, port, tls::Version::Tls12, &tls::suites_not_permitted()).await?;
        run.report.require(weak.is_refusal(), TLS, || {
            format!("{place} takes a suite of TLS 1.2 that is not permitted: {weak:?}")
        });
        let both = tls::offer(&host, port, tls::Version::Tls13, &tls::every_suite()).await?;
        run.report
            .advise(both == tls::Answer::Agreed(tls::Version::Tls13), TLS, || {
                format!("{place} does not prefer TLS 1.3: {both:?}")
            });
    }
    Ok(())
}
