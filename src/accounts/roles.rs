//! Gives an account a role, and takes it back: for administrators on its page, and for the operator (security.md AD-1). Nobody
//! changes the own role, and one administrator always remains. The first one is made by `administrators`.

use super::{Error, Result, person, sessions, staff};
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::role::Role;
use crate::storage::accounts;
use crate::templates::mails::{AccountAdministered, Administered};

/// Changes the role of an account. `Conflict`: it has that role, or is suspended. Needs a recent login (SE-4).
pub async fn give(app: &App, context: &Context, id: &AccountId, role: Role) -> Result<()> {
    let account = person::find(app, context, id).await?;
    staff::require_administrator(app, context, &account).await?;
    staff::require_recent(context, app.clock.now())?;
    app.write(context, async |tx| {
        let account = staff::hold(tx, id).await?;
        let from = account.role;
        if from == role || (role != Role::User && !account.is_active()) {
            return Err(Error::Conflict);
        }
        if staff::is_last_administrator(tx, &account).await? {
            return Err(Error::LastAdministrator);
        }
        if !accounts::update_role(tx, id, from, role).await? {
            return Err(Error::Conflict); // G-9
        }
        let event = Event::new(Action::RoleChanged, format!("account:{}", account.id))
            .change(from.as_str(), role.as_str());
        tx.record(event).await?;
        // A change of rights asks for a new login (SE-2).
        sessions::end_all_but(tx, id, None, "role").await?;
        let message = AccountAdministered {
            name: account.profile.full_name(),
            at: tx.now(),
            act: Administered::Role(role),
            reason: None,
            ticket: None,
        };
        Ok(tx.mail(&account, &message).await?)
    })
    .await
}
