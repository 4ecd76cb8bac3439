//! Appends rows of the audit trail, and removes them at the end of their time; none is changed here. `audit` calls it, to
//! record in the transaction of the cause; `oidc::clients` reads what was refused to a client, `accounts` and `affiliations` what concerns a person. What
//! can be recorded is in `domain::event`.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::batches;
use super::entities::event;
use crate::domain::actor::{Context, Office};
use crate::domain::browser::browser_in_words;
use crate::domain::event::{Action, Event, Record, Refusal};
use crate::domain::{AccountId, AffiliationId, ClientId, Time};

pub async fn insert(
    db: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    event: &Event,
) -> Result<(), DbErr> {
    let person = event.person(context);
    let row = event::ActiveModel {
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
        browser: Set(browser_in_words(&context.user_agent)),
        ..Default::default()
    };
    event::Entity::insert(row)
        .exec_without_returning(db)
        .await
        .map(drop)
}

/// Deletes a batch of those from before.
pub async fn delete_made_before(db: &impl ConnectionTrait, time: Time) -> Result<u64, DbErr> {
    let old = Condition::all().add(event::Column::At.lt(time));
    batches::delete::<event::Entity, i64>(db, event::Column::Id, old).await
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
