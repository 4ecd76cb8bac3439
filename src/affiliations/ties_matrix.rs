//! TIES rights of several people at once: what is chosen in the matrix of people and rights is granted or taken away, for
//! each person in a transaction of its own. What may be done to the rights of one person is decided in `ties`.

use std::collections::BTreeMap;

use super::Error;
use super::lifecycle::authority;
use super::roster::{self, Entry};
use super::ties::{self, SeenRight};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RightsVerdict<'a> {
    Grant,
    /// Refuses what is requested and revokes what is granted. Each of the people reads the reason, if there is one.
    TakeAway(&'a str),
}

/// A right of a person in the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub affiliation: AffiliationId,
    pub right: String,
    /// Its status as whoever decides has seen it; `None`: nobody has said what they saw.
    pub seen: Option<Seen>,
}

/// A live status, or none.
pub type Seen = Option<TiesStatus>;

/// The rights of one person that were chosen.
#[derive(Debug)]
pub struct ChosenRights {
    pub affiliation: AffiliationId,
    /// The person; `None` if the actor may see no such person of the organization (G-4).
    pub entry: Option<Entry>,
    /// Those of the rights that the decision changes, as they are now.
    pub changes: Vec<String>,
    /// All of the rights, with their statuses as they are now.
    pub rights: Vec<SeenRight>,
    /// `true` if each was seen as it is now.
    is_as_seen: bool,
}

/// The rights of one person, and the result of the decision.
#[derive(Debug)]
pub struct RightsAttempt {
    pub entry: Option<Entry>,
    pub result: Result<(), Error>,
}

/// Returns what was chosen in the matrix of one organization, person by person.
pub async fn find_chosen(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    cells: &[Cell],
    verdict: RightsVerdict<'_>,
) -> Result<Vec<ChosenRights>, Error> {
    roster::organization(app, context, organization).await?;
    let mut by_person: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    let mut order = Vec::new();
    for cell in cells {
        let its = by_person.entry(cell.affiliation.as_str()).or_insert_with(|| {
            order.push(cell.affiliation.clone());
            Vec::new()
        });
        if !its.iter().any(|it| it.right == cell.right) {
            its.push(cell);
        }
    }
    let mut all = Vec::new();
    for affiliation in order {
        let entry = match roster::find(app, context, &affiliation).await {
            Ok((entry, its, _)) if its.id == *organization && is_approved(&entry) => Some(entry),
            Ok(_) | Err(Error::NotFound | Error::NoLongerSeen) => None,
            Err(error) => return Err(error),
        };
        let its = by_person.remove(affiliation.as_str()).unwrap_or_default();
        let status = |right: &str| entry.as_ref().and_then(|it| live_status(it, right));
        let rights: Vec<SeenRight> = its
            .iter()
            .map(|it| SeenRight {
                right: it.right.clone(),
                status: status(&it.right),
            })
            .collect();
        let is_as_seen = its
            .iter()
            .zip(&rights)
            .all(|(it, now)| it.seen == Some(now.status));
        let changed = rights.iter().filter(|it| entry.is_some() && changes(it, verdict));
        all.push(ChosenRights {
            changes: changed.map(|it| it.right.clone()).collect(),
            is_as_seen,
            affiliation,
            entry,
            rights,
        });
    }
    Ok(all)
}

fn is_approved(entry: &Entry) -> bool {
    entry.person.affiliation.status() == AffiliationStatus::Approved
}

fn live_status(entry: &Entry, right: &str) -> Seen {
    let its = entry.rights.iter().filter(|it| it.right == right);
    its.map(|it| it.status()).find(|it| it.is_live())
}

/// Returns `true` if the decision changes this right.
fn changes(right: &SeenRight, verdict: RightsVerdict<'_>) -> bool {
    match verdict {
        RightsVerdict::Grant => right.status != Some(TiesStatus::Granted),
        RightsVerdict::TakeAway(_) => right.status.is_some(),
    }
}

/// Decides what was chosen, for each person on their own: what cannot be done to one keeps no other back. A person whose
/// rights are not as they were seen keeps them, all of them.
pub async fn decide_all(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    cells: &[Cell],
    verdict: RightsVerdict<'_>,
) -> Result<Vec<RightsAttempt>, Error> {
    if let RightsVerdict::TakeAway(reason) = verdict {
        authority::parse_reason(reason)?;
    }
    let chosen = find_chosen(app, context, organization, cells, verdict).await?;
    // From here on rights change: each result is returned, whatever comes after it.
    let mut attempts = Vec::with_capacity(chosen.len());
    for it in chosen {
        let result = match (&it.entry, verdict) {
            (None, _) => Err(Error::NotFound),
            (Some(_), _) if it.changes.is_empty() || !it.is_as_seen => Err(Error::Conflict),
            (Some(_), RightsVerdict::Grant) => {
                ties::grant_seen(app, context, &it.affiliation, &it.rights).await
            }
            (Some(_), RightsVerdict::TakeAway(reason)) => {
                ties::take_away_seen(app, context, &it.affiliation, &it.rights, reason).await
            }
        };
        attempts.push(RightsAttempt {
            entry: it.entry,
            result,
        });
    }
    Ok(attempts)
}
