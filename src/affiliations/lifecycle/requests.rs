//! Takes what a person asks for: to belong to an organization, to another one, or to none (product.md; security.md AF-1,
//! AF-5). Answers are given in `decisions`, what a person ends is in `withdrawal`.

use chrono::Duration;

use super::{transitions, withdrawal};
use crate::accounts::verification::{self, Completed, Proof};
use crate::affiliations::directory::{membership_types, proposals};
use crate::affiliations::notifications::deciders;
use crate::affiliations::{Error, ties};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, Stage};
use crate::domain::organization::{MembershipType, Organization};
use crate::domain::signup::{Choice, OrganizationChoice};
use crate::domain::{AccountId, AffiliationId, OrganizationId};
use crate::random;
use crate::storage::{affiliations, organizations};

/// Limits how often a person may ask in a day (security.md AF-5).
const A_DAY: u64 = 3;

/// A completed sign-up with its affiliation. There is none if the organization has left the directory meanwhile: the
/// person chooses again on the account page.
#[derive(Debug)]
pub struct Joined {
    pub completed: Completed,
    pub affiliation: Option<(Affiliation, Organization)>,
}

/// Completes a sign-up: the account, its session and the request, all or nothing.
pub async fn complete_signup(app: &App, context: &Context, proof: &Proof) -> Result<Joined, SignupError> {
    app.write(&proof.acting(context), async |tx| {
        let completed = verification::complete(tx, proof).await?;
        let affiliation = match submit(tx, &completed.account.id, &completed.choice).await {
            Ok(submitted) => Some(submitted),
            Err(Error::Refused(_)) => None,
            Err(error) => return Err(SignupError::Affiliation(error)),
        };
        Ok(Joined {
            completed,
            affiliation,
        })
    })
    .await
}

/// Asks to belong to another organization, from the account page.
pub async fn change(
    app: &App,
    context: &Context,
    choice: &Choice,
) -> Result<(Affiliation, Organization), Error> {
    let account = context.actor.account().ok_or(Error::NotFound)?;
    app.write(context, async |tx| submit(tx, account, choice).await)
        .await
}

/// Acts on a choice: a member's Focal Points are asked, everything else is taken at its word. Refuses before it writes
/// anything.
async fn submit(tx: &Tx, account: &AccountId, choice: &Choice) -> Result<(Affiliation, Organization), Error> {
    if affiliations::find_open(tx, account).await?.is_some() {
        return Err(Error::OpenRequest);
    }
    if affiliations::count_asked_since(tx, account, tx.now() - Duration::days(1)).await? >= A_DAY {
        return Err(Error::TooManyRequests);
    }
    let (organization, its_type) = match &choice.organization {
        OrganizationChoice::Listed(id) => find_listed(tx, id).await?,
        OrganizationChoice::Typed(typed) => {
            let proposed = proposals::propose(tx, account, typed).await?;
            let its_type = membership_types::of(tx, &proposed).await?;
            (proposed, its_type)
        }
    };
    let in_force = affiliations::find_in_force(tx, account).await?;
    if in_force
        .as_ref()
        .is_some_and(|it| it.organization == organization.id)
    {
        return Err(Error::InForce);
    }
    let asks = organization.is_member(&its_type);
    let affiliation = Affiliation {
        id: AffiliationId::new(random::id()),
        account: account.clone(),
        organization: organization.id.clone(),
        requested_at: tx.now(),
        asked_by_person: true,
        stage: if asks { Stage::Pending } else { Stage::SelfDeclared },
    };
    if asks {
        transitions::start(tx, &affiliation, &organization).await?;
        if choice.request_ties && its_type.ties_entitled {
            ties::request_all(tx, &affiliation).await?;
        }
        deciders::announce(tx, &affiliation, &organization, choice.request_ties).await?;
    } else {
        // The affiliation is in force at once, in the place of what was (AF-7).
        if let Some(old) = in_force {
            withdrawal::withdraw_for(tx, old).await?;
        }
        transitions::start(tx, &affiliation, &organization).await?;
    }
    Ok((affiliation, organization))
}

async fn find_listed(tx: &Tx, id: &OrganizationId) -> Result<(Organization, MembershipType), Error> {
    const GONE: Error = Error::Refused("the organization is not in the directory");
    let id = organizations::resolve(tx, id).await?.ok_or(GONE)?.id;
    // The row is read to be changed: the announcement writes to it, and two that only rely on it would wait for each
    // other.
    let organization = organizations::find_to_change(tx, &id)
        .await?
        .filter(Organization::is_active)
        .ok_or(GONE)?;
    let its_type = membership_types::of(tx, &organization).await?;
    Ok((organization, its_type))
}

/// Says which of the two rooms that end a sign-up refused it.
#[derive(Debug, thiserror::Error)]
pub enum SignupError {
    #[error(transparent)]
    Account(#[from] crate::accounts::Error),
    #[error(transparent)]
    Affiliation(#[from] Error),
}

impl From<sea_orm::DbErr> for SignupError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Affiliation(error.into())
    }
}

impl crate::storage::IsBusy for SignupError {
    fn is_busy(&self) -> bool {
        match self {
            Self::Account(error) => error.is_busy(),
            Self::Affiliation(error) => error.is_busy(),
        }
    }
}
