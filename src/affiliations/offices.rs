//! Lists who holds the offices of an organization, from when until when: its Focal Points with the days on which they are away,
//! and its deputies. The page of the offices, the API and the command line call this. Changes are in `focal_points`,
//! `absences`, `deputies`, `handover` and `digest_preference`.

use super::Error;
use super::lifecycle::authority;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::office::Term;
use crate::domain::organization::Organization;
use crate::domain::{AffiliationId, OrganizationId, Time};
use crate::storage::{accounts, deputies, focal_points, organizations, weekly_digests};

/// A Focal Point, or a deputy.
#[derive(Clone, Debug)]
pub struct Holder {
    pub affiliation: AffiliationId,
    pub account: Account,
    /// The time of the designation or naming.
    pub since: Time,
    /// The days on which a Focal Point is away and a deputy stands in. Those of a Focal Point that are over are left out.
    pub term: Option<Term>,
    /// `true` if the term is running.
    pub is_now: bool,
    /// `true` if this is the actor.
    pub own: bool,
    /// `true` if they want the weekly digest.
    pub wants_digest: bool,
}

#[derive(Clone, Debug)]
pub struct Offices {
    pub organization: Organization,
    pub focal_points: Vec<Holder>,
    pub deputies: Vec<Holder>,
    /// `true` if the actor may change them.
    pub may_change: bool,
    /// `false` if requests go to the administrators.
    pub is_somebody_there: bool,
}

pub async fn list(app: &App, context: &Context, id: &OrganizationId) -> Result<Offices, Error> {
    authority::require_to_see(app, context, id).await?;
    let db = app.db.read();
    let organization = organizations::find(db, id).await?.ok_or(Error::NotFound)?;
    let now = app.clock.now();
    let focal_points = focal_points::list_of_organization(db, id).await?;
    let deputies = deputies::list_of_organization(db, id).await?;
    let ids = focal_points.iter().map(|it| it.account.clone());
    let ids: Vec<_> = ids.chain(deputies.iter().map(|it| it.account.clone())).collect();
    let people = accounts::list_by_ids(db, &ids).await?;
    let stopped = weekly_digests::list_stopped(db, &ids).await?;
    let holder = |affiliation, account, since, term: Option<Term>| {
        let account = people.iter().find(|it| it.id == account)?.clone();
        Some(Holder {
            affiliation,
            own: context.actor.account() == Some(&account.id),
            wants_digest: !stopped.contains(&account.id),
            account,
            since,
            is_now: term.is_some_and(|it| it.is_running(now)),
            term,
        })
    };
    let focal_points: Vec<Holder> = focal_points
        .into_iter()
        .filter_map(|it| {
            let absence = it.absence.filter(|it| !it.is_over(now));
            holder(it.affiliation, it.account, it.designated_at, absence)
        })
        .collect();
    let deputies: Vec<Holder> = deputies
        .into_iter()
        .filter(|it| !it.term.is_over(now))
        .filter_map(|it| holder(it.affiliation, it.account, it.named_at, Some(it.term)))
        .collect();
    let is_there = |it: &Holder, wanted: bool| it.account.is_active() && it.is_now == wanted;
    Ok(Offices {
        may_change: authority::may_change_offices(app, context, id).await?,
        is_somebody_there: focal_points.iter().any(|it| is_there(it, false))
            || deputies.iter().any(|it| is_there(it, true)),
        organization,
        focal_points,
        deputies,
    })
}
