//! Shows that `load` counts what was right, and that what was wrong is a failure and not a quick success.

use super::mock::{Fault, Mock};
use super::{settings, site};
use crate::load::operations::{Operation, Workload};
use crate::load::settings::{Scope, Settings};
use crate::load::{Plan, measure};
use std::time::Duration;

async fn numbers(fault: Fault, workload: Workload, operation: Operation) -> anyhow::Result<(usize, usize)> {
    numbers_at(fault, workload, operation, Duration::from_millis(50)).await
}

async fn numbers_at(
    fault: Fault,
    workload: Workload,
    operation: Operation,
    interval: Duration,
) -> anyhow::Result<(usize, usize)> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (_site, address) = site().await;
    let config = settings(address);
    let issuer = Mock::start(fault, &config).await;
    let (client, user) = (config.client.expect("a client"), config.user.expect("a user"));
    let scope = |it: &str| Scope {
        scope: Some(it.to_owned()),
    };
    let settings = Settings {
        name: "mock".to_owned(),
        issuer,
        client_id: client.client_id,
        client_secret: client.client_secret,
        redirect_uri: client.redirect_uri,
        scope: "openid".to_owned(),
        user_email: user.login,
        user_password: user.password,
        user_count: 1,
        client_credentials: Scope::default(),
        refresh: scope("openid offline_access"),
    };
    let plan = Plan {
        workload,
        workers: 2,
        warm_up: Duration::ZERO,
        measured: Duration::from_secs(1),
        interval: Some(interval),
        trust_any: false,
        record: None,
    };
    Ok(measure(settings, plan).await?.number(operation))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_right_is_counted() {
    for (workload, operation) in [
        (Workload::Discovery, Operation::Discovery),
        (Workload::Jwks, Operation::Jwks),
        (Workload::Userinfo, Operation::Userinfo),
        (Workload::SingleSignOn, Operation::SingleSignOn),
        (Workload::Login, Operation::Login),
        (Workload::Refresh, Operation::Refresh),
    ] {
        let (succeeded, failed) = numbers(Fault::None, workload, operation).await.expect("it runs");
        assert!(
            succeeded > 0 && failed == 0,
            "{operation:?}: {succeeded} {failed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_keep_up_fails() {
    let rate = Duration::from_micros(10);
    let (succeeded, failed) = numbers_at(Fault::None, Workload::Jwks, Operation::Jwks, rate)
        .await
        .expect("it runs");
    assert!(succeeded > 0 && failed > 0, "{succeeded} {failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_a_failure() {
    for (fault, workload, operation) in [
        (Fault::OtherSubAtUserinfo, Workload::Userinfo, Operation::Userinfo),
        (Fault::AlwaysAsks, Workload::SingleSignOn, Operation::SingleSignOn),
    ] {
        let (succeeded, failed) = numbers(fault, workload, operation).await.expect("it runs");
        assert!(succeeded == 0 && failed > 0, "{fault:?}: {succeeded} {failed}");
    }
    for fault in [Fault::LosesState, Fault::ForgetsNonce] {
        let prepared = numbers(fault, Workload::SingleSignOn, Operation::SingleSignOn).await;
        assert!(prepared.is_err(), "{fault:?}");
    }
}
