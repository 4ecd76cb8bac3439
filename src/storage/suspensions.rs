//! Why and since when an account is suspended. That it is, its status says (`accounts`).

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::entities::account::{Column, Entity};
use crate::domain::account::Suspension;
use crate::domain::{AccountId, Time};

/// Returns the suspension of an account, if there is one.
pub async fn find(db: &impl ConnectionTrait, id: &AccountId) -> Result<Option<Suspension>, DbErr> {
    let found: Option<(Option<Time>, Option<String>)> = Entity::find_by_id(id.as_str())
        .select_only()
        .columns([Column::SuspendedAt, Column::SuspensionReason])
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.and_then(|(at, reason)| {
        Some(Suspension {
            at: at?,
            reason: reason?,
        })
    }))
}

/// Writes the suspension, or that there is none any more.
pub async fn write(
    tx: &impl ConnectionTrait,
    id: &AccountId,
    suspension: Option<&Suspension>,
) -> Result<(), DbErr> {
    let (at, reason) = (suspension.map(|it| it.at), suspension.map(|it| it.reason.clone()));
    Entity::update_many()
        .col_expr(Column::SuspendedAt, Expr::value(at))
        .col_expr(Column::SuspensionReason, Expr::value(reason))
        .filter(Column::Id.eq(id.as_str()))
        .exec(tx)
        .await
        .map(drop)
}
