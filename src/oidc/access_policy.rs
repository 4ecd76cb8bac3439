//! Judges who may enter a service: its access policy against a person's membership, and what the page that refuses says
//! (product.md, "What a service receives"; contract.md, `access_policy`).

use super::Result;
use crate::affiliations;
use crate::domain::AccountId;
use crate::domain::affiliation::{AffiliationClaim, MembershipClaims};
use crate::domain::client::{AccessPolicy, Client, RequiredAffiliation};
use crate::storage::Reads;

/// The refusal of a person, as far as they can do something about it.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessRefused {
    /// The affiliation status of the person now.
    pub affiliation_status: AffiliationClaim,
    pub lacks: Vec<Lack>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Lack {
    /// The policy requires an approved affiliation with an active member.
    Affiliation,
    /// The policy requires one of these membership types.
    MembershipType(Vec<String>),
    /// The policy requires these TIES rights.
    TiesRights(Vec<String>),
}

/// Returns `None` if the person may enter. Asks the database only if there is a policy.
pub async fn check(db: &impl Reads, client: &Client, account: &AccountId) -> Result<Option<AccessRefused>> {
    let policy = &client.settings.access_policy;
    if policy.is_open() {
        return Ok(None);
    }
    let membership = affiliations::membership_claims(db, account).await?;
    Ok(judge(policy, &membership).err())
}

/// Judges a membership by a policy. The members of a policy are ANDed: any of the types, all of the rights.
pub fn judge(policy: &AccessPolicy, membership: &MembershipClaims) -> Result<(), AccessRefused> {
    let mut lacks = Vec::new();
    // An approved affiliation with a suspended organization states no membership, and admits nobody.
    let affiliated =
        membership.affiliation_status == AffiliationClaim::Approved && membership.membership_type.is_some();
    if policy.affiliation == Some(RequiredAffiliation::Approved) && !affiliated {
        lacks.push(Lack::Affiliation);
    }
    let own = membership.membership_type.as_ref().map(|it| it.as_str());
    let types = &policy.membership_types;
    if !types.is_empty() && !types.iter().any(|it| Some(it.as_str()) == own) {
        lacks.push(Lack::MembershipType(types.clone()));
    }
    let missing: Vec<String> = policy
        .ties_rights
        .iter()
        .filter(|it| !membership.ties_rights.contains(it))
        .cloned()
        .collect();
    if !missing.is_empty() {
        lacks.push(Lack::TiesRights(missing));
    }
    if lacks.is_empty() {
        Ok(())
    } else {
        Err(AccessRefused {
            affiliation_status: membership.affiliation_status,
            lacks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MembershipTypeId;

    fn policy(json: serde_json::Value) -> AccessPolicy {
        serde_json::from_value(json).expect("a policy")
    }

    #[test]
    fn every_member_of_a_policy_must_hold() {
        let strict = policy(serde_json::json!({"affiliation": "approved",
            "membership_types": ["sector_member", "academia"], "ties_rights": ["documents", "mailing_lists"]}));
        let mut membership = MembershipClaims::bare(AffiliationClaim::Pending);
        let refused = judge(&strict, &membership).expect_err("pending");
        assert_eq!(refused.lacks.len(), 3);
        membership.affiliation_status = AffiliationClaim::Approved;
        membership.membership_type = Some(MembershipTypeId::new("academia"));
        membership.ties_rights = vec!["documents".into()];
        let refused = judge(&strict, &membership).expect_err("one right only");
        assert_eq!(refused.lacks, [Lack::TiesRights(vec!["mailing_lists".into()])]);
        membership.ties_rights.push("mailing_lists".into());
        assert_eq!(judge(&strict, &membership), Ok(()));
        membership.membership_type = None; // suspended
        assert!(judge(&strict, &membership).is_err());
    }

    #[test]
    fn without_a_policy_everybody_enters() {
        assert_eq!(
            judge(
                &AccessPolicy::default(),
                &MembershipClaims::bare(AffiliationClaim::None)
            ),
            Ok(())
        );
    }
}
