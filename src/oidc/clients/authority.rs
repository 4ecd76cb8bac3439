//! Says who administers clients: administrators whose office is open, and the operator. Every function of the room that
//! a person may reach asks it, whichever door they came through.

use super::ClientError;
use crate::accounts::second_factor::policy;
use crate::app::App;
use crate::domain::ClientId;
use crate::domain::actor::Context;

/// Refuses everybody else, as if there were no such client (security.md G-4). G-11: what cannot be decided is refused.
pub(super) async fn require_administrator(
    app: &App,
    context: &Context,
    id: &ClientId,
) -> Result<(), ClientError> {
    let is_closed = policy::closes_office(app, context).await.unwrap_or(true);
    if context.actor.is_administrator() && !is_closed {
        Ok(())
    } else {
        Err(ClientError::Unknown(id.clone()))
    }
}
