//! Shows people as users of SCIM: what the client's scope has, under the names of the schemas, as of now (security.md
//! G-10, AZ-14).

use serde_json::{Map, Value, json};

use super::error::Result;
use super::group_id;
use super::reader::Reader;
use super::resource::{address_of, texts, with_meta};
use crate::affiliations;
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::account::Account;
use crate::domain::affiliation::{AffiliationClaim, MembershipClaims};
use crate::domain::scim::{ACCOUNT_USER, CORE_USER, ENTERPRISE_USER};
use crate::domain::scope::{self, Scope};
use crate::oidc::access_policy;

/// Returns the resources of these accounts, in their order, whole.
pub async fn show_all(app: &App, reader: &Reader, accounts: &[Account]) -> Result<Vec<Value>> {
    let each = show_each(app, reader, accounts).await?;
    Ok(each.into_iter().map(|it| it.1).collect())
}

/// Returns each account that is shown, with its resource.
pub async fn show_each<'a>(
    app: &App,
    reader: &Reader,
    accounts: &'a [Account],
) -> Result<Vec<(&'a Account, Value)>> {
    let ids: Vec<AccountId> = accounts.iter().map(|it| it.id.clone()).collect();
    let scopes = reader.scopes(app, &ids).await?;
    let mut memberships = affiliations::membership_claims_of(app.db.read(), &ids).await?;
    let shown = accounts.iter().filter_map(|account| {
        let membership = memberships
            .remove(&account.id)
            .unwrap_or_else(|| MembershipClaims::bare(AffiliationClaim::None));
        let scope = scopes.get(&account.id)?;
        Some((account, show(app, reader, account, &membership, scope)))
    });
    Ok(shown.collect())
}

fn show(
    app: &App,
    reader: &Reader,
    account: &Account,
    membership: &MembershipClaims,
    scope: &Scope,
) -> Value {
    let id = reader.id_of(app, &account.sub);
    let has = |value: &str| scope.contains(value);
    let address = account.email.as_str();
    let policy = &reader.client.settings.access_policy;
    // Everybody's state is that of the account; a service is told whether the person can enter it.
    let enters = reader.reads_everybody || access_policy::judge(policy, membership).is_ok();
    let mut schemas = vec![CORE_USER.id];
    let mut user = Map::new();
    user.insert("id".into(), id.clone().into());
    user.insert("externalId".into(), id.clone().into());
    let user_name = if has(scope::EMAIL) { address } else { &id };
    user.insert("userName".into(), user_name.into());
    user.insert("active".into(), (account.is_active() && enters).into());
    let mut own = Map::new();
    if has(scope::PROFILE) {
        let profile = &account.profile;
        let name = [
            ("formatted", profile.full_name()),
            ("familyName", profile.last_name.clone()),
            ("givenName", profile.first_name.clone()),
        ];
        let mut name = texts(name.map(|(key, value)| (key, Some(value))));
        if let Some(title) = profile.title.filter(|_| has(scope::ITU_PROFESSIONAL)) {
            name.insert("honorificPrefix".into(), title.as_str().into());
        }
        user.insert("name".into(), name.into());
        user.insert("displayName".into(), profile.full_name().into());
        user.insert("preferredLanguage".into(), account.language.as_str().into());
        user.insert("locale".into(), account.language.as_str().into());
    }
    if has(scope::EMAIL) {
        user.insert("emails".into(), json!([{"value": address, "primary": true}]));
        own.insert("emailVerified".into(), account.email_verified.into());
    }
    if has(scope::ITU_PROFESSIONAL) {
        let job_title = [("title", Some(account.profile.job_title.clone()))];
        user.extend(texts(job_title));
        let role = account.profile.professional_role.as_str();
        own.insert("professionalRole".into(), role.into());
    }
    if has(scope::ITU_MEMBERSHIP) {
        user.insert("groups".into(), groups_of(app, membership).into());
        if let Some(organization) = &membership.organization {
            schemas.push(ENTERPRISE_USER.id);
            user.insert(ENTERPRISE_USER.id.into(), json!({ "organization": organization }));
        }
        own.extend(own_membership(membership));
    }
    if !own.is_empty() {
        schemas.push(ACCOUNT_USER.id);
        user.insert(ACCOUNT_USER.id.into(), own.into());
    }
    user.insert("schemas".into(), json!(schemas));
    let times = Some((account.created_at, account.updated_at));
    with_meta(app, user, "User", &format!("/Users/{id}"), times)
}

fn own_membership(membership: &MembershipClaims) -> Map<String, Value> {
    let mut own = texts([
        (
            "membershipType",
            membership.membership_type.as_ref().map(ToString::to_string),
        ),
        (
            "organizationId",
            membership.organization_id.as_ref().map(ToString::to_string),
        ),
        ("membershipCategory", membership.membership_category.clone()),
        ("memberState", membership.member_state.clone()),
    ]);
    own.insert(
        "affiliationStatus".into(),
        membership.affiliation_status.as_str().into(),
    );
    own.insert("tiesRights".into(), json!(membership.ties_rights));
    own.insert("focalPoint".into(), membership.focal_point.into());
    own
}

fn groups_of(app: &App, membership: &MembershipClaims) -> Vec<Value> {
    let organization = membership
        .organization_id
        .as_ref()
        .zip(membership.organization.as_ref());
    let organization = organization.map(|(id, name)| (id.to_string(), name.clone()));
    let rights = membership.ties_rights.iter();
    let rights = rights.map(|it| (group_id::of_right(it), it.clone()));
    let all = organization.into_iter().chain(rights);
    all.map(|(id, name)| {
        json!({"value": id, "$ref": address_of(app, &format!("/Groups/{id}")), "display": name, "type": "direct"})
    })
    .collect()
}
