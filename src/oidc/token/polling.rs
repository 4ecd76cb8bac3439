//! Answers a client that polls before its person has decided (RFC 8628 §3.5, CIBA §11).

use std::time::Duration;

use crate::app::App;
use crate::domain::polling::PollingInterval;
use crate::domain::secret::Digest;
use crate::oidc::{Error, Result};
use crate::storage::ephemeral::Kind;

/// The lifetime of an interval in the store, longer than any wait: a client that stayed away so long begins again.
const INTERVAL_KEPT: Duration = Duration::from_mins(20);

/// Returns `authorization_pending`, or `slow_down` to a client that asks too often.
pub async fn not_yet(app: &App, kind: Kind, asked_about: &Digest) -> Result<Error> {
    let (now, store) = (app.clock.now(), &app.ephemeral);
    let before = store.get(kind, asked_about.as_str()).await?;
    let (interval, in_time) = match before {
        None => (PollingInterval::begun(now), true),
        Some(before) => serde_json::from_slice::<PollingInterval>(&before)
            .map_err(Error::internal)?
            .polled(now),
    };
    let content = serde_json::to_vec(&interval).map_err(Error::internal)?;
    store
        .put(kind, asked_about.as_str(), &content, INTERVAL_KEPT)
        .await?;
    Ok(if in_time {
        Error::authorization_pending("The person has not decided yet")
    } else {
        Error::slow_down("The client asks too often; wait 5 seconds longer between requests")
    })
}
