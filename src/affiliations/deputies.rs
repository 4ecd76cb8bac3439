//! Deputies of Focal Points: a person of the same organization who, from one day until another, decides about its requests and
//! TIES rights (security.md AF-8). Focal Points and administrators name them; the end comes by the clock, earlier by those or
//! by the deputy, or with the affiliation.

use super::Error;
use super::focal_points::{Whom, find_colleague};
use super::lifecycle::{authority, transitions};
use super::notifications::offices;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::affiliation::Affiliation;
use crate::domain::message::FieldErrors;
use crate::domain::office::{Deputy, Term};
use crate::domain::organization::Organization;
use crate::domain::{AccountId, OrganizationId};
use crate::storage::batches::{ROWS, pause};
use crate::storage::{Reads, affiliations, deputies, focal_points, organizations};

/// Names a deputy.
pub async fn name(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    whom: &Whom<'_>,
    term: Term,
) -> Result<(), Error> {
    app.write(context, async |tx| {
        // One waits for the other: a person becomes deputy or Focal Point, not both.
        let organization = organizations::find_to_change(tx, organization)
            .await?
            .ok_or(Error::NotFound)?;
        authority::require_focal_point(tx, &organization.id).await?;
        authority::require_recent_login(context, tx.now())?;
        let (affiliation, _) = find_candidate(tx, context, &organization, whom).await?;
        let deputy = Deputy {
            affiliation: affiliation.id.clone(),
            account: affiliation.account.clone(),
            organization: organization.id.clone(),
            term,
            named_at: tx.now(),
            named_by: context.actor.account().cloned(),
        };
        deputies::insert(tx, &deputy).await?;
        tx.record(transitions::deputy_named(&deputy)).await?;
        offices::deputy_named(tx, &deputy, &organization).await
    })
    .await
}

/// Returns whom `name` would make a deputy, or its refusal, and changes nothing.
pub async fn candidate(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    whom: &Whom<'_>,
) -> Result<Account, Error> {
    let organization = authority::find_to_change_offices(app, context, organization).await?;
    authority::require_recent_login(context, app.clock.now())?;
    let (_, person) = find_candidate(app.db.read(), context, &organization, whom).await?;
    Ok(person)
}

async fn find_candidate(
    db: &impl Reads,
    context: &Context,
    organization: &Organization,
    whom: &Whom<'_>,
) -> Result<(Affiliation, Account), Error> {
    let refused = |key| Err(Error::Invalid(FieldErrors::from([("email", key)])));
    let (affiliation, person) = find_colleague(db, context, organization, (whom, "email")).await?;
    if focal_points::find_of_account(db, &person.id).await?.is_some() {
        return refused("error.office.focal_point");
    }
    if deputies::find(db, &affiliation.id).await?.is_some() {
        return refused("error.office.deputy");
    }
    Ok((affiliation, person))
}

/// Ends a term before its time: a Focal Point, an administrator, or the deputy.
pub async fn end(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<(), Error> {
    app.write(context, async |tx| {
        let found = deputies::find_of_account(tx, account).await?;
        let found = found.filter(|it| it.organization == *organization);
        if context.actor.account() != Some(account) {
            authority::require_focal_point(tx, organization).await?;
            authority::require_recent_login(context, tx.now())?;
        }
        let deputy = found.ok_or(Error::NotFound)?;
        let organization = organizations::find(tx, organization)
            .await?
            .ok_or(Error::NotFound)?;
        let affiliation = affiliations::find(tx, &deputy.affiliation).await?;
        let affiliation = affiliation.ok_or(Error::NotFound)?;
        if !transitions::end_deputy(tx, &deputy, &affiliation, &organization).await? {
            return Err(Error::Conflict);
        }
        Ok(())
    })
    .await
}

/// Ends every term that is over, each in a transaction of its own, and returns how many. The job `deputies` calls this. What
/// the term allowed has ended with its last day, whether this has come or not.
pub async fn end_overdue(app: &App) -> Result<usize, Error> {
    let mut ended = 0;
    let over = deputies::list_over(app.db.read(), app.clock.now(), ROWS as u64).await?;
    for deputy in over {
        if app.stopping.is_cancelled() {
            break;
        }
        let begun = std::time::Instant::now();
        let done = app
            .write(&Context::system(), async |tx| {
                let Some(affiliation) = affiliations::find(tx, &deputy.affiliation).await? else {
                    return Ok(false);
                };
                let Some(organization) = organizations::find(tx, &deputy.organization).await? else {
                    return Ok(false);
                };
                transitions::end_deputy(tx, &deputy, &affiliation, &organization).await
            })
            .await;
        match done {
            Ok(done) => ended += usize::from(done),
            Err(error) => {
                error.log_unless_busy(&deputy.organization, "the term of a deputy cannot be ended")?
            }
        }
        pause(begun).await;
    }
    Ok(ended)
}
