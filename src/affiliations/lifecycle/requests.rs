//! What a person asks for: to belong to an organization, to belong to another one, to belong to none
//! (product.md; security.md AF-1, AF-5, AF-7). Answers are given in `decisions`.

use chrono::Duration;
use sea_orm::ConnectionTrait;

use crate::accounts::verification::{self, Completed, Proof};
use crate::affiliations::directory::proposals as directory;
use crate::affiliations::lifecycle::authority;
use crate::affiliations::lifecycle::transitions::Act;
use crate::affiliations::notifications::digests;
use crate::affiliations::{Error, ties as rights};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, Capacity, Stage};
use crate::domain::organization::{MembershipType, Organization};
use crate::domain::signup::{Choice, OrganizationChoice};
use crate::domain::{AccountId, AffiliationId};
use crate::random;
use crate::storage::{affiliations, membership_types, organizations};

/// How often a person may ask in a day (security.md AF-5).
const A_DAY: u64 = 3;

/// A completed sign-up, with what became of the choice: `None` when the organization has left the
/// directory meanwhile; the person chooses again on the account page.
#[derive(Debug)]
pub struct Joined {
    pub completed: Completed,
    pub affiliation: Option<(Affiliation, Organization)>,
}

/// The last step of the sign-up: the account, its session and the request, all or nothing.
pub async fn complete_signup(app: &App, context: &Context, proof: &Proof) -> Result<Joined, SignupError> {
    app.write(&proof.acting(context), async |tx| {
        let completed = verification::complete(tx, proof).await?;
        let affiliation = match submit(app, tx, tx.context(), &completed.account.id, &completed.choice).await
        {
            Ok(it) => Some(it),
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
    app.db
        .write(async |tx| submit(app, tx, context, account, choice).await)
        .await
}

/// Acts on a choice: a member's Focal Points are asked, everything else is taken at its word. Refuses
/// before it writes anything.
pub async fn submit(
    app: &App,
    tx: &impl ConnectionTrait,
    context: &Context,
    account: &AccountId,
    choice: &Choice,
) -> Result<(Affiliation, Organization), Error> {
    let act = Act::new(app, tx, context);
    if affiliations::find_open(tx, account).await?.is_some() {
        return Err(Error::OpenRequest);
    }
    if affiliations::count_asked_since(tx, account, act.now - Duration::days(1)).await? >= A_DAY {
        return Err(Error::TooManyRequests);
    }
    let (organization, its_type) = match &choice.organization {
        OrganizationChoice::Listed(id) => listed(tx, id).await?,
        OrganizationChoice::Typed(typed) => {
            let proposed = directory::propose(&act, account, typed).await?;
            let its_type = type_of(tx, &proposed).await?;
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
        requested_at: act.now,
        asked_by_person: true,
        stage: if asks { Stage::Pending } else { Stage::SelfDeclared },
    };
    if asks {
        act.begin(&affiliation, &organization).await?;
        if choice.request_ties && its_type.ties_entitled {
            rights::begin_all(&act, &affiliation).await?;
        }
        digests::announce(&act, &affiliation, &organization, choice.request_ties).await?;
    } else {
        // In force at once, in the place of what was (AF-7).
        if let Some(old) = in_force {
            give_up(&act, old).await?;
        }
        act.begin(&affiliation, &organization).await?;
    }
    Ok((affiliation, organization))
}

/// The person ends the own affiliation or request, which is immediate (AF-7).
pub async fn withdraw(app: &App, context: &Context, id: &AffiliationId) -> Result<(), Error> {
    let account = context.actor.account().ok_or(Error::NotFound)?;
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let found = affiliations::find(tx, id).await?;
            let own = found.filter(|it| it.account == *account).ok_or(Error::NotFound)?;
            give_up(&act, own).await
        })
        .await
}

/// Withdraws in the person's name: they said so, or their request for another organization did.
pub(in crate::affiliations) async fn give_up<C: ConnectionTrait>(
    act: &Act<'_, C>,
    before: Affiliation,
) -> Result<(), Error> {
    let organization = organizations::find(act.tx, &before.organization)
        .await?
        .ok_or(Error::NotFound)?;
    let mut end = authority::decision(act.context, act.now, Capacity::Themselves, None);
    end.by = Some(before.account.clone());
    let after = before.clone().withdraw(end)?;
    act.moved(&before, &after, &organization).await
}

async fn listed(
    tx: &impl ConnectionTrait,
    id: &crate::domain::OrganizationId,
) -> Result<(Organization, MembershipType), Error> {
    const GONE: Error = Error::Refused("the organization is not in the directory");
    let id = organizations::resolve(tx, id).await?.ok_or(GONE)?.id;
    // To change: the announcement writes to it, and two that only rely on it would wait for each other.
    let organization = organizations::find_to_change(tx, &id)
        .await?
        .filter(Organization::is_active)
        .ok_or(GONE)?;
    let its_type = type_of(tx, &organization).await?;
    Ok((organization, its_type))
}

pub(in crate::affiliations) async fn type_of(
    tx: &impl ConnectionTrait,
    organization: &Organization,
) -> Result<MembershipType, Error> {
    let found = membership_types::find(tx, &organization.membership_type).await?;
    found.ok_or(Error::NotFound)
}

/// Two rooms take part in the end of a sign-up, and either may refuse.
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
