//! Stores what is on its way to streams and webhooks: waiting, or given up. A delivered row is deleted. `signals` inserts
//! in the transaction of the cause; `oidc::shared_signals` sends, and decides when something is tried again.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::event_delivery::{ActiveModel, Column, Entity, Model};
use super::{batches, corrupt};
use crate::domain::signal::SignalKind;
use crate::domain::{AccountId, ReceiverId, Time};

/// The rows of one statement.
const AT_ONCE: usize = 500;

/// Something that a receiver is to be told.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The `jti`, the same at every attempt.
    pub id: String,
    pub receiver: ReceiverId,
    /// The person whose events come in order; `None` if it is about the stream, or the account is gone.
    pub account: Option<AccountId>,
    pub kind: SignalKind,
    pub sealed_signal: String,
    pub caused_at: Time,
}

/// Something that a receiver was not told yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: String,
    pub receiver: ReceiverId,
    pub account: Option<AccountId>,
    pub kind: SignalKind,
    pub sealed_signal: String,
    pub caused_at: Time,
    /// The attempts before this one.
    pub attempts: i32,
    /// Those at which the receiver refused it, and not all that it was sent.
    pub refusals: i32,
    pub dead_at: Option<Time>,
    pub failure: Option<String>,
}

/// What waits for a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    pub waiting: u64,
    pub oldest: Option<Time>,
    pub dead: u64,
}

pub async fn insert(tx: &impl ConnectionTrait, new: Vec<NewDelivery>) -> Result<(), DbErr> {
    if new.is_empty() {
        return Ok(());
    }
    let rows = new.into_iter().map(|it| ActiveModel {
        id: Set(it.id),
        receiver_id: Set(it.receiver.into_string()),
        account_id: Set(it.account.map(AccountId::into_string)),
        kind: Set(it.kind.as_str().to_owned()),
        sealed_signal: Set(it.sealed_signal),
        caused_at: Set(it.caused_at),
        tried_since: Set(it.caused_at),
        due_at: Set(it.caused_at),
        attempts: Set(0),
        refusals: Set(0),
        dead_at: Set(None),
        failure: Set(None),
        ..Default::default()
    });
    // A database takes so many values in one statement.
    let rows: Vec<ActiveModel> = rows.collect();
    for some in rows.chunks(AT_ONCE) {
        Entity::insert_many(some.to_vec())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Which of the waiting rows may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    All,
    /// What is about the stream itself.
    OfStream,
}

/// Lists what may be sent now, in order: of each person the earliest alone, so that nothing overtakes it.
pub async fn list_heads(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    passing: Passing,
    now: Time,
    most: u64,
) -> Result<Vec<Delivery>, DbErr> {
    let found = heads(receiver, passing, now).order_by_asc(Column::Position);
    let rows = found.limit(most).all(db).await?;
    rows.into_iter().map(from_row).collect()
}

/// Lists what a sender takes next: of each person the earliest alone. What was never tried has half of the places at least,
/// and so has what is tried again: people of whom nothing can be sent keep nobody else's from the receiver.
pub async fn list_next(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    passing: Passing,
    now: Time,
    most: u64,
) -> Result<Vec<Delivery>, DbErr> {
    let new = heads(receiver, passing, now).filter(Expr::cust("\"event_deliveries\".\"attempts\" = 0"));
    let mut new = new.order_by_asc(Column::Position).limit(most).all(db).await?;
    let places = most - std::cmp::min(new.len() as u64, most / 2);
    let again = heads(receiver, passing, now).filter(Expr::cust("\"event_deliveries\".\"attempts\" > 0"));
    let again = again
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Position)
        .limit(places)
        .all(db)
        .await?;
    new.truncate(usize::try_from(most).unwrap_or(usize::MAX) - again.len());
    new.into_iter().chain(again).map(from_row).collect()
}

fn heads(receiver: &ReceiverId, passing: Passing, now: Time) -> sea_orm::Select<Entity> {
    let earlier = Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, "earlier")
        .and_where(Expr::col(("earlier", Column::ReceiverId)).eq(receiver.as_str()))
        .and_where(Expr::col(("earlier", Column::AccountId)).equals((Entity, Column::AccountId)))
        .and_where(Expr::col(("earlier", Column::Position)).lt(Expr::col((Entity, Column::Position))))
        .and_where(Expr::col(("earlier", Column::DeadAt)).is_null())
        .to_owned();
    let mut found = waiting(receiver)
        .filter(Column::DueAt.lte(now))
        .filter(Expr::exists(earlier).not());
    if passing == Passing::OfStream {
        found = found.filter(Column::Kind.is_in(SignalKind::OF_STREAMS.map(SignalKind::as_str)));
    }
    found
}

/// Returns `true` if more than `number` wait for the receiver.
pub async fn exceeds(db: &impl ConnectionTrait, receiver: &ReceiverId, number: usize) -> Result<bool, DbErr> {
    let found: Vec<i64> = waiting(receiver)
        .select_only()
        .column(Column::Position)
        .order_by_asc(Column::Position)
        .limit(number as u64 + 1)
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.len() > number)
}

fn waiting(receiver: &ReceiverId) -> sea_orm::Select<Entity> {
    Entity::find()
        .filter(Column::ReceiverId.eq(receiver.as_str()))
        .filter(Column::DeadAt.is_null())
}

fn dead(receiver: &ReceiverId) -> Condition {
    Condition::all()
        .add(Column::ReceiverId.eq(receiver.as_str()))
        .add(Column::DeadAt.is_not_null())
}

/// Deletes what the receiver has. Returns how many there were.
pub async fn delete(db: &impl ConnectionTrait, receiver: &ReceiverId, ids: &[String]) -> Result<u64, DbErr> {
    if ids.is_empty() {
        return Ok(0);
    }
    let done = Entity::delete_many()
        .filter(Column::Id.is_in(ids))
        .filter(Column::ReceiverId.eq(receiver.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}

/// Counts an attempt that failed, or was refused. The next one is due at that time.
pub async fn put_off(
    db: &impl ConnectionTrait,
    id: &str,
    (next, is_refused): (Time, bool),
    failure: &str,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(
            Column::Refusals,
            Expr::col(Column::Refusals).add(i32::from(is_refused)),
        )
        .col_expr(Column::DueAt, Expr::value(next))
        .col_expr(Column::Failure, Expr::value(failure))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(drop)
}

/// Gives up one: it is a dead letter until it is replayed, discarded or forgotten. Returns `false` if the receiver has no
/// such row that waits.
pub async fn bury(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    id: &str,
    now: Time,
    failure: &str,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::DeadAt, Expr::value(now))
        .col_expr(Column::Failure, Expr::value(failure))
        .filter(Column::Id.eq(id))
        .filter(Column::ReceiverId.eq(receiver.as_str()))
        .filter(Column::DeadAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Gives up a batch of what is tried since before that time, and returns how many those were.
pub async fn bury_old(db: &impl ConnectionTrait, before: Time, now: Time) -> Result<u64, DbErr> {
    let old: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DeadAt.is_null())
        .filter(Column::TriedSince.lt(before))
        .limit(batches::ROWS as u64)
        .into_tuple()
        .all(db)
        .await?;
    if old.is_empty() {
        return Ok(0);
    }
    let found = old.len() as u64;
    Entity::update_many()
        .col_expr(Column::DeadAt, Expr::value(now))
        .filter(Column::Id.is_in(old))
        .filter(Column::DeadAt.is_null())
        .exec(db)
        .await?;
    Ok(found)
}

/// Deletes a batch of what was given up before that time, and returns how many it found.
pub async fn delete_dead(db: &impl ConnectionTrait, before: Time) -> Result<u64, DbErr> {
    let old = Condition::all()
        .add(Column::DeadAt.is_not_null())
        .add(Column::DeadAt.lt(before));
    batches::delete::<Entity, String>(db, Column::Id, old).await
}

/// Makes dead letters due again: one, or all of the receiver. Returns how many.
pub async fn replay(
    tx: &impl ConnectionTrait,
    receiver: &ReceiverId,
    id: Option<&str>,
    now: Time,
) -> Result<u64, DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::DeadAt, Expr::value(None::<Time>))
        .col_expr(Column::DueAt, Expr::value(now))
        .col_expr(Column::TriedSince, Expr::value(now))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::Refusals, Expr::value(0))
        .filter(dead(receiver));
    if let Some(id) = id {
        update = update.filter(Column::Id.eq(id));
    }
    Ok(update.exec(tx).await?.rows_affected)
}

/// Deletes dead letters: one, or all of the receiver. Returns how many.
pub async fn discard(
    tx: &impl ConnectionTrait,
    receiver: &ReceiverId,
    id: Option<&str>,
) -> Result<u64, DbErr> {
    let mut delete = Entity::delete_many().filter(dead(receiver));
    if let Some(id) = id {
        delete = delete.filter(Column::Id.eq(id));
    }
    Ok(delete.exec(tx).await?.rows_affected)
}

/// Deletes what waits for a receiver that is disabled, but for what tells it so.
pub async fn delete_waiting(tx: &impl ConnectionTrait, receiver: &ReceiverId) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::ReceiverId.eq(receiver.as_str()))
        .filter(Column::DeadAt.is_null())
        .filter(Column::Kind.ne(SignalKind::StreamUpdated.as_str()))
        .exec(tx)
        .await
        .map(drop)
}

pub async fn queue(db: &impl ConnectionTrait, receiver: &ReceiverId) -> Result<Queue, DbErr> {
    let oldest = waiting(receiver).order_by_asc(Column::Position).one(db).await?;
    Ok(Queue {
        waiting: waiting(receiver).count(db).await?,
        oldest: oldest.map(|it| it.caused_at),
        dead: Entity::find().filter(dead(receiver)).count(db).await?,
    })
}

fn dead_of(receiver: &ReceiverId, kind: Option<SignalKind>) -> Condition {
    dead(receiver).add_option(kind.map(|it| Column::Kind.eq(it.as_str())))
}

pub async fn count_dead(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    kind: Option<SignalKind>,
) -> Result<u64, DbErr> {
    Entity::find().filter(dead_of(receiver, kind)).count(db).await
}

/// Lists dead letters, the newest first.
pub async fn list_dead(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    kind: Option<SignalKind>,
    offset: u64,
    limit: u64,
) -> Result<Vec<Delivery>, DbErr> {
    let rows = Entity::find()
        .filter(dead_of(receiver, kind))
        .order_by_desc(Column::Position)
        .offset(offset)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

fn from_row(row: Model) -> Result<Delivery, DbErr> {
    let kind = SignalKind::parse(&row.kind).ok_or_else(|| corrupt("event_deliveries", &row.id))?;
    Ok(Delivery {
        id: row.id,
        receiver: ReceiverId::new(row.receiver_id),
        account: row.account_id.map(AccountId::new),
        kind,
        sealed_signal: row.sealed_signal,
        caused_at: row.caused_at,
        attempts: row.attempts,
        refusals: row.refusals,
        dead_at: row.dead_at,
        failure: row.failure,
    })
}
