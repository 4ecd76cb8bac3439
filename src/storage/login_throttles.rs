//! Counts failed logins by account key, or by browser that logged in before (security.md PW-4). The counts are durable:
//! a restart gives nobody a new set of guesses (ST-1).

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
};

use super::batches;
use super::entities::login_throttle::{ActiveModel, Column, Entity, Model};
use crate::domain::Time;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    pub failures: i32,
    pub blocked_until: Option<Time>,
}

pub async fn find(db: &impl ConnectionTrait, key: &str) -> Result<Option<Throttle>, DbErr> {
    let row = Entity::find_by_id(key).one(db).await?;
    Ok(row.map(throttle))
}

/// Returns the counter, and holds it until the transaction ends. One that is missing begins at no failure: a row that is
/// not there cannot be held, and of requests beside each other each would find that nobody failed.
pub async fn hold(db: &impl ConnectionTrait, key: &str, now: Time) -> Result<Throttle, DbErr> {
    add_failures(db, key, 0, now).await
}

/// Counts one more failure, and returns the counter. The row is locked until the transaction ends.
pub async fn count_failure(db: &impl ConnectionTrait, key: &str, now: Time) -> Result<Throttle, DbErr> {
    add_failures(db, key, 1, now).await
}

async fn add_failures(
    db: &impl ConnectionTrait,
    key: &str,
    failures: i32,
    now: Time,
) -> Result<Throttle, DbErr> {
    let row = ActiveModel {
        key: Set(key.to_owned()),
        failures: Set(failures),
        blocked_until: Set(None),
        updated_at: Set(now),
        subject: Set(subject(key).to_owned()),
    };
    let again = OnConflict::column(Column::Key)
        .value(
            Column::Failures,
            Expr::col((Entity, Column::Failures)).add(failures),
        )
        .value(Column::UpdatedAt, Expr::value(now))
        .value(Column::Subject, Expr::value(subject(key)))
        .to_owned();
    let row = Entity::insert(row)
        .on_conflict(again)
        .exec_with_returning(db)
        .await?;
    Ok(throttle(row))
}

pub async fn update_blocked(db: &impl ConnectionTrait, key: &str, until: Time) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::BlockedUntil, Expr::value(until))
        .filter(Column::Key.eq(key))
        .exec(db)
        .await
        .map(drop)
}

pub async fn delete(db: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(key).exec(db).await.map(drop)
}

/// Returns whom a counter is about, whatever browser it is of.
fn subject(key: &str) -> &str {
    key.rsplit(':').next().unwrap_or_default()
}

/// Returns the counters of an account, in all browsers: of its identifier, or of the keyed digest of its address. A
/// counter that a node of the release before began has no subject; its key ends with it.
pub(super) fn of_subjects<'a>(subjects: impl IntoIterator<Item = &'a str>) -> Condition {
    let mut named = vec![""];
    let mut any = Condition::any().add(Column::Subject.ne(""));
    for subject in subjects {
        named.push(subject);
        any = any.add(Column::Key.ends_with(format!(":{subject}")));
    }
    // One range of the index for each: PostgreSQL would read the whole table for conditions that are joined by OR.
    Condition::all().add(Column::Subject.is_in(named)).add(any)
}

/// Forgets the failures of an account.
pub async fn delete_of(db: &impl ConnectionTrait, subject: &str) -> Result<u64, DbErr> {
    let done = Entity::delete_many()
        .filter(of_subjects([subject]))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}

/// Forgets counters that nobody added to since, but not those that have stopped.
pub async fn delete_stale(db: &impl ConnectionTrait, stopped: i32, before: Time) -> Result<u64, DbErr> {
    let stale = Condition::all()
        .add(Column::UpdatedAt.lt(before))
        .add(Column::Failures.lt(stopped));
    batches::delete::<Entity, String>(db, Column::Key, stale).await
}

fn throttle(row: Model) -> Throttle {
    Throttle {
        failures: row.failures,
        blocked_until: row.blocked_until,
    }
}
