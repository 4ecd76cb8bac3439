//! Shows organizations and TIES rights as groups of SCIM. A group says what it stands for; its members are the people
//! whom the client sees.

use serde_json::{Map, Value, json};

use super::group_id;
use super::resource::{address_of, texts, with_meta};
use crate::app::App;
use crate::domain::organization::{Country, Organization};
use crate::domain::scim::{ACCOUNT_GROUP, CORE_GROUP};
use crate::domain::ties::RightType;

pub fn show_organization(app: &App, organization: &Organization) -> Value {
    let country = organization.country.as_ref().and_then(Country::claim);
    let mut own = texts([
        ("acronym", organization.acronym.clone()),
        ("membershipType", Some(organization.membership_type.to_string())),
        (
            "membershipCategory",
            Some(organization.category.as_str().to_owned()),
        ),
        ("memberState", country.map(str::to_owned)),
    ]);
    own.insert("kind".into(), "organization".into());
    let group = group(organization.id.as_str(), &organization.name, own);
    let times = Some((organization.created_at, organization.updated_at));
    let path = format!("/Groups/{}", organization.id);
    with_meta(app, group, "Group", &path, times)
}

pub fn show_right(app: &App, right: &RightType) -> Value {
    let id = group_id::of_right(&right.name);
    let name = right.label("en");
    let own = texts([("kind", Some("ties_right".to_owned()))]);
    let group = group(&id, name, own);
    with_meta(app, group, "Group", &format!("/Groups/{id}"), None)
}

fn group(id: &str, name: &str, own: Map<String, Value>) -> Map<String, Value> {
    let mut group = Map::new();
    group.insert("schemas".into(), json!([CORE_GROUP.id, ACCOUNT_GROUP.id]));
    group.insert("id".into(), id.into());
    group.insert("displayName".into(), name.into());
    group.insert(ACCOUNT_GROUP.id.into(), own.into());
    group
}

/// Returns a member of a group: a user as the client sees them.
pub fn member(app: &App, user: &Value) -> Value {
    let id = user["id"].as_str().unwrap_or_default();
    let mut member = texts([
        ("value", Some(id.to_owned())),
        ("$ref", Some(address_of(app, &format!("/Users/{id}")))),
        ("type", Some("User".to_owned())),
    ]);
    if let Some(name) = user["displayName"].as_str() {
        member.insert("display".into(), name.into());
    }
    member.into()
}
