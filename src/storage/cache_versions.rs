//! Counters that rise with each change of what processes keep in memory (clients, signing keys,
//! published documents), so that a process asks one row instead of reading everything again.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, ExprTrait};

use super::entities::generation::{ActiveModel, Column, Entity};
use crate::domain::Time;

pub const CLIENTS: &str = "clients";
pub const SIGNING_KEYS: &str = "signing_keys";
pub const DOCUMENTS: &str = "documents";
/// The name of the time, not a counter, when the administrators were last mailed about what is overdue.
pub const OVERDUE_NOTIFIED: &str = "overdue_told";
/// The name of the time, not a counter, when the weekly digests of all were last found written.
pub const WEEKLY_DIGESTS_SENT: &str = "weekly_digests_sent";
/// The name of the time, not a counter, when it was last counted who accepted the documents.
pub const ACCEPTANCES_COUNTED: &str = "acceptances_counted";

/// Returns the counter: zero as long as nothing has changed.
pub async fn current(db: &impl ConnectionTrait, name: &str) -> Result<i64, DbErr> {
    let row = Entity::find_by_id(name).one(db).await?;
    Ok(row.map_or(0, |it| it.value))
}

/// Raises the counter in the transaction of the change: a reader who sees the number sees the change.
pub async fn raise(tx: &impl ConnectionTrait, name: &str) -> Result<(), DbErr> {
    let row = ActiveModel {
        name: Set(name.to_owned()),
        value: Set(1),
    };
    let add_one = OnConflict::column(Column::Name)
        .value(Column::Value, Expr::col((Entity, Column::Value)).add(1))
        .to_owned();
    Entity::insert(row)
        .on_conflict(add_one)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Raises it unless somebody else has since `seen`; returns `true` if it was raised.
pub async fn raise_from(tx: &impl ConnectionTrait, name: &str, seen: i64) -> Result<bool, DbErr> {
    raise(tx, name).await?;
    Ok(current(tx, name).await? == seen + 1)
}

/// Notes that it is done at `now`, unless it was done after `before`: of any number that ask at once, one gets `true`.
pub async fn take_turn(
    tx: &impl ConnectionTrait,
    name: &str,
    now: Time,
    before: Time,
) -> Result<bool, DbErr> {
    let row = ActiveModel {
        name: Set(name.to_owned()),
        value: Set(now.timestamp()),
    };
    let unless_done = OnConflict::column(Column::Name)
        .update_column(Column::Value)
        .action_and_where(Expr::col((Entity, Column::Value)).lte(before.timestamp()))
        .to_owned();
    let written = Entity::insert(row)
        .on_conflict(unless_done)
        .exec_without_returning(tx)
        .await?;
    Ok(written == 1)
}
