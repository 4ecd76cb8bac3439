//! Verification (SSF 1.0 §8.1.4): a receiver finds out whether the way to it works.

use serde::Deserialize;

use super::VERIFICATION_INTERVAL as INTERVAL;
use super::error::StreamError;
use super::streams::find;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::signal::{Initiator, Signal};
use crate::storage::event_receivers;

const LONGEST_STATE: usize = 1024;

#[derive(Debug, Deserialize)]
struct Body {
    stream_id: String,
    state: Option<String>,
}

pub async fn request(app: &App, context: &Context, client: &Client, body: &[u8]) -> Result<(), StreamError> {
    let body: Body = serde_json::from_slice(body).map_err(|it| StreamError::invalid(it.to_string()))?;
    if body.state.as_ref().is_some_and(|it| it.len() > LONGEST_STATE) {
        return Err(StreamError::invalid("state is too long"));
    }
    app.write(context, async |tx| {
        let receiver = find(tx, client, &body.stream_id).await?;
        let before = tx.now() - INTERVAL;
        if !event_receivers::note_verification(tx, &receiver.id, before, tx.now()).await? {
            let since = receiver.progress.verification_at.unwrap_or(before);
            let wait = (since + INTERVAL - tx.now()).num_seconds().max(1);
            return Err(StreamError::TooSoon(u64::try_from(wait).unwrap_or(1)));
        }
        let signal = Signal::Verification {
            state: body.state.clone(),
        };
        Ok(tx.signals().send_to(&receiver, Initiator::User, signal).await?)
    })
    .await
}
