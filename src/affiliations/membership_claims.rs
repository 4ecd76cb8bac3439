//! The claims about a person's membership: the table of product.md, read whenever claims are issued (AF-4, G-10). `oidc`
//! calls this for tokens, userinfo and access policies. What the person sees is in `overview`.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::affiliation::{AffiliationClaim, AffiliationStatus, MembershipClaims};
use crate::domain::organization::{Country, MembershipType, OrganizationStatus};
use crate::domain::{AccountId, MembershipTypeId};
use crate::storage::Reads;
use crate::storage::membership_claims::{CurrentAffiliation, find, list};

/// Returns the claims as they are in the transaction of `db`, or at this moment.
pub async fn membership_claims(db: &impl Reads, account: &AccountId) -> Result<MembershipClaims, DbErr> {
    Ok(find(db, account).await?.map_or_else(
        || MembershipClaims::bare(AffiliationClaim::None),
        |current| claims_of(&current),
    ))
}

/// Returns the claims of several people; whoever has no affiliation is not in the map.
pub async fn membership_claims_of(
    db: &impl ConnectionTrait,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, MembershipClaims>, DbErr> {
    let all = list(db, accounts).await?.into_iter();
    Ok(all
        .map(|(account, current)| (account, claims_of(&current)))
        .collect())
}

fn claims_of(current: &CurrentAffiliation) -> MembershipClaims {
    let mut claims = MembershipClaims::bare(current.status.into());
    match (current.status, current.organization_status) {
        // An organization that nobody has checked yet yields one claim: that it is no member.
        (AffiliationStatus::SelfDeclared, OrganizationStatus::Proposed) => {
            claims.membership_type = Some(MembershipTypeId::new(MembershipType::NON_MEMBER));
            return claims;
        }
        // A member yields nothing without its approval, and a non-member nothing as if approval had been given.
        (AffiliationStatus::SelfDeclared, OrganizationStatus::Active) if !current.needs_approval => {}
        (AffiliationStatus::Approved, OrganizationStatus::Active) if current.needs_approval => {
            claims.focal_point = current.focal_point;
            if current.ties_entitled {
                claims.ties_rights = current.ties_rights.clone();
            }
        }
        _ => return claims,
    }
    claims.membership_type = Some(current.membership_type.clone());
    claims.organization = Some(current.name.clone());
    claims.organization_id = Some(current.organization.clone());
    claims.membership_category = Some(current.category.as_str().to_owned());
    claims.member_state = current
        .country
        .as_ref()
        .and_then(Country::claim)
        .map(str::to_owned);
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OrganizationId;
    use crate::domain::organization::Category;

    fn current(
        status: AffiliationStatus,
        organization_status: OrganizationStatus,
        member: bool,
    ) -> CurrentAffiliation {
        CurrentAffiliation {
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
    fn the_organization_is_stated_only_of_the_approved_while_it_is_active() {
        for status in AffiliationStatus::ALL {
            for organization in OrganizationStatus::ALL {
                let claims = claims_of(&current(*status, *organization, true));
                let may =
                    *status == AffiliationStatus::Approved && *organization == OrganizationStatus::Active;
                assert_eq!(claims.organization_id.is_some(), may); // AF-1, AF-4
                assert_eq!(claims.member_state.is_some(), may);
                assert_eq!(claims.membership_category.is_some(), may);
                assert_eq!(!claims.ties_rights.is_empty(), may); // AF-3
                assert_eq!(claims.focal_point, may);
                if !may {
                    let non_member = claims
                        .membership_type
                        .is_none_or(|it| it.as_str() == "non_member");
                    assert!(non_member);
                }
            }
        }
    }

    #[test]
    fn a_proposed_record_states_the_type_only() {
        let mut current = current(
            AffiliationStatus::SelfDeclared,
            OrganizationStatus::Proposed,
            false,
        );
        current.membership_type = MembershipTypeId::new("sector_member");
        let claims = claims_of(&current);
        assert_eq!(claims.membership_type.unwrap().as_str(), "non_member"); // SU-6
        assert_eq!((claims.organization, claims.member_state), (None, None));
    }

    #[test]
    fn other_country_is_absent() {
        let mut current = current(AffiliationStatus::SelfDeclared, OrganizationStatus::Active, false);
        current.country = Country::parse("ZZ");
        let claims = claims_of(&current);
        assert_eq!(
            (claims.organization.as_deref(), claims.member_state),
            (Some("Example"), None)
        );
    }
}
