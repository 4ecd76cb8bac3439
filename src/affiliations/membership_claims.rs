//! What services are told of a person's place: the table of product.md, read at issuance (AF-4, G-10).

use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::affiliation::{AffiliationStatus, Standing, Told};
use crate::domain::organization::{Country, MembershipType, OrganizationStatus};
use crate::domain::{AccountId, MembershipTypeId};
use crate::storage::membership_claims::{Place, find};

/// Reads once; what it says is true in `db`'s transaction, or at this moment.
pub async fn membership_claims(db: &impl ConnectionTrait, account: &AccountId) -> Result<Standing, DbErr> {
    Ok(find(db, account)
        .await?
        .map_or_else(|| Standing::bare(Told::None), |place| told(&place)))
}

fn told(place: &Place) -> Standing {
    let mut standing = Standing::bare(place.status.into());
    match (place.status, place.organization_status) {
        // A record that nobody has checked yet says nothing but that its people are no member's.
        (AffiliationStatus::SelfDeclared, OrganizationStatus::Proposed) => {
            standing.membership_type = Some(MembershipTypeId::new(MembershipType::NON_MEMBER));
            return standing;
        }
        // Of a member nothing is told without its approval, nor of a non-member as if it had been given.
        (AffiliationStatus::SelfDeclared, OrganizationStatus::Active) if !place.needs_approval => {}
        (AffiliationStatus::Approved, OrganizationStatus::Active) if place.needs_approval => {
            standing.focal_point = place.focal_point;
            if place.ties_entitled {
                standing.ties_rights = place.ties_rights.clone();
            }
        }
        _ => return standing,
    }
    standing.membership_type = Some(place.membership_type.clone());
    standing.organization = Some(place.name.clone());
    standing.organization_id = Some(place.organization.clone());
    standing.membership_category = Some(place.category.as_str().to_owned());
    standing.member_state = place.country.as_ref().and_then(Country::claim).map(str::to_owned);
    standing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OrganizationId;
    use crate::domain::organization::Category;

    fn place(status: AffiliationStatus, organization_status: OrganizationStatus, member: bool) -> Place {
        Place {
            status,
            organization: OrganizationId::new("o"),
            name: "Example".into(),
            organization_status,
            category: Category::Administration,
            country: Country::parse("CH"),
            membership_type: MembershipTypeId::new(if member { "member_state" } else { "non_member" }),
            needs_approval: member,
            ties_entitled: member,
            focal_point: true,
            ties_rights: vec!["documents".into()],
        }
    }

    #[test]
    fn a_member_is_told_only_of_the_approved_while_it_is_active() {
        for status in AffiliationStatus::ALL {
            for organization in OrganizationStatus::ALL {
                let told = told(&place(*status, *organization, true));
                let may =
                    *status == AffiliationStatus::Approved && *organization == OrganizationStatus::Active;
                assert_eq!(told.organization_id.is_some(), may); // AF-1, AF-4
                assert_eq!(told.member_state.is_some(), may);
                assert_eq!(told.membership_category.is_some(), may);
                assert_eq!(!told.ties_rights.is_empty(), may); // AF-3
                assert_eq!(told.focal_point, may);
                if !may {
                    let non_member = told.membership_type.is_none_or(|it| it.as_str() == "non_member");
                    assert!(non_member);
                }
            }
        }
    }

    #[test]
    fn a_proposed_record_tells_the_type_only() {
        let mut place = place(
            AffiliationStatus::SelfDeclared,
            OrganizationStatus::Proposed,
            false,
        );
        place.membership_type = MembershipTypeId::new("sector_member");
        let told = told(&place);
        assert_eq!(told.membership_type.unwrap().as_str(), "non_member"); // SU-6
        assert_eq!((told.organization, told.member_state), (None, None));
    }

    #[test]
    fn other_country_is_absent() {
        let mut place = place(AffiliationStatus::SelfDeclared, OrganizationStatus::Active, false);
        place.country = Country::parse("ZZ");
        let told = told(&place);
        assert_eq!(
            (told.organization.as_deref(), told.member_state),
            (Some("Example"), None)
        );
    }
}
