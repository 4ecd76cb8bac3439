//! What helps to decide about a request, for the page of the request: whether the address is one of the organization, how
//! long the request waits, what became of earlier ones of the person here, and who else waits. Nothing of another
//! organization is in it (security.md AF-6, G-4).

use super::Error;
use super::lifecycle::authority;
use super::roster::Entry;
use crate::app::App;
use crate::domain::AffiliationId;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus};
use crate::domain::organization::{AddressDomain, Organization};
use crate::storage::affiliations;
use crate::storage::roster::{self, Filter, PeopleOrder, Show};

#[derive(Clone, Debug)]
pub struct RequestFacts {
    pub address_domain: AddressDomain,
    /// Whole days since the request.
    pub days: u64,
    /// What the person asked for here before, the newest first.
    pub earlier: Vec<Affiliation>,
    /// The number of other requests that wait.
    pub others: u64,
    /// The one of them that waits longest.
    pub next: Option<AffiliationId>,
}

/// Returns the facts about a request that the actor sees.
pub async fn of_request(
    app: &App,
    context: &Context,
    entry: &Entry,
    organization: &Organization,
) -> Result<RequestFacts, Error> {
    authority::require_to_see(app, context, &organization.id).await?;
    let db = app.db.read();
    let affiliation = &entry.person.affiliation;
    let all = affiliations::list_of_account(db, &affiliation.account).await?;
    let earlier = all
        .into_iter()
        .filter(|it| it.organization == organization.id && it.id != affiliation.id)
        .collect();
    let waiting = Filter {
        organization: Some(organization.id.clone()),
        show: Some(Show::AffiliationRequests),
        order: PeopleOrder::Oldest,
        ..Filter::default()
    };
    let total = roster::count(db, &waiting).await?;
    let first = roster::list(db, &waiting, 0, 2).await?;
    let others = first.into_iter().map(|it| it.affiliation.id);
    Ok(RequestFacts {
        address_domain: organization.address_domain(&entry.person.email),
        days: days_since(app, affiliation),
        earlier,
        others: total.saturating_sub(u64::from(affiliation.status() == AffiliationStatus::Pending)),
        next: others.into_iter().find(|it| *it != affiliation.id),
    })
}

/// Returns the whole days since an affiliation was requested.
pub fn days_since(app: &App, affiliation: &Affiliation) -> u64 {
    let days = (app.clock.now() - affiliation.requested_at).num_days();
    u64::try_from(days).unwrap_or(0)
}
