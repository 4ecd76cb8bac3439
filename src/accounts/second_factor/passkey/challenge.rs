//! Keeps a challenge to devices for as long as they may take, until one answers: in the store, or in the page itself. A page
//! that merely offers passkeys in a field is opened far more often than it is answered, so it takes its challenge along,
//! sealed for its browser, and nothing is stored before an answer comes.

use std::time::Duration;

use crate::accounts::{Error, Result};
use crate::app::App;
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Time};
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

/// A challenge that a page holds.
#[derive(serde::Serialize, serde::Deserialize)]
struct Sealed {
    challenge: Challenge,
    issued_at: Time,
}

/// Returns the purpose of the seal: what was sealed for one browser opens for no other.
fn purpose(browser: &str) -> String {
    format!("passkey challenge {browser}")
}

/// Seals a challenge for the page that this browser shows.
pub(super) fn seal(app: &App, challenge: Challenge, browser: &str) -> Result<String> {
    let sealed = Sealed {
        challenge,
        issued_at: app.clock.now(),
    };
    let text = serde_json::to_vec(&sealed).map_err(Error::failed)?;
    app.keys.seal(&purpose(browser), &text).map_err(Error::failed)
}

/// Opens a challenge that a page held. Returns `None` if it is another browser's, is too old, or was opened before: of any
/// number of parallel answers, one gets it (security.md G-8). ST-1: one that was made before the store began is refused,
/// as the store no longer knows what was opened.
pub(super) async fn open_once(app: &App, sealed: &str, browser: &str) -> Result<Option<Challenge>> {
    let Some(text) = app.keys.open(&purpose(browser), sealed) else {
        return Ok(None);
    };
    let held: Sealed = serde_json::from_slice(&text).map_err(Error::failed)?;
    let age = (app.clock.now() - held.issued_at).to_std().unwrap_or_default();
    if age >= PATIENCE || held.issued_at < app.ephemeral.started_at().await? {
        return Ok(None);
    }
    let opened = format!("opened:{}", Digest::of(sealed.as_bytes()).as_str());
    let is_first = app
        .ephemeral
        .put_new(Kind::PasskeyChallenge, &opened, &[], PATIENCE)
        .await?;
    Ok(is_first.then_some(held.challenge))
}
