//! Appends rows of the audit trail; none is changed or removed here. `audit::record` calls it in the transaction of the
//! cause, `oidc::clients` reads what was refused to a client, `accounts` and `affiliations` what concerns a person, `audit`
//! searches the whole trail and counts it by day. What can be recorded is in `domain::event`, the seals of the rows are in `event_seals`.

use std::collections::HashMap;

use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

use super::entities::event;
use crate::domain::actor::{Actor, Context, Office};
use crate::domain::audit_trail::Entry;
use crate::domain::browser::browser_in_words;
use crate::domain::event::{Action, Event, Record, Refusal};
use crate::domain::{AccountId, AffiliationId, ClientId, OrganizationId, Time};

pub async fn insert(
    db: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    event: &Event,
) -> Result<(), DbErr> {
    event::Entity::insert(row(now, context, event))
        .exec_without_returning(db)
        .await
        .map(drop)
}

/// Does what `insert` does, and returns the id of the row.
pub(super) async fn insert_with_id(
    db: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    event: &Event,
) -> Result<i64, DbErr> {
    let done = event::Entity::insert(row(now, context, event)).exec(db).await?;
    Ok(done.last_insert_id)
}

fn row(now: Time, context: &Context, event: &Event) -> event::ActiveModel {
    let person = event.person(context);
    event::ActiveModel {
        at: Set(now),
        actor: Set(context.actor.label()),
        action: Set(event.action.as_str().to_owned()),
        object: Set(event.object.clone()),
        organization_id: Set(event.organization.as_ref().map(ToString::to_string)),
        success: Set(event.success),
        reason: Set(event.reason.clone()),
        before: Set(event.before.as_ref().map(ToString::to_string)),
        after: Set(event.after.as_ref().map(ToString::to_string)),
        network: Set(context.network.clone()),
        request_id: Set(context.request_id.clone()),
        acted_as: Set(context.actor.office(person.as_ref()).as_str().to_owned()),
        account_id: Set(person.map(AccountId::into_string)),
        browser: Set(browser_of(context)),
        ..Default::default()
    }
}

/// Returns the browser of a person; of a person who acts through a program, the program.
fn browser_of(context: &Context) -> String {
    match &context.actor {
        Actor::Program {
            client,
            person: Some(_),
            ..
        } => format!("client:{client}"),
        _ => browser_in_words(&context.user_agent),
    }
}

/// The conditions of a search in the whole trail; each is optional.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub actor: Option<String>,
    pub subject: Option<Subject>,
    pub action: Option<String>,
    /// The kinds; none is all.
    pub actions: Vec<Action>,
    /// The first moment that is in, and the first that is out.
    pub since: Option<Time>,
    pub until: Option<Time>,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Account(AccountId),
    Organization(OrganizationId),
    /// `kind:id`
    Object(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
}

/// The place of an entry in the order of time: a search goes on after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Time,
    pub id: i64,
}

impl From<&Entry> for Cursor {
    fn from(entry: &Entry) -> Self {
        Self {
            at: entry.at,
            id: entry.id,
        }
    }
}

/// Lists entries in the order of time, after the cursor: each condition has an index in this order.
pub async fn search(
    db: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<Cursor>,
    order: Order,
    limit: u64,
) -> Result<Vec<Entry>, DbErr> {
    use event::Column as E;

    let mut found = event::Entity::find().limit(limit);
    if let Some(actor) = &filter.actor {
        found = found.filter(E::Actor.eq(actor));
    }
    found = match &filter.subject {
        Some(Subject::Account(id)) => found.filter(E::AccountId.eq(id.as_str())),
        Some(Subject::Organization(id)) => found.filter(E::OrganizationId.eq(id.as_str())),
        Some(Subject::Object(object)) => found.filter(E::Object.eq(object)),
        None => found,
    };
    if let Some(action) = &filter.action {
        found = found.filter(E::Action.eq(action));
    }
    if !filter.actions.is_empty() {
        found = found.filter(E::Action.is_in(filter.actions.iter().map(|it| it.as_str())));
    }
    if let Some(since) = filter.since {
        found = found.filter(E::At.gte(since));
    }
    if let Some(until) = filter.until {
        found = found.filter(E::At.lt(until));
    }
    // The first condition bounds the walk of the index, the second drops what has the same time and was given.
    found = match (after, order) {
        (Some(Cursor { at, id }), Order::NewestFirst) => {
            found.filter(E::At.lte(at)).filter(E::At.lt(at).or(E::Id.lt(id)))
        }
        (Some(Cursor { at, id }), Order::OldestFirst) => {
            found.filter(E::At.gte(at)).filter(E::At.gt(at).or(E::Id.gt(id)))
        }
        (None, _) => found,
    };
    let found = match order {
        Order::NewestFirst => found.order_by_desc(E::At).order_by_desc(E::Id),
        Order::OldestFirst => found.order_by_asc(E::At).order_by_asc(E::Id),
    };
    let rows = found.all(db).await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Counts the entries of a kind in a span of time.
pub async fn count(
    db: &impl ConnectionTrait,
    action: Action,
    since: Time,
    until: Time,
) -> Result<u64, DbErr> {
    event::Entity::find()
        .filter(event::Column::Action.eq(action.as_str()))
        .filter(event::Column::At.gte(since))
        .filter(event::Column::At.lt(until))
        .count(db)
        .await
}

/// How often an actor did something.
#[derive(Clone, Debug)]
pub struct Acts {
    pub actor: String,
    pub action: String,
    pub number: u64,
}

/// Counts what was done in an organization in a span of time, by kind and actor.
pub async fn count_acts(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    actions: &[Action],
    since: Time,
    until: Time,
) -> Result<Vec<Acts>, DbErr> {
    use event::Column as E;

    let rows: Vec<(String, String, i64)> = event::Entity::find()
        .select_only()
        .columns([E::Actor, E::Action])
        .column_as(E::Id.count(), "number")
        .filter(E::OrganizationId.eq(organization.as_str()))
        .filter(E::At.gte(since))
        .filter(E::At.lt(until))
        .filter(E::Action.is_in(actions.iter().map(|it| it.as_str())))
        .filter(E::Success.eq(true))
        .group_by(E::Actor)
        .group_by(E::Action)
        .into_tuple()
        .all(db)
        .await?;
    let acts = rows.into_iter().map(|(actor, action, number)| Acts {
        actor,
        action,
        number: u64::try_from(number).unwrap_or(0),
    });
    Ok(acts.collect())
}

/// Counts the newest entries of a kind since a time by their objects, `most` entries at most.
pub async fn count_by_object(
    db: &impl ConnectionTrait,
    action: Action,
    since: Time,
    most: u64,
) -> Result<HashMap<String, u64>, DbErr> {
    let objects: Vec<String> = event::Entity::find()
        .select_only()
        .column(event::Column::Object)
        .filter(event::Column::Action.eq(action.as_str()))
        .filter(event::Column::At.gte(since))
        .order_by_desc(event::Column::At)
        .order_by_desc(event::Column::Id)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    let mut counts = HashMap::new();
    for object in objects {
        *counts.entry(object).or_insert(0) += 1;
    }
    Ok(counts)
}

pub async fn find(db: &impl ConnectionTrait, id: i64) -> Result<Option<Entry>, DbErr> {
    Ok(event::Entity::find_by_id(id).one(db).await?.map(entry))
}

pub(super) fn entry(row: event::Model) -> Entry {
    Entry {
        id: row.id,
        at: row.at,
        actor: row.actor,
        acted_as: row.acted_as,
        action: row.action,
        object: row.object,
        account: row.account_id,
        organization: row.organization_id,
        success: row.success,
        reason: row.reason,
        before: row.before,
        after: row.after,
        network: row.network,
        browser: row.browser,
        request_id: row.request_id,
    }
}

/// Lists the newest refusals of an object, of these kinds.
pub async fn refusals(
    db: &impl ConnectionTrait,
    object: &str,
    actions: &[Action],
    most: u64,
) -> Result<Vec<Refusal>, DbErr> {
    let rows = event::Entity::find()
        .filter(event::Column::Object.eq(object))
        .filter(event::Column::Action.is_in(actions.iter().map(|it| it.as_str())))
        .filter(event::Column::Success.eq(false))
        .order_by_desc(event::Column::Id)
        .limit(most)
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Refusal {
            at: row.at,
            reason: row.reason.unwrap_or_default(),
            circumstances: row.after.and_then(|it| serde_json::from_str(&it).ok()),
            request_id: row.request_id,
        })
        .collect())
}

/// The records of one person that a list shows.
#[derive(Clone, Copy, Debug)]
pub struct OfPerson<'a> {
    pub account: &'a AccountId,
    pub since: Time,
    pub actions: &'a [Action],
}

impl OfPerson<'_> {
    fn select(&self) -> Select<event::Entity> {
        event::Entity::find()
            .filter(event::Column::AccountId.eq(self.account.as_str()))
            .filter(event::Column::At.gte(self.since))
            .filter(event::Column::Action.is_in(self.actions.iter().map(|it| it.as_str())))
    }
}

pub async fn count_of_person(db: &impl ConnectionTrait, which: OfPerson<'_>) -> Result<u64, DbErr> {
    which.select().count(db).await
}

/// Lists the records of a person, the newest first.
pub async fn list_of_person(
    db: &impl ConnectionTrait,
    which: OfPerson<'_>,
    offset: u64,
    limit: u64,
) -> Result<Vec<Record>, DbErr> {
    let rows = which
        .select()
        .order_by_desc(event::Column::At)
        .order_by_desc(event::Column::Id)
        .offset(offset)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().filter_map(record).collect())
}

/// Lists the records of a person about these affiliations, of these kinds, the oldest first.
pub async fn list_of_affiliations(
    db: &impl ConnectionTrait,
    account: &AccountId,
    affiliations: impl IntoIterator<Item = &AffiliationId>,
    actions: &[Action],
) -> Result<Vec<Record>, DbErr> {
    let objects: Vec<_> = affiliations
        .into_iter()
        .map(|it| format!("affiliation:{it}"))
        .collect();
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let rows = event::Entity::find()
        .filter(event::Column::Object.is_in(objects))
        .filter(event::Column::AccountId.eq(account.as_str()))
        .filter(event::Column::Action.is_in(actions.iter().map(|it| it.as_str())))
        .order_by_asc(event::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().filter_map(record).collect())
}

/// Returns `None` for an action of a later release.
fn record(row: event::Model) -> Option<Record> {
    let action = Action::parse(&row.action)?;
    let client = [&row.object, &row.actor]
        .into_iter()
        .find_map(|it| it.strip_prefix("client:"));
    Some(Record {
        at: row.at,
        action,
        client: client.map(ClientId::new),
        office: Office::parse(&row.acted_as),
        success: row.success,
        reason: row.reason,
        network: row.network,
        browser: row.browser,
        object: row.object,
    })
}
