//! Counters that rise with each change of what processes keep in memory (clients, signing keys), so
//! that a process asks one row instead of reading everything again.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, ExprTrait};

use super::entities::generation::{ActiveModel, Column, Entity};

pub const CLIENTS: &str = "clients";
pub const SIGNING_KEYS: &str = "signing_keys";

/// Zero as long as nothing has changed.
pub async fn current(db: &impl ConnectionTrait, name: &str) -> Result<i64, DbErr> {
    let row = Entity::find_by_id(name).one(db).await?;
    Ok(row.map_or(0, |it| it.value))
}

/// In the transaction of the change: who sees the number sees the change.
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

/// Raises it unless somebody else has since `seen`; tells whether it was raised.
pub async fn raise_from(tx: &impl ConnectionTrait, name: &str, seen: i64) -> Result<bool, DbErr> {
    raise(tx, name).await?;
    Ok(current(tx, name).await? == seen + 1)
}
