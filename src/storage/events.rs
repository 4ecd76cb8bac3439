//! Appends rows of the audit trail; none is changed or removed. `audit::record` calls it in the transaction of the
//! cause, and `oidc::clients` reads what was refused to a client. What can be recorded is in `domain::event`.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::event;
use crate::domain::event::{Action, Event, Refusal};
use crate::domain::{Time, actor::Context};

pub async fn insert(
    db: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    event: &Event,
) -> Result<(), DbErr> {
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
        ..Default::default()
    };
    event::Entity::insert(row)
        .exec_without_returning(db)
        .await
        .map(drop)
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
