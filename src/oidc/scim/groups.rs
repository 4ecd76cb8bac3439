//! The groups: TIES rights, and the organizations of the directory, which is public. Lists have the rights first, then the
//! organizations by name. The members of a group are the people whom the client sees, and are given if they are asked
//! for: a group with more than `MOST_LOOKED_AT` of them is read as users instead.

use serde_json::Value;

use super::error::{Error, Result, ScimType};
use super::group::{member, show_organization, show_right};
use super::group_id;
use super::listing::{Begin, ListRequest, MOST_LOOKED_AT, Page};
use super::person::show_all;
use super::reader::Reader;
use super::remembered::{List, Position};
use super::resource::versioned;
use super::users;
use crate::app::App;
use crate::domain::organization::{Country, Organization, OrganizationStatus};
use crate::domain::scim::{
    ACCOUNT_GROUP, Condition, GROUP, Operand, Operator, Projection, ResourceType, Test,
};
use crate::domain::{MembershipTypeId, OrganizationId};
use crate::storage::organizations::{self, Filter};
use crate::storage::{ties, visible_accounts};

/// The most groups of a page with members: each of them is a search of its own.
const MOST_WITH_MEMBERS: u64 = 10;

/// Returns the group with this id, whole; with its members if they are asked for.
pub async fn find(app: &App, reader: &Reader, id: &str, projection: &Projection) -> Result<Value> {
    let mut group = one(app, id).await?.ok_or_else(Error::not_found)?;
    if projection.names(&GROUP, "members") {
        add_members(app, reader, &mut group).await?;
        group = versioned(group);
    }
    Ok(group)
}

async fn one(app: &App, id: &str) -> Result<Option<Value>> {
    let db = app.db.read();
    if let Some(right) = group_id::right_of(id) {
        let all = ties::list_types(db).await?;
        return Ok(all
            .iter()
            .find(|it| it.name == right)
            .map(|it| show_right(app, it)));
    }
    // contract.md: a merged id goes on resolving to the survivor.
    let found = organizations::resolve(db, &OrganizationId::new(id)).await?;
    let found = found.filter(Organization::is_active);
    Ok(found.map(|it| show_organization(app, &it)))
}

/// Returns a page of the groups that meet the filter. Users may be searched as well, by the same request.
pub async fn list(
    app: &App,
    reader: &Reader,
    request: &ListRequest,
    others: &[&'static ResourceType],
) -> Result<Page> {
    let with_members = request.projection.names(&GROUP, "members");
    let request = &ListRequest {
        count: request.count.min(if with_members {
            MOST_WITH_MEMBERS
        } else {
            request.count
        }),
        ..request.clone()
    };
    let condition = request.condition(&GROUP, others)?;
    let sorting = request.sorting(&GROUP)?;
    let list = List::new(app, reader, GROUP.name, request);
    let mut conjuncts = condition.as_ref().map(Condition::conjuncts).unwrap_or_default();
    let person = take_member(&mut conjuncts)?;
    let is_met = |it: &Value| conjuncts.iter().all(|condition| condition.is_met_by(it));
    let mut found = match person {
        Some(person) => of_person(app, reader, &person).await?,
        None => {
            let mut found: Vec<Value> = rights(app).await?;
            match way(&conjuncts) {
                Way::Ids(ids) => {
                    for id in ids.iter().filter(|it| group_id::right_of(it).is_none()) {
                        found.extend(one(app, id).await?);
                    }
                }
                Way::Search(filter) => {
                    let db = app.db.read();
                    let (few, more) = organizations::search(db, &filter, 0, MOST_LOOKED_AT).await?;
                    if more && conjuncts.is_empty() && sorting.is_none() {
                        let mut page = walk(app, &list, request, found).await?;
                        if with_members {
                            add_all_members(app, reader, &mut page).await?;
                        }
                        return Ok(page);
                    }
                    if more {
                        let detail = "Too many groups would have to be looked at: filter by id, members or the \
                                      words of displayName";
                        return Err(Error::bad(ScimType::TooMany, detail));
                    }
                    found.extend(few.iter().map(|it| show_organization(app, it)));
                }
            }
            found
        }
    };
    found.retain(is_met);
    users::sort(&mut found, sorting.as_ref(), request.descending);
    let mut page = users::cut(&list, request, found)?;
    if with_members {
        add_all_members(app, reader, &mut page).await?;
    }
    Ok(page)
}

async fn rights(app: &App) -> Result<Vec<Value>> {
    let all = ties::list_types(app.db.read()).await?;
    Ok(all.iter().map(|it| show_right(app, it)).collect())
}

/// Returns the page of all groups, of which there are too many to look at each.
async fn walk(app: &App, list: &List<'_>, request: &ListRequest, rights: Vec<Value>) -> Result<Page> {
    let past = match &request.begin {
        Begin::Index(index) => index - 1,
        Begin::Cursor(cursor) => match list.read(cursor)? {
            Position::Past(past) => past,
            Position::After(_, past) => past,
        },
    };
    let db = app.db.read();
    let everything = Filter::default();
    let number = rights.len() as u64;
    let total = number + organizations::count(db, &everything).await?;
    let as_usize = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut resources: Vec<Value> = rights
        .into_iter()
        .skip(as_usize(past))
        .take(as_usize(request.count))
        .collect();
    let left = request.count - resources.len() as u64;
    if left > 0 {
        let offset = past.saturating_sub(number);
        let (found, _) = organizations::search(db, &everything, offset, left).await?;
        resources.extend(found.iter().map(|it| show_organization(app, it)));
    }
    let end = past + resources.len() as u64;
    let mut page = Page::of(resources, total, &request.begin);
    if matches!(request.begin, Begin::Cursor(_)) && end < total && end > past {
        page.next_cursor = Some(list.cursor(Position::Past(end))?);
    }
    Ok(page)
}

/// The organizations that a filter is for, as far as an index answers it.
enum Way {
    Ids(Vec<String>),
    Search(Filter),
}

fn way(conjuncts: &[&Condition]) -> Way {
    let mut filter = Filter::default();
    for conjunct in conjuncts {
        if let Some(ids) = ids(conjunct) {
            return Way::Ids(ids);
        }
        let Condition::Test(Test {
            keys,
            operand: Operand::Text(operator, text),
            ..
        }) = conjunct
        else {
            continue;
        };
        match (keys.as_slice(), operator) {
            (["displayName"], Operator::Equal | Operator::StartsWith) => filter.text.clone_from(text),
            ([extension, "membershipType"], Operator::Equal) if *extension == ACCOUNT_GROUP.id => {
                filter.membership_type = Some(MembershipTypeId::new(text.as_str()));
            }
            ([extension, "memberState"], Operator::Equal) if *extension == ACCOUNT_GROUP.id => {
                filter.country = Country::parse(text);
            }
            _ => {}
        }
    }
    filter.statuses = vec![OrganizationStatus::Active];
    Way::Search(filter)
}

fn ids(condition: &Condition) -> Option<Vec<String>> {
    match condition {
        Condition::Test(Test {
            keys,
            operand: Operand::Text(Operator::Equal, id),
            ..
        }) if keys.as_slice() == ["id"] => Some(vec![id.clone()]),
        Condition::Any(any) => {
            let all: Option<Vec<Vec<String>>> = any.iter().map(ids).collect();
            Some(all?.concat())
        }
        _ => None,
    }
}

/// Takes the condition about members out of the others. A group is not looked through for its members: they can be asked
/// for by their id alone.
fn take_member(conjuncts: &mut Vec<&Condition>) -> Result<Option<String>> {
    let mut person = None;
    let mut left = Vec::new();
    for conjunct in conjuncts.drain(..) {
        match conjunct {
            Condition::Test(Test {
                keys,
                operand: Operand::Text(Operator::Equal, id),
                ..
            }) if person.is_none() && keys.as_slice() == ["members", "value"] => person = Some(id.clone()),
            Condition::Values { keys, each } if person.is_none() && keys.as_slice() == ["members"] => {
                match &**each {
                    Condition::Test(Test {
                        keys,
                        operand: Operand::Text(Operator::Equal, id),
                        ..
                    }) if keys.as_slice() == ["value"] => person = Some(id.clone()),
                    _ => return Err(members_by_id()),
                }
            }
            other if is_about_members(other) => return Err(members_by_id()),
            other => left.push(other),
        }
    }
    *conjuncts = left;
    Ok(person)
}

fn members_by_id() -> Error {
    Error::bad(
        ScimType::InvalidFilter,
        "Groups are found by the id of a member, and by nothing else of members",
    )
}

fn is_about_members(condition: &Condition) -> bool {
    let is = |keys: &[&str]| keys.first() == Some(&"members");
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().any(is_about_members),
        Condition::Not(inner) => is_about_members(inner),
        Condition::Test(test) => is(&test.keys),
        Condition::Values { keys, .. } => is(keys),
        Condition::Absent => false,
    }
}

/// Returns the groups of a person whom the client sees.
async fn of_person(app: &App, reader: &Reader, id: &str) -> Result<Vec<Value>> {
    let user = match users::find(app, reader, id).await {
        Ok((user, _)) => user,
        Err(error) if error.status == 404 => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for group in user["groups"].as_array().into_iter().flatten() {
        found.extend(one(app, group["value"].as_str().unwrap_or_default()).await?);
    }
    Ok(found)
}

async fn add_all_members(app: &App, reader: &Reader, page: &mut Page) -> Result<()> {
    for group in &mut page.resources {
        add_members(app, reader, group).await?;
    }
    Ok(())
}

async fn add_members(app: &App, reader: &Reader, group: &mut Value) -> Result<()> {
    let id = group["id"].as_str().unwrap_or_default().to_owned();
    let (db, visible) = (app.db.read(), reader.visible());
    let found = match group_id::right_of(&id) {
        Some(right) => visible_accounts::list_of_right(db, &visible, right, MOST_LOOKED_AT).await?,
        None => visible_accounts::list_of_organization(db, &visible, &id, MOST_LOOKED_AT).await?,
    };
    let accounts = found.ok_or_else(|| {
        let detail =
            format!("{id} has too many members: read the users with the filter groups.value eq \"{id}\"");
        Error::bad(ScimType::TooMany, detail)
    })?;
    let users = show_all(app, reader, &accounts).await?;
    let belongs = |user: &&Value| {
        let groups = user["groups"].as_array().into_iter().flatten();
        groups.into_iter().any(|it| it["value"] == id.as_str())
    };
    let members: Vec<Value> = users.iter().filter(belongs).map(|it| member(app, it)).collect();
    if !members.is_empty() {
        group["members"] = members.into();
    }
    Ok(())
}
