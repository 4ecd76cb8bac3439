//! TIES rights: a second decision, on an approved affiliation to an entitled, active member (security.md
//! AF-3). Asked for by the person, given and taken by others; nobody gives them to themselves.

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::affiliations::lifecycle::transitions::Act;
use crate::affiliations::lifecycle::{authority, decisions, requests};
use crate::affiliations::notifications::{digests, person};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus};
use crate::domain::organization::Organization;
use crate::domain::ties::{RightType, TiesRight, TiesStage, TiesStatus};
use crate::domain::{AffiliationId, TiesRightId};
use crate::random;
use crate::storage::{accounts, affiliations, organizations, ties};
use crate::templates::mails::TiesChanged;

/// Asks for rights on the own approved affiliation. Those that live already are left as they are.
pub async fn request(app: &App, context: &Context, rights: &[String]) -> Result<(), Error> {
    let account = context.actor.account().ok_or(Error::NotFound)?;
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let affiliation = affiliations::find_in_force(tx, account)
                .await?
                .ok_or(Error::NotEntitled)?;
            // To change: the announcement writes to it, and two that only rely on it would wait for each other.
            let organization = organizations::find_to_change(tx, &affiliation.organization)
                .await?
                .ok_or(Error::NotFound)?;
            entitled(&act, &affiliation, &organization).await?;
            let mut begun = false;
            for kind in chosen(tx, rights).await? {
                if ties::find_live(tx, &affiliation.id, &kind.name).await?.is_none() {
                    act.right_begun(&requested(&affiliation, &kind, act.now), &affiliation)
                        .await?;
                    begun = true;
                }
            }
            if begun {
                digests::announce_ties(&act, &affiliation, &organization).await?;
            }
            Ok(())
        })
        .await
}

/// Every kind of right, asked for together with an affiliation: which of them are right is the Focal
/// Point's to say.
pub(super) async fn begin_all<C: ConnectionTrait>(
    act: &Act<'_, C>,
    affiliation: &Affiliation,
) -> Result<(), Error> {
    for kind in ties::list_types(act.tx).await? {
        act.right_begun(&requested(affiliation, &kind, act.now), affiliation)
            .await?;
    }
    Ok(())
}

/// Gives rights, asked for or not. Those that are granted already are left as they are.
pub async fn grant(app: &App, context: &Context, id: &AffiliationId, rights: &[String]) -> Result<(), Error> {
    app.db
        .write(async |tx| grant_in(app, tx, context, id, rights).await)
        .await
}

pub(super) async fn grant_in(
    app: &App,
    tx: &impl ConnectionTrait,
    context: &Context,
    id: &AffiliationId,
    rights: &[String],
) -> Result<(), Error> {
    let act = Act::new(app, tx, context);
    let (affiliation, organization, capacity) = decisions::find(&act, id).await?;
    entitled(&act, &affiliation, &organization).await?;
    let decision = authority::decision(context, act.now, capacity, None);
    let mut granted = Vec::new();
    for kind in chosen(tx, rights).await? {
        match ties::find_live(tx, id, &kind.name).await? {
            Some(live) if live.status() == TiesStatus::Granted => continue,
            Some(live) => {
                let after = live.clone().grant(decision.clone())?;
                act.right_moved(&live, &after, &affiliation).await?;
            }
            None => {
                let it = TiesRight {
                    requested_at: None,
                    stage: TiesStage::Granted(decision.clone()),
                    ..requested(&affiliation, &kind, act.now)
                };
                act.right_begun(&it, &affiliation).await?;
            }
        }
        granted.push(kind);
    }
    tell(&act, &affiliation, &organization, None, Told::Granted(granted)).await
}

/// Answers requests for rights with no.
pub async fn refuse(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    rights: &[String],
    reason: &str,
) -> Result<(), Error> {
    take(app, context, id, rights, reason, TiesStatus::Refused).await
}

/// Takes granted rights away.
pub async fn revoke(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    rights: &[String],
    reason: &str,
) -> Result<(), Error> {
    take(app, context, id, rights, reason, TiesStatus::Revoked).await
}

async fn take(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    rights: &[String],
    reason: &str,
    to: TiesStatus,
) -> Result<(), Error> {
    let reason = authority::reason(reason)?;
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let (affiliation, organization, capacity) = decisions::find(&act, id).await?;
            let decision = authority::decision(context, act.now, capacity, reason.clone());
            let kinds = chosen(tx, rights).await?;
            for kind in &kinds {
                let live = ties::find_live(tx, id, &kind.name)
                    .await?
                    .ok_or(Error::Conflict)?;
                let after = match to {
                    TiesStatus::Refused => live.clone().refuse(decision.clone())?,
                    _ => live.clone().revoke(decision.clone())?,
                };
                act.right_moved(&live, &after, &affiliation).await?;
            }
            let told = match to {
                TiesStatus::Refused => Told::Refused(kinds),
                _ => Told::Revoked(kinds),
            };
            tell(&act, &affiliation, &organization, reason.clone(), told).await
        })
        .await
}

/// The kinds that were named; a name that is none is refused (security.md G-1).
async fn chosen(tx: &impl ConnectionTrait, rights: &[String]) -> Result<Vec<RightType>, Error> {
    let kinds = ties::list_types(tx).await?;
    if rights.is_empty() || rights.iter().any(|name| !kinds.iter().any(|it| it.name == *name)) {
        return Err(Error::Invalid(crate::domain::profile::FieldErrors::from([(
            "right",
            "error.choose",
        )])));
    }
    Ok(kinds.into_iter().filter(|it| rights.contains(&it.name)).collect())
}

async fn entitled<C: ConnectionTrait>(
    act: &Act<'_, C>,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    let its_type = requests::type_of(act.tx, organization).await?;
    let may = affiliation.status() == AffiliationStatus::Approved
        && organization.is_active()
        && its_type.ties_entitled;
    if may { Ok(()) } else { Err(Error::NotEntitled) }
}

fn requested(affiliation: &Affiliation, kind: &RightType, now: crate::domain::Time) -> TiesRight {
    TiesRight {
        id: TiesRightId::new(random::id()),
        affiliation: affiliation.id.clone(),
        account: affiliation.account.clone(),
        right: kind.name.clone(),
        requested_at: Some(now),
        stage: TiesStage::Requested,
    }
}

enum Told {
    Granted(Vec<RightType>),
    Refused(Vec<RightType>),
    Revoked(Vec<RightType>),
}

async fn tell<C: ConnectionTrait>(
    act: &Act<'_, C>,
    affiliation: &Affiliation,
    organization: &Organization,
    reason: Option<String>,
    what: Told,
) -> Result<(), Error> {
    let Some(person) = accounts::find(act.tx, &affiliation.account).await? else {
        return Ok(());
    };
    let language = person.language.as_str();
    let labels = |kinds: Vec<RightType>| -> Vec<String> {
        kinds.iter().map(|it| it.label(language).to_owned()).collect()
    };
    let (mut granted, mut refused, mut revoked) = (Vec::new(), Vec::new(), Vec::new());
    match what {
        Told::Granted(kinds) => granted = labels(kinds),
        Told::Refused(kinds) => refused = labels(kinds),
        Told::Revoked(kinds) => revoked = labels(kinds),
    }
    if granted.is_empty() && refused.is_empty() && revoked.is_empty() {
        return Ok(());
    }
    let mail = TiesChanged {
        name: person.profile.full_name(),
        organization: organization.name.clone(),
        granted,
        refused,
        revoked,
        reason,
    };
    person::send(act.app, act.tx, act.now, &person, &mail).await
}
