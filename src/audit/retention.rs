//! Removes entries at the end of their time (security.md LG-2). The beginning of the chain is removed, in the order of the
//! chain, and a checkpoint takes its place: the start of the chain has the position and the digest after which it goes on,
//! authenticated as its head is, and the log has them, too.

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use super::sealing::mac;
use crate::domain::Time;
use crate::domain::audit_trail::{End, Entry, Place, Seal};
use crate::domain::event::KEPT;
use crate::keys::Keyring;
use crate::storage::batches::{ROWS, until_done};
use crate::storage::{Database, event_seals};

/// Removes what is older than it may become, and returns how many entries. The job `sweep` calls it. An entry is sealed
/// before it is removed.
pub async fn sweep(
    db: &Database,
    keys: &Keyring,
    now: Time,
    stopping: &CancellationToken,
) -> Result<u64, DbErr> {
    let removed = until_done(stopping, || remove_batch(db, keys, now)).await?;
    if removed == 0 {
        return Ok(0);
    }
    if let Some((start, _)) = event_seals::find_end(db.read(), End::Start).await? {
        tracing::info!(
            audit_start = start.position,
            audit_start_digest = start.digest.as_str(),
            removed,
            "the audit trail begins later"
        );
    }
    Ok(removed)
}

async fn remove_batch(db: &Database, keys: &Keyring, now: Time) -> Result<u64, DbErr> {
    // Most runs find nothing to remove, and take no turn of the writer.
    let start = event_seals::find_end(db.read(), End::Start).await?;
    let position = start.map_or(0, |(place, _)| place.position);
    let oldest = event_seals::list_after(db.read(), position, 1).await?;
    if !oldest.iter().any(|it| is_over(it, now)) {
        return Ok(0);
    }
    db.write(async |tx| {
        let start = event_seals::find_end(tx, End::Start)
            .await?
            .map(|(place, _)| place);
        let after = start.as_ref().map_or(0, |it| it.position);
        let mut over = event_seals::list_after(tx, after, ROWS as u64).await?;
        let kept = over.iter().position(|it| !is_over(it, now));
        over.truncate(kept.unwrap_or(over.len()));
        let Some((last, _)) = over.last() else {
            return Ok(0);
        };
        let place = Place::from(last);
        let mac = mac(keys, End::Start, &place);
        if !event_seals::move_end(tx, End::Start, start.as_ref(), &place, mac).await? {
            return Ok(0);
        }
        let entries: Vec<i64> = over.iter().map(|(seal, _)| seal.entry).collect();
        event_seals::delete_until(tx, place.position, &entries).await?;
        Ok(over.len() as u64)
    })
    .await
}

/// Returns `true` if the entry is older than it may become; one that somebody has deleted has the time of its seal.
fn is_over((seal, entry): &(Seal, Option<Entry>), now: Time) -> bool {
    let at = entry.as_ref().map_or(seal.sealed_at, |it| it.at);
    at < now - KEPT
}
