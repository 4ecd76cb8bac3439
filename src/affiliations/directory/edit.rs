//! Changes one organization, as an administrator edits it: the same values under the same rules as a row of the file
//! (`csv`). The effect on the people is in `membership_change`.

use super::csv::{Cells, LineError};
use super::membership_change::{change, find_to_change};
use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::event::Action;
use crate::domain::organization::Organization;
use crate::storage::{IsBusy, membership_types, organizations};

/// What is to change.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The values by the names of the file's columns; an empty one clears.
    pub cells: Vec<(&'static str, String)>,
    pub reason: String,
}

#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// A value is refused: the column and the reason.
    #[error("{0}")]
    Value(LineError),
    /// Somebody changed it since it was read (security.md G-9).
    #[error("the organization was changed meanwhile")]
    Changed,
    #[error(transparent)]
    Room(#[from] Error),
}

impl From<sea_orm::DbErr> for EditError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Room(error.into())
    }
}

impl IsBusy for EditError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Room(error) if error.is_busy())
    }
}

/// Changes an accepted organization, if it still is as the administrator has seen it, and returns it as it is then.
pub async fn edit(
    app: &App,
    context: &Context,
    seen: &Organization,
    edit: &Edit,
) -> Result<Organization, EditError> {
    authority::require_administrator(app, context).await?;
    let reason = authority::parse_reason(&edit.reason)?;
    let types = membership_types::list(app.db.read()).await?;
    let cells = Cells::new(&edit.cells);
    app.write(context, async |tx| {
        let before = find_to_change(tx, &seen.id).await?;
        if before.version != seen.version || !before.status.is_accepted() {
            return Err(EditError::Changed);
        }
        let after = cells.applied_to(&before, &types).map_err(EditError::Value)?;
        change(tx, &before, after, Action::OrganizationChanged, reason.clone()).await?;
        let found = organizations::find(tx, &before.id).await?;
        Ok(found.ok_or(Error::NotFound)?)
    })
    .await
}
