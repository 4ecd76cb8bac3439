//! TIES rights of several people at once: what is chosen in the matrix of people and rights is granted or taken away, for
//! each person in a transaction of its own. What may be done to the rights of one person is decided in `ties`.

use std::collections::BTreeMap;

use super::Error;
use super::lifecycle::authority;
use super::roster::{self, Entry};
use super::ties;
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

/// The rights of one person that were chosen.
#[derive(Debug)]
pub struct ChosenRights {
    pub affiliation: AffiliationId,
    /// The person; `None` if the actor may see no such person of the organization (G-4).
    pub entry: Option<Entry>,
    /// Those of the rights that the decision changes, as they are now.
    pub changes: Vec<String>,
    rights: Vec<String>,
}

/// The rights of one person, and the result of the decision.
#[derive(Debug)]
pub struct RightsAttempt {
    pub entry: Option<Entry>,
    pub result: Result<(), Error>,
}

/// Returns what was chosen in the matrix of one organization, as pairs of an affiliation and a right, person by person.
pub async fn find_chosen(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    cells: &[(AffiliationId, String)],
    verdict: RightsVerdict<'_>,
) -> Result<Vec<ChosenRights>, Error> {
    roster::organization(app, context, organization).await?;
    let mut by_person: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut order = Vec::new();
    for (affiliation, right) in cells {
        let rights = by_person.entry(affiliation.as_str()).or_insert_with(|| {
            order.push(affiliation.clone());
            Vec::new()
        });
        if !rights.contains(right) {
            rights.push(right.clone());
        }
    }
    let mut all = Vec::new();
    for affiliation in order {
        let entry = match roster::find(app, context, &affiliation).await {
            Ok((entry, its, _)) if its.id == *organization && is_approved(&entry) => Some(entry),
            Ok(_) | Err(Error::NotFound | Error::NoLongerSeen) => None,
            Err(error) => return Err(error),
        };
        let rights = by_person.remove(affiliation.as_str()).unwrap_or_default();
        let changed = |right: &&String| entry.as_ref().is_some_and(|it| changes(it, right, verdict));
        all.push(ChosenRights {
            changes: rights.iter().filter(changed).cloned().collect(),
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

/// Returns `true` if the decision changes this right.
fn changes(entry: &Entry, right: &str, verdict: RightsVerdict<'_>) -> bool {
    let mut its = entry.rights.iter().filter(|it| it.right == right);
    match verdict {
        RightsVerdict::Grant => !its.any(|it| it.status() == TiesStatus::Granted),
        RightsVerdict::TakeAway(_) => its.any(|it| it.status().is_live()),
    }
}

/// Decides what was chosen, for each person on their own: what cannot be done to one keeps no other back.
pub async fn decide_all(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    cells: &[(AffiliationId, String)],
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
            (Some(_), _) if it.changes.is_empty() => Err(Error::Conflict),
            (Some(_), RightsVerdict::Grant) => ties::grant(app, context, &it.affiliation, &it.rights).await,
            (Some(_), RightsVerdict::TakeAway(reason)) => {
                ties::take_away(app, context, &it.affiliation, &it.rights, reason).await
            }
        };
        attempts.push(RightsAttempt {
            entry: it.entry,
            result,
        });
    }
    Ok(attempts)
}
