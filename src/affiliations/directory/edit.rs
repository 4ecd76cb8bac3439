//! Changes one organization, as an administrator edits it: the same values under the same rules as a row of the file
//! (`csv`). The effect on the people is in `membership_change`.

use std::collections::HashMap;

use super::audit;
use super::csv::{Cells, LineError, settles_people};
use super::membership_change::{change, find_to_change};
use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::difference::{Difference, Effect, Member};
use crate::domain::event::Action;
use crate::domain::organization::Organization;
use crate::storage::{IsBusy, affiliations, membership_types, organizations};

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

/// What an edit would do.
#[derive(Clone, Debug)]
pub struct EditPreview {
    /// What differs; empty if nothing does.
    pub members: Vec<Member>,
    /// How many people belong to the organization, or ask to, if the change takes something from them: an affiliation, TIES
    /// rights, or what services give to the people of an active member.
    pub people: u64,
}

/// Judges an edit, by reading alone.
pub async fn preview(
    app: &App,
    context: &Context,
    seen: &Organization,
    edit: &Edit,
) -> Result<EditPreview, EditError> {
    authority::require_administrator(app, context).await?;
    authority::parse_reason(&edit.reason)?;
    let db = app.db.read();
    let types = membership_types::list(db).await?;
    let before = organizations::find(db, &seen.id).await?.ok_or(Error::NotFound)?;
    if before.version != seen.version || !before.status.is_accepted() {
        return Err(EditError::Changed);
    }
    let after = Cells::new(&edit.cells)
        .applied_to(&before, &types)
        .map_err(EditError::Value)?;
    let object = ("organization", after.id.as_str());
    let (was, is) = (audit::state(&before), audit::state(&after));
    let difference = Difference::between(object, Effect::Changed, &was, &is);
    let today = app.clock.now().date_naive();
    let is_over = |it: &Organization| it.valid_until.is_some_and(|until| until < today);
    let takes = settles_people(&before, &after, &types)
        || (before.is_active() && !after.is_active())
        || (before.is_active() && !is_over(&before) && is_over(&after));
    let people = if takes {
        affiliations::count_not_final(db, [&before.id]).await?
    } else {
        HashMap::new()
    };
    Ok(EditPreview {
        members: difference.map(|it| it.members).unwrap_or_default(),
        people: people.get(&before.id).copied().unwrap_or(0),
    })
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
