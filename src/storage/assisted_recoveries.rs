//! Recoveries through the ServiceDesk. Each change is conditional on the state that it was decided on (security.md G-9).

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::assisted_recovery::{ActiveModel, Column, Entity, Model};
use super::{batches, corrupt};
use crate::domain::assisted_recovery::{AssistedRecovery, Confirmation, Outcome};
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Time};

/// Inserts a request. A second open one of the account is refused by an index.
pub async fn insert(db: &impl ConnectionTrait, it: &AssistedRecovery) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(it.id.clone()),
        account_id: Set(it.account.to_string()),
        reason: Set(it.reason.clone()),
        asked_by: Set(it.asked_by.to_string()),
        asked_at: Set(it.asked_at),
        confirmed_by: Set(None),
        confirmed_at: Set(None),
        due_at: Set(it.due_at),
        stop_digest: Set(None),
        ended_at: Set(None),
        outcome: Set(None),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

pub async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<AssistedRecovery>, DbErr> {
    let row = Entity::find_by_id(id).one(db).await?;
    row.map(recovery).transpose()
}

pub async fn find_open(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Option<AssistedRecovery>, DbErr> {
    let row = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::EndedAt.is_null())
        .one(db)
        .await?;
    row.map(recovery).transpose()
}

/// Returns the recovery that the link stops, while it is open.
pub async fn find_by_stop(
    db: &impl ConnectionTrait,
    stop: &Digest,
) -> Result<Option<AssistedRecovery>, DbErr> {
    let row = Entity::find()
        .filter(Column::StopDigest.eq(stop.as_str()))
        .filter(Column::EndedAt.is_null())
        .one(db)
        .await?;
    row.map(recovery).transpose()
}

/// Lists all, the newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    offset: u64,
    limit: u64,
) -> Result<Vec<AssistedRecovery>, DbErr> {
    let rows = Entity::find()
        .order_by_desc(Column::AskedAt)
        .order_by_desc(Column::Id)
        .offset(offset)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(recovery).collect()
}

pub async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}

/// Lists what the job has to look at.
pub async fn list_due(db: &impl ConnectionTrait, now: Time, limit: u64) -> Result<Vec<String>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DueAt.lte(now))
        .order_by_asc(Column::DueAt)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Confirms a request that waits. Of any number of parallel uses, one gets `true`.
pub async fn confirm(
    db: &impl ConnectionTrait,
    id: &str,
    confirmation: &Confirmation,
    due_at: Time,
    stop: &Digest,
) -> Result<bool, DbErr> {
    let changes = ActiveModel {
        confirmed_by: Set(Some(confirmation.by.to_string())),
        confirmed_at: Set(Some(confirmation.at)),
        due_at: Set(Some(due_at)),
        stop_digest: Set(Some(stop.as_str().to_owned())),
        ..Default::default()
    };
    let done = Entity::update_many()
        .set(changes)
        .filter(Column::Id.eq(id))
        .filter(Column::ConfirmedAt.is_null())
        .filter(Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Ends an open one; of any number of parallel uses, one gets `true`.
pub async fn end(db: &impl ConnectionTrait, id: &str, outcome: Outcome, now: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now))
        .col_expr(Column::Outcome, Expr::value(outcome.as_str()))
        .col_expr(Column::DueAt, Expr::value(None::<Time>))
        .col_expr(Column::StopDigest, Expr::value(None::<String>))
        .filter(Column::Id.eq(id))
        .filter(Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn delete_ended_before(db: &impl ConnectionTrait, before: Time) -> Result<u64, DbErr> {
    let ended = Condition::all().add(Column::EndedAt.lt(before));
    batches::delete::<Entity, String>(db, Column::Id, ended).await
}

fn recovery(row: Model) -> Result<AssistedRecovery, DbErr> {
    let ended = match (row.ended_at, row.outcome.as_deref()) {
        (None, _) => None,
        (Some(at), outcome) => {
            let outcome = outcome.and_then(Outcome::parse);
            Some((
                outcome.ok_or_else(|| corrupt("assisted_recoveries", &row.id))?,
                at,
            ))
        }
    };
    let confirmed = row.confirmed_by.zip(row.confirmed_at);
    Ok(AssistedRecovery {
        id: row.id,
        account: AccountId::new(row.account_id),
        reason: row.reason,
        asked_by: AccountId::new(row.asked_by),
        asked_at: row.asked_at,
        confirmed: confirmed.map(|(by, at)| Confirmation {
            by: AccountId::new(by),
            at,
        }),
        due_at: row.due_at,
        ended,
    })
}
