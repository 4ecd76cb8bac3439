//! Shows a person their own affiliation: what is in force, what is pending, which TIES rights there are (product.md;
//! security.md AF-7). The account pages call this. Claims for services are in `membership_claims`.

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::affiliation::{Affiliation, AffiliationStatus};
use crate::domain::office::Term;
use crate::domain::organization::{MembershipType, Organization};
use crate::domain::ties::{RightType, TiesRight};
use crate::storage::{affiliations, deputies, focal_points, membership_types, organizations, ties};

/// An affiliation with its organization.
#[derive(Clone, Debug)]
pub struct AffiliationDetail {
    pub affiliation: Affiliation,
    pub organization: Organization,
    pub its_type: MembershipType,
}

#[derive(Clone, Debug)]
pub struct Overview {
    /// The affiliation in force; if there is none, the newest request.
    pub current: Option<AffiliationDetail>,
    /// A pending request beside the affiliation in force.
    pub request: Option<AffiliationDetail>,
    /// Every kind of right with its latest right, if the current affiliation can have any.
    pub rights: Vec<(RightType, Option<TiesRight>)>,
    pub can_request_ties: bool,
    pub is_focal_point: bool,
    /// The term of a deputy, running or still to come.
    pub deputy: Option<Term>,
    /// `true` if no request is pending (AF-5).
    pub can_change: bool,
}

pub async fn overview(app: &App, account: &AccountId) -> Result<Overview, Error> {
    let db = app.db.read();
    let all = affiliations::list_of_account(db, account).await?;
    let in_force = all.iter().find(|it| it.status().is_in_force());
    let open = all.iter().find(|it| it.status() == AffiliationStatus::Pending);
    let current = match in_force.or(open).or(all.first()) {
        Some(affiliation) => Some(detail(db, affiliation).await?),
        None => None,
    };
    let request = match open.filter(|_| in_force.is_some()) {
        Some(affiliation) => Some(detail(db, affiliation).await?),
        None => None,
    };
    let entitled = current.as_ref().filter(|current| {
        let asks = matches!(
            current.affiliation.status(),
            AffiliationStatus::Approved | AffiliationStatus::Pending
        );
        asks && current.organization.can_have_ties(&current.its_type)
    });
    let rights = match entitled {
        Some(current) => {
            let rights = ties::list_of_affiliation(db, &current.affiliation.id).await?;
            by_kind(ties::list_types(db).await?, &rights)
        }
        None => Vec::new(),
    };
    Ok(Overview {
        can_request_ties: entitled.is_some_and(|it| it.affiliation.status() == AffiliationStatus::Approved),
        is_focal_point: focal_points::find_of_account(db, account).await?.is_some(),
        deputy: deputies::find_of_account(db, account)
            .await?
            .map(|it| it.term)
            .filter(|it| !it.is_over(app.clock.now())),
        can_change: open.is_none(),
        current,
        request,
        rights,
    })
}

/// Returns each kind with its right: the one that is requested or granted, or else the last that was.
pub fn by_kind(kinds: Vec<RightType>, rights: &[TiesRight]) -> Vec<(RightType, Option<TiesRight>)> {
    let of = |kind: &RightType| {
        let mut its = rights.iter().filter(|it| it.right == kind.name);
        let newest = its.clone().next();
        its.find(|it| it.status().is_live()).or(newest).cloned()
    };
    kinds
        .into_iter()
        .map(|kind| {
            let stands = of(&kind);
            (kind, stands)
        })
        .collect()
}

async fn detail(db: &impl ConnectionTrait, affiliation: &Affiliation) -> Result<AffiliationDetail, Error> {
    let organization = organizations::resolve(db, &affiliation.organization)
        .await?
        .ok_or(Error::NotFound)?;
    let its_type = membership_types::find(db, &organization.membership_type).await?;
    Ok(AffiliationDetail {
        affiliation: affiliation.clone(),
        its_type: its_type.ok_or(Error::NotFound)?,
        organization,
    })
}
