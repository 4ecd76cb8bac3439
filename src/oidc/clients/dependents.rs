//! Says what depends on a client, for an administrator who is about to disable or delete it.

use super::ClientError;
use super::authority::require_reader;
use crate::app::App;
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::storage;

pub use crate::storage::client_dependents::Dependents;

/// Counts people, sessions and refresh tokens of the client, as of now.
pub async fn dependents(app: &App, context: &Context, id: &ClientId) -> Result<Dependents, ClientError> {
    require_reader(app, context, id).await?;
    Ok(storage::client_dependents::count(app.db.read(), id, app.clock.now()).await?)
}
