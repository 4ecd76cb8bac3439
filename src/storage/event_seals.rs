//! The chain of the audit trail: seals in the order of their positions, and the ends of the chain. `audit` makes and
//! verifies them (`domain::audit_trail` says what they cover), `erasure` has a part of an entry emptied.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
};

use super::entities::{event, event_chain_end, event_seal};
use super::events::{entry, insert_with_id};
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::audit_trail::{Commitment, End, Entry, Part, Place, Seal};
use crate::domain::event::{Action, Event};

/// Lists the oldest entries that are not sealed. They stay as they are read until the transaction ends.
pub async fn list_unsealed_locked(tx: &impl ConnectionTrait, limit: u64) -> Result<Vec<Entry>, DbErr> {
    let rows = unsealed(0).limit(limit).lock_exclusive().all(tx).await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Lists the oldest entries that are not sealed, after an id.
pub async fn list_unsealed(db: &impl ConnectionTrait, after: i64, limit: u64) -> Result<Vec<Entry>, DbErr> {
    let rows = unsealed(after).limit(limit).all(db).await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Returns a condition whose value is in the text: the index of what waits is partial.
fn is_sealed(value: bool) -> Expr {
    event::Column::Sealed.into_expr().eq(Expr::Constant(value.into()))
}

fn unsealed(after: i64) -> Select<event::Entity> {
    event::Entity::find()
        .filter(is_sealed(false))
        .filter(event::Column::Id.gt(after))
        .order_by_asc(event::Column::Id)
}

/// Writes seals, and marks their entries.
pub async fn insert(tx: &impl ConnectionTrait, seals: &[Seal]) -> Result<(), DbErr> {
    let ids: Vec<i64> = seals.iter().map(|it| it.entry).collect();
    event_seal::Entity::insert_many(seals.iter().map(row))
        .exec_without_returning(tx)
        .await?;
    event::Entity::update_many()
        .col_expr(event::Column::Sealed, Expr::value(true))
        .filter(event::Column::Id.is_in(ids))
        .exec(tx)
        .await
        .map(drop)
}

/// Returns an end of the chain with what authenticates it; `None` if there is none yet.
pub async fn find_end(db: &impl ConnectionTrait, end: End) -> Result<Option<(Place, String)>, DbErr> {
    let found = event_chain_end::Entity::find_by_id(end.as_str()).one(db).await?;
    Ok(found.map(|row| {
        let place = Place {
            position: row.position,
            digest: row.digest,
        };
        (place, row.mac)
    }))
}

/// Moves an end of the chain unless it was moved meanwhile. Returns `true` if it is moved.
pub async fn move_end(
    tx: &impl ConnectionTrait,
    end: End,
    from: Option<&Place>,
    to: &Place,
    mac: String,
) -> Result<bool, DbErr> {
    use event_chain_end::Column as C;

    let Some(from) = from else {
        let row = event_chain_end::ActiveModel {
            name: Set(end.as_str().to_owned()),
            position: Set(to.position),
            digest: Set(to.digest.clone()),
            mac: Set(mac),
        };
        let unless_there = OnConflict::column(C::Name).do_nothing().to_owned();
        let written = event_chain_end::Entity::insert(row)
            .on_conflict(unless_there)
            .exec_without_returning(tx)
            .await?;
        return Ok(written == 1);
    };
    let done = event_chain_end::Entity::update_many()
        .col_expr(C::Position, Expr::value(to.position))
        .col_expr(C::Digest, Expr::value(to.digest.as_str()))
        .col_expr(C::Mac, Expr::value(mac))
        .filter(C::Name.eq(end.as_str()))
        .filter(C::Position.eq(from.position))
        .filter(C::Digest.eq(from.digest.as_str()))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Lists seals in the order of the chain, each with its entry, read by one statement: an entry that is emptied meanwhile
/// is read before or after it, with its seal.
pub async fn list_after(
    db: &impl ConnectionTrait,
    position: i64,
    limit: u64,
) -> Result<Vec<(Seal, Option<Entry>)>, DbErr> {
    let rows = event_seal::Entity::find()
        .find_also_related(event::Entity)
        .filter(event_seal::Column::Position.gt(position))
        .order_by_asc(event_seal::Column::Position)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(row, event)| (seal(row), event.map(entry)))
        .collect())
}

/// Returns the seals of these entries.
pub async fn list_of_entries(
    db: &impl ConnectionTrait,
    entries: &[Entry],
) -> Result<HashMap<i64, Seal>, DbErr> {
    if entries.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = event_seal::Entity::find()
        .filter(event_seal::Column::EventId.is_in(entries.iter().map(|it| it.id)))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|it| (it.event_id, seal(it))).collect())
}

/// Returns the seal at a position.
pub async fn find(db: &impl ConnectionTrait, position: i64) -> Result<Option<Seal>, DbErr> {
    Ok(event_seal::Entity::find_by_id(position).one(db).await?.map(seal))
}

/// Returns `true` if a seal is left at this position or before it.
pub async fn is_any_until(db: &impl ConnectionTrait, position: i64) -> Result<bool, DbErr> {
    let found: Option<i64> = event_seal::Entity::find()
        .select_only()
        .column(event_seal::Column::Position)
        .filter(event_seal::Column::Position.lte(position))
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Lists entries that are marked as sealed and have no seal, after an id.
pub async fn list_marked_without_seal(
    db: &impl ConnectionTrait,
    after: i64,
    limit: u64,
) -> Result<Vec<i64>, DbErr> {
    let seals = event_seal::Entity::find()
        .select_only()
        .column(event_seal::Column::EventId)
        .filter(
            Expr::col((event_seal::Entity, event_seal::Column::EventId))
                .equals((event::Entity, event::Column::Id)),
        )
        .into_query();
    event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(is_sealed(true))
        .filter(event::Column::Id.gt(after))
        .filter(Expr::exists(seals).not())
        .order_by_asc(event::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Removes the seals up to a position, with these entries. The caller moves the start of the chain there.
pub async fn delete_until(tx: &impl ConnectionTrait, position: i64, entries: &[i64]) -> Result<(), DbErr> {
    event_seal::Entity::delete_many()
        .filter(event_seal::Column::Position.lte(position))
        .exec(tx)
        .await?;
    event::Entity::delete_many()
        .filter(event::Column::Id.is_in(entries.iter().copied()))
        .exec(tx)
        .await
        .map(drop)
}

/// Empties the salts of a part of these entries, whose content the caller has emptied, and records it: the trail itself
/// says what was emptied. Entries that are not sealed yet are sealed as they are now.
pub(super) async fn empty(
    tx: &impl ConnectionTrait,
    now: Time,
    account: &str,
    part: Part,
    entries: &[i64],
) -> Result<(), DbErr> {
    use event_seal::Column as S;

    let (salt, emptied_by) = match part {
        Part::Traces => (S::TracesSalt, S::TracesEmptiedBy),
        Part::Reason => (S::ReasonSalt, S::ReasonEmptiedBy),
        Part::Object => (S::ObjectSalt, S::ObjectEmptiedBy),
    };
    let positions: Vec<i64> = event_seal::Entity::find()
        .select_only()
        .column(S::Position)
        .filter(S::EventId.is_in(entries.iter().copied()))
        .filter(salt.is_not_null())
        .order_by_asc(S::Position)
        .into_tuple()
        .all(tx)
        .await?;
    if positions.is_empty() {
        return Ok(());
    }
    let event = Event::new(Action::AuditEmptied, format!("account:{account}"))
        .with(serde_json::json!({"part": part, "positions": positions}));
    let record = insert_with_id(tx, now, &Context::system(), &event).await?;
    event_seal::Entity::update_many()
        .col_expr(salt, Expr::value(None::<String>))
        .col_expr(emptied_by, Expr::value(record))
        .filter(S::Position.is_in(positions))
        .exec(tx)
        .await
        .map(drop)
}

fn row(seal: &Seal) -> event_seal::ActiveModel {
    let split = |part: Option<&Commitment>| match part {
        Some(it) => (
            Set(Some(it.digest.clone())),
            Set(it.salt.clone()),
            Set(it.emptied_by),
        ),
        None => (Set(None), Set(None), Set(None)),
    };
    let (traces, traces_salt, traces_emptied_by) = split(seal.traces.as_ref());
    let (reason, reason_salt, reason_emptied_by) = split(seal.reason.as_ref());
    let (object, object_salt, object_emptied_by) = split(seal.object.as_ref());
    event_seal::ActiveModel {
        position: Set(seal.position),
        event_id: Set(seal.entry),
        sealed_at: Set(seal.sealed_at),
        digest: Set(seal.digest.clone()),
        traces,
        traces_salt,
        traces_emptied_by,
        reason,
        reason_salt,
        reason_emptied_by,
        object,
        object_salt,
        object_emptied_by,
    }
}

fn seal(row: event_seal::Model) -> Seal {
    let part = |digest: Option<String>, salt, emptied_by| {
        digest.map(|digest| Commitment {
            digest,
            salt,
            emptied_by,
        })
    };
    Seal {
        position: row.position,
        entry: row.event_id,
        sealed_at: row.sealed_at,
        traces: part(row.traces, row.traces_salt, row.traces_emptied_by),
        reason: part(row.reason, row.reason_salt, row.reason_emptied_by),
        object: part(row.object, row.object_salt, row.object_emptied_by),
        digest: row.digest,
    }
}
