//! Claims about a person, computed when they are stated and never before (security.md G-10, AF-4). Scope and the
//! `claims` parameter decide which ones, product.md their values.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Result;
use crate::affiliations;
use crate::domain::account::Account;
use crate::domain::affiliation::MembershipClaims;
use crate::domain::claim::{self, ClaimsRequest, Wanted};
use crate::domain::client::{Client, ResponseType};
use crate::domain::profile::Gender;
use crate::domain::scope::{self, Scope};
use crate::storage::Reads;

pub type Claims = Map<String, Value>;

/// The names of the claims about a person that are to be stated.
pub type Names = BTreeSet<&'static str>;

/// Returns the claims for userinfo: those of the scope, and those asked for by name (OpenID Connect Core §5.3, §5.5).
pub fn for_userinfo(scope: &Scope, request: &ClaimsRequest) -> Names {
    within(scope, of_scope(scope).chain(asked(&request.userinfo)))
}

/// Returns the claims for an ID token: those asked for by name, and those of the scope where the client has that
/// setting.
pub fn for_id_token(client: &Client, scope: &Scope, request: &ClaimsRequest) -> Names {
    let of_scope = of_scope(scope).filter(|_| client.has_scope_claims_in_id_token());
    within(scope, of_scope.chain(asked(&request.id_token)))
}

/// Returns the claims for an ID token from the authorization endpoint. Without an access token it is the only place
/// for the claims of the scopes (Core §5.4); where another ID token follows from the token endpoint, what passes
/// through the browser is kept lean (Core §3.3.3.6).
pub fn for_front_channel(
    client: &Client,
    response_type: ResponseType,
    scope: &Scope,
    request: &ClaimsRequest,
) -> Names {
    let with_scope = match (response_type.code, response_type.token) {
        (true, _) => false,
        (false, true) => client.has_scope_claims_in_id_token(),
        (false, false) => true,
    };
    let of_scope = of_scope(scope).filter(|_| with_scope);
    within(scope, of_scope.chain(asked(&request.id_token)))
}

/// Returns the claims for JWT access tokens and introspection: those by which resources decide, and none of the
/// profile.
pub fn for_resources(scope: &Scope) -> Names {
    if scope.contains(scope::ITU_MEMBERSHIP) {
        claim::of_scope(scope::ITU_MEMBERSHIP).iter().copied().collect()
    } else {
        Names::new()
    }
}

/// Returns the claims with their values. A claim without a value is absent, never null or empty.
pub async fn values(db: &impl Reads, names: &Names, account: &Account) -> Result<Claims> {
    let mut of_membership = claim::of_scope(scope::ITU_MEMBERSHIP).iter();
    let membership = if of_membership.any(|it| names.contains(it)) {
        Some(affiliations::membership_claims(db, &account.id).await?)
    } else {
        None
    };
    Ok(compose(names, account, membership.as_ref()))
}

fn compose(names: &Names, account: &Account, membership: Option<&MembershipClaims>) -> Claims {
    let membership = membership.and_then(|it| serde_json::to_value(it).ok());
    names
        .iter()
        .filter_map(|name| {
            let value = match membership.as_ref().and_then(|it| it.get(name)) {
                Some(value) => Some(value.clone()),
                None => of_account(name, account),
            };
            Some(((*name).to_owned(), value?))
        })
        .collect()
}

fn of_account(name: &str, account: &Account) -> Option<Value> {
    let profile = &account.profile;
    let text = |value: &str| (!value.is_empty()).then(|| Value::from(value));
    match name {
        "name" => text(&profile.full_name()),
        "given_name" => text(&profile.first_name),
        "family_name" => text(&profile.last_name),
        "gender" => (profile.gender != Gender::Undisclosed).then(|| Value::from(profile.gender.as_str())),
        "locale" => text(account.language.as_str()),
        "updated_at" => Some(Value::from(account.updated_at.timestamp())),
        "preferred_username" | "email" => text(account.email.as_str()),
        "email_verified" => Some(Value::from(account.email_verified)),
        "job_title" => text(&profile.job_title),
        "professional_role" => text(profile.professional_role.as_str()),
        "title" => profile.title.map(|it| Value::from(it.as_str())),
        "newsletter" => Some(Value::from(account.newsletter)),
        _ => None,
    }
}

fn of_scope(scope: &Scope) -> impl Iterator<Item = &'static str> {
    scope.iter().flat_map(claim::of_scope).copied()
}

/// Leaves out the address as a user name where it is not granted as an address (product.md).
fn within(scope: &Scope, names: impl Iterator<Item = &'static str>) -> Names {
    let with_email = scope.contains(scope::EMAIL);
    names
        .filter(|it| *it != "preferred_username" || with_email)
        .collect()
}

fn asked(wanted: &std::collections::BTreeMap<String, Option<Wanted>>) -> impl Iterator<Item = &'static str> {
    let supported = claim::BY_SCOPE.iter().flat_map(|it| it.1).copied();
    supported.filter(|name| wanted.contains_key(*name))
}
