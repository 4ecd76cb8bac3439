//! Keeps a challenge to devices for as long as they may take, until one answers.

use std::time::Duration;

use crate::accounts::{Error, Result};
use crate::app::App;
use crate::domain::AccountId;
use crate::storage::ephemeral::Kind;
use crate::webauthn::{Ceremony, UserHandle};

/// The time that browsers wait for a device (Web Authentication §5.4, `timeout`).
const PATIENCE: Duration = Duration::from_secs(300);

/// Returns the user handle, which never changes, for devices that log in without an address. It reveals nothing to
/// them.
pub(super) fn handle(app: &App, account: &AccountId) -> UserHandle {
    let mac = app.keys.hmac("passkey user", account.as_str().as_bytes());
    std::array::from_fn(|at| mac[at])
}

/// Holds what devices are asked, until one answers.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Challenge {
    pub ceremony: Ceremony,
    /// The account whose devices may answer; `None` if any device may.
    pub account: Option<AccountId>,
}

pub(super) async fn store(app: &App, kind: Kind, key: &str, challenge: &Challenge) -> Result<()> {
    let value = serde_json::to_vec(challenge).map_err(Error::failed)?;
    let kept = app.ephemeral.put(kind, key, &value, PATIENCE).await;
    kept.map_err(Error::from)
}

pub(super) async fn find(app: &App, kind: Kind, key: &str) -> Result<Option<Challenge>> {
    let found = app.ephemeral.get(kind, key).await.map_err(Error::from)?;
    found
        .map(|it| serde_json::from_slice(&it).map_err(Error::failed))
        .transpose()
}

pub(super) async fn take(app: &App, kind: Kind, key: &str) -> Result<Option<Challenge>> {
    let found = app.ephemeral.take(kind, key).await.map_err(Error::from)?;
    found
        .map(|it| serde_json::from_slice(&it).map_err(Error::failed))
        .transpose()
}
