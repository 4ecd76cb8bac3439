//! Changes many rows in small transactions that let others pass. Each holds the database for some milliseconds, and the
//! others have twice as long afterwards. Between two of them the process may end.

use std::future::Future;
use std::time::{Duration, Instant};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, TryGetable, Value,
};
use tokio_util::sync::CancellationToken;

/// The largest number of rows in one transaction.
pub const ROWS: usize = 100;

const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// Repeats `batch` until it finds fewer rows than it may take, or the process is asked to end. Returns the number of
/// rows.
pub async fn until_done<E, F>(stopping: &CancellationToken, batch: impl Fn() -> F) -> Result<u64, E>
where
    F: Future<Output = Result<u64, E>>,
{
    let mut done = 0;
    while !stopping.is_cancelled() {
        let begun = Instant::now();
        let rows = batch().await?;
        done += rows;
        if rows < ROWS as u64 {
            break;
        }
        pause(begun).await;
    }
    Ok(done)
}

/// Leaves the database to others for twice as long as it was held since `begun`.
pub async fn pause(begun: Instant) {
    tokio::time::sleep((begun.elapsed() * 2).max(SHORTEST_PAUSE)).await;
}

/// Deletes at most a batch of the rows that are `over`, and returns how many it found. If there are none, nothing is
/// written. Another node may have deleted some of them first: a batch that found as many as it may take is not the last.
pub(super) async fn delete<E, K>(
    db: &impl ConnectionTrait,
    key: E::Column,
    over: Condition,
) -> Result<u64, DbErr>
where
    E: EntityTrait,
    K: TryGetable + Into<Value> + Send,
{
    let keys: Vec<K> = E::find()
        .select_only()
        .column(key)
        .filter(over.clone())
        .limit(ROWS as u64)
        .into_tuple()
        .all(db)
        .await?;
    if keys.is_empty() {
        return Ok(0);
    }
    let found = keys.len() as u64;
    // The condition is repeated, so that a row that changed meanwhile stays.
    E::delete_many()
        .filter(key.is_in(keys))
        .filter(over)
        .exec(db)
        .await?;
    Ok(found)
}
