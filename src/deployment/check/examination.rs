//! Makes all examinations, side by side.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::finding::Finding;
use super::{certificates, database, files, issuer, keys, mail};
use crate::clock::Clock;
use crate::config::Config;

/// The time of an examination. Whatever waits inside of one waits for less.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns what there is to say of what the deployment stands on. `settings` is the file of the settings, `resolver` a DNS
/// server in place of the system's.
pub async fn examine(config: &Config, settings: &Path, resolver: Option<SocketAddr>) -> Vec<Finding> {
    let clock = Clock::System;
    let files = {
        let (config, settings) = (config.clone(), settings.to_owned());
        async move {
            let found = spawn_blocking(move || files::examine(&config, &settings)).await;
            found.unwrap_or_default()
        }
    };
    let certificates = {
        let (config, now) = (config.clone(), clock.now());
        async move {
            let found = spawn_blocking(move || certificates::examine(&config, now)).await;
            found.unwrap_or_default()
        }
    };
    let (issuer, certificates, mail, files, database, keys) = tokio::join!(
        within("the host of the issuer", issuer::examine(config, &clock)),
        within("the certificates in files", certificates),
        within(
            "the records of the sender's domain",
            mail::examine(config, resolver)
        ),
        within("files and directories", files),
        within("the database", database::examine(config, &clock)),
        within("the signing keys", keys::examine(config, &clock)),
    );
    [issuer, certificates, mail, files, database, keys].concat()
}

/// Ends an examination that takes too long, and says so.
async fn within(what: &str, examination: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    timeout(PATIENCE, examination).await.unwrap_or_else(|_| {
        vec![Finding::hint(
            format!(
                "not examined: {what} did not answer within {} s",
                PATIENCE.as_secs()
            ),
            "Look at the network and the machine, and check again",
        )]
    })
}
