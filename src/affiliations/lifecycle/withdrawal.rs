//! Ends an affiliation or a request in the name of its person: at once, and without anybody's consent (security.md
//! AF-7). What others end is in `decisions`.

use super::{authority, transitions};
use crate::affiliations::Error;
use crate::app::{App, Tx};
use crate::domain::AffiliationId;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, Capacity};
use crate::storage::{affiliations, organizations};

/// Ends the actor's own affiliation or request.
pub async fn withdraw(app: &App, context: &Context, id: &AffiliationId) -> Result<(), Error> {
    let account = context.actor.account().ok_or(Error::NotFound)?;
    app.write(context, async |tx| {
        let found = affiliations::find(tx, id).await?;
        let own = found.filter(|it| it.account == *account).ok_or(Error::NotFound)?;
        withdraw_for(tx, own).await
    })
    .await
}

/// Withdraws in the person's name: they said so, or their request for another organization did.
pub(super) async fn withdraw_for(tx: &Tx, before: Affiliation) -> Result<(), Error> {
    let organization = organizations::find(tx, &before.organization)
        .await?
        .ok_or(Error::NotFound)?;
    let mut end = authority::decision_by_actor(tx, Capacity::Themselves, None);
    end.by = Some(before.account.clone());
    let after = before.clone().withdraw(end)?;
    transitions::transition(tx, &before, &after, &organization).await
}
