//! Seals what was committed since the last time into the chain (security.md LG-5). Whoever writes an entry knows nothing
//! of it and waits for nobody: the order of the chain is made here, by one job at a time among all nodes.
//!
//! An entry is read once it is committed, the lowest id first. An entry that was written by somebody who could see another
//! one has the higher id and is committed later, so it is never sealed before that one.

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::domain::Time;
use crate::domain::audit_trail::{End, Place, Seal};
use crate::keys::Keyring;
use crate::random;
use crate::storage::batches::{ROWS, until_done};
use crate::storage::{Database, event_seals};

/// Returns what authenticates an end of the chain. The key derives from the master key, which the database does not have:
/// whoever can write the database alone cannot move an end.
pub(super) fn mac(keys: &Keyring, end: End, place: &Place) -> String {
    let mac = keys.hmac("audit chain", place.authenticated(end).as_bytes());
    base16ct::lower::encode_string(&mac)
}

/// Seals in small transactions, and writes the new head to the log: a line that whoever changes the database later cannot
/// take back.
pub async fn seal(
    db: &Database,
    keys: &Keyring,
    now: Time,
    stopping: &CancellationToken,
) -> Result<(), DbErr> {
    let sealed = until_done(stopping, || seal_batch(db, keys, now)).await?;
    if sealed == 0 {
        return Ok(());
    }
    if let Some((head, _)) = event_seals::find_end(db.read(), End::Head).await? {
        tracing::info!(
            audit_position = head.position,
            audit_head = head.digest.as_str(),
            sealed,
            "the audit trail is sealed"
        );
    }
    Ok(())
}

async fn seal_batch(db: &Database, keys: &Keyring, now: Time) -> Result<u64, DbErr> {
    // An idle trail takes no turn of the writer.
    if event_seals::list_unsealed(db.read(), 0, 1).await?.is_empty() {
        return Ok(0);
    }
    db.write(async |tx| {
        let head = event_seals::find_end(tx, End::Head)
            .await?
            .map(|(place, _)| place);
        let entries = event_seals::list_unsealed_locked(tx, ROWS as u64).await?;
        let mut place = head.clone().unwrap_or_else(Place::origin);
        let mut seals = Vec::with_capacity(entries.len());
        for entry in &entries {
            let seal = Seal::new(entry, place.position + 1, now, &place.digest, random::id);
            place = Place::from(&seal);
            seals.push(seal);
        }
        if seals.is_empty() {
            return Ok(0);
        }
        // Of several nodes one moves the head; the others have written nothing and come again.
        let mac = mac(keys, End::Head, &place);
        if !event_seals::move_end(tx, End::Head, head.as_ref(), &place, mac).await? {
            return Ok(0);
        }
        event_seals::insert(tx, &seals).await?;
        Ok(seals.len() as u64)
    })
    .await
}
