//! Writes the words by which administrators find accounts, for accounts that have none of this release: they were there before
//! it, or a node of the release before made them meanwhile. All others get theirs with each change.

use super::Result;
use crate::app::App;
use crate::storage::account_words;
use crate::storage::batches::until_done;

/// Returns how many accounts got words.
pub async fn write_missing(app: &App) -> Result<u64> {
    Ok(until_done(&app.stopping, || account_words::fold(&app.db)).await?)
}
