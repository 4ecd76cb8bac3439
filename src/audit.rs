//! Records an event in the transaction that caused it (security.md LG-1, ST-2), and removes records at the end of their
//! time (LG-2).

use sea_orm::{ConnectionTrait, DbErr};
use tokio_util::sync::CancellationToken;

use crate::domain::event::{self, Event};
use crate::domain::{Time, actor::Context};
use crate::storage::batches::until_done;
use crate::storage::{Database, events};

pub async fn record(
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    event: Event,
) -> Result<(), DbErr> {
    events::insert(tx, now, context, &event).await
}

/// Deletes the records that are older than they may become, and returns how many. The job `sweep` calls it.
pub async fn sweep(db: &Database, now: Time, stopping: &CancellationToken) -> Result<u64, DbErr> {
    until_done(stopping, || events::delete_made_before(db, now - event::KEPT)).await
}
