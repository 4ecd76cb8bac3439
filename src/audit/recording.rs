//! Records an event in the transaction that caused it (security.md LG-1, ST-2).

use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::{Time, actor::Context, event::Event};
use crate::storage::events;

pub async fn record(
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    event: Event,
) -> Result<(), DbErr> {
    events::insert(tx, now, context, &event).await
}
