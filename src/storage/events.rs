//! The audit trail: rows are only ever appended.

use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

use super::entities::event;
use crate::domain::{Time, actor::Context, event::Event};

pub async fn insert(
    db: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    it: &Event,
) -> Result<(), DbErr> {
    let row = event::ActiveModel {
        at: Set(now),
        actor: Set(context.actor.label()),
        action: Set(it.action.as_str().to_owned()),
        object: Set(it.object.clone()),
        organization_id: Set(it.organization.as_ref().map(ToString::to_string)),
        success: Set(it.success),
        reason: Set(it.reason.clone()),
        before: Set(it.before.as_ref().map(ToString::to_string)),
        after: Set(it.after.as_ref().map(ToString::to_string)),
        network: Set(context.network.clone()),
        request_id: Set(context.request_id.clone()),
        ..Default::default()
    };
    event::Entity::insert(row)
        .exec_without_returning(db)
        .await
        .map(drop)
}
