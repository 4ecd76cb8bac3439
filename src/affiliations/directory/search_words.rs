//! Writes the words by which organizations are found, for those whose words are of the fold of another release. Until then they
//! are found by these.

use crate::affiliations::Error;
use crate::app::App;
use crate::storage::batches::until_done;
use crate::storage::organizations;

/// Returns how many organizations got words.
pub async fn write_missing(app: &App) -> Result<u64, Error> {
    let batch = || app.db.write(async |tx| organizations::refold(tx).await);
    Ok(until_done(&app.stopping, batch).await?)
}
