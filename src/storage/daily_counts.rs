//! The numbers of each day, a row for each kind, each with the time up to which it was counted. `audit::daily_counts`
//! decides what is counted next.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
};

use super::entities::daily_count::{ActiveModel, Column, Entity, Model};
use super::{Database, corrupt};
use crate::domain::Time;
use crate::domain::daily_count::{Counted, DailyCount};

/// Returns the newest day of a kind.
pub async fn find_newest(db: &impl ConnectionTrait, kind: Counted) -> Result<Option<DailyCount>, DbErr> {
    let row = Entity::find()
        .filter(Column::Kind.eq(kind.as_str()))
        .order_by_desc(Column::Day)
        .one(db)
        .await?;
    row.map(from_row).transpose()
}

/// Lists the days of a kind since a day, the oldest first.
pub async fn list(
    db: &impl ConnectionTrait,
    kind: Counted,
    since: NaiveDate,
) -> Result<Vec<DailyCount>, DbErr> {
    let rows = Entity::find()
        .filter(Column::Kind.eq(kind.as_str()))
        .filter(Column::Day.gte(since))
        .order_by_asc(Column::Day)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Begins a day, unless another node has begun it.
pub async fn begin(db: &Database, it: &DailyCount) -> Result<(), DbErr> {
    let row = ActiveModel {
        kind: Set(it.kind.as_str().to_owned()),
        day: Set(it.day),
        number: Set(it.number.cast_signed()),
        counted_until: Set(it.until),
    };
    let once = OnConflict::columns([Column::Kind, Column::Day])
        .do_nothing()
        .to_owned();
    Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(db)
        .await
        .map(drop)
}

/// Adds what was counted up to a later time. Returns `false` if another node has counted on.
pub async fn advance(db: &Database, it: &DailyCount, more: u64, until: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Number, Expr::col(Column::Number).add(more.cast_signed()))
        .col_expr(Column::CountedUntil, Expr::value(until))
        .filter(Column::Kind.eq(it.kind.as_str()))
        .filter(Column::Day.eq(it.day))
        .filter(Column::CountedUntil.eq(it.until))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Forgets the days of a kind before a day.
pub async fn delete_before(db: &Database, kind: Counted, day: NaiveDate) -> Result<u64, DbErr> {
    let old = Condition::all()
        .add(Column::Kind.eq(kind.as_str()))
        .add(Column::Day.lt(day));
    Ok(Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}

fn from_row(row: Model) -> Result<DailyCount, DbErr> {
    let kind = Counted::parse(&row.kind).ok_or_else(|| corrupt("daily_counts", &row.kind))?;
    Ok(DailyCount {
        kind,
        day: row.day,
        number: row.number.unsigned_abs(),
        until: row.counted_until,
    })
}
