//! Global revocations, each with how far it has come. There are as many as incidents, and each is forgotten when nothing
//! that it ended could be presented any more.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::entities::global_revocation::{ActiveModel, Column, Entity, Model};
use super::{batches, corrupt};
use crate::domain::global_revocation::{Ended, GlobalRevocation, GlobalRevocationId, RevocationTarget};
use crate::domain::{AccountId, Time};

pub async fn insert(tx: &impl ConnectionTrait, it: &GlobalRevocation) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(it.id.to_string()),
        target_kind: Set(it.target.kind().to_owned()),
        target_id: Set(it.target.id().to_owned()),
        issued_until: Set(it.until),
        ends_sessions: Set(it.ends_sessions),
        requested_at: Set(it.requested_at),
        people: Set(it.ended.people.cast_signed()),
        sessions: Set(it.ended.sessions.cast_signed()),
        grants: Set(it.ended.grants.cast_signed()),
        reached: Set(it.reached.clone()),
        version: Set(it.version),
        completed_at: Set(it.completed_at),
    };
    Entity::insert(row).exec_without_returning(tx).await.map(drop)
}

pub async fn find(
    db: &impl ConnectionTrait,
    id: &GlobalRevocationId,
) -> Result<Option<GlobalRevocation>, DbErr> {
    let row = Entity::find_by_id(id.as_str()).one(db).await?;
    row.map(revocation).transpose()
}

/// Stores how far a revocation has come. Returns `false` if another node has done the same batch.
pub async fn advance(tx: &impl ConnectionTrait, to: &GlobalRevocation) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::People, Expr::value(to.ended.people.cast_signed()))
        .col_expr(Column::Sessions, Expr::value(to.ended.sessions.cast_signed()))
        .col_expr(Column::Grants, Expr::value(to.ended.grants.cast_signed()))
        .col_expr(Column::Reached, Expr::value(to.reached.as_str()))
        .col_expr(Column::Version, Expr::value(to.version))
        .col_expr(Column::CompletedAt, Expr::value(to.completed_at))
        .filter(Column::Id.eq(to.id.as_str()))
        .filter(Column::Version.eq(to.version - 1))
        .filter(Column::CompletedAt.is_null())
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Lists those that have batches left, the oldest first.
pub async fn list_open(db: &impl ConnectionTrait) -> Result<Vec<GlobalRevocation>, DbErr> {
    let rows = Entity::find()
        .filter(Column::CompletedAt.is_null())
        .order_by_asc(Column::RequestedAt)
        .all(db)
        .await?;
    rows.into_iter().map(revocation).collect()
}

/// Lists those whose target has this text in its identifier, the newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    text: &str,
    offset: u64,
    limit: u64,
) -> Result<Vec<GlobalRevocation>, DbErr> {
    let rows = named(text)
        .order_by_desc(Column::RequestedAt)
        .order_by_desc(Column::Id)
        .offset(offset)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(revocation).collect()
}

pub async fn count(db: &impl ConnectionTrait, text: &str) -> Result<u64, DbErr> {
    named(text).count(db).await
}

fn named(text: &str) -> Select<Entity> {
    let query = Entity::find();
    if text.is_empty() {
        return query;
    }
    query.filter(Column::TargetId.contains(text))
}

/// Returns the condition for those of one account alone.
pub(super) fn of_account(account: &AccountId) -> Condition {
    let target = RevocationTarget::Account(account.clone());
    Condition::all()
        .add(Column::TargetKind.eq(target.kind()))
        .add(Column::TargetId.eq(target.id()))
}

/// Forgets those that were completed before.
pub async fn delete_completed(db: &impl ConnectionTrait, before: Time) -> Result<u64, DbErr> {
    let over = Condition::all().add(Column::CompletedAt.lt(before));
    batches::delete::<Entity, String>(db, Column::Id, over).await
}

fn revocation(row: Model) -> Result<GlobalRevocation, DbErr> {
    let target = RevocationTarget::of(&row.target_kind, &row.target_id);
    Ok(GlobalRevocation {
        target: target.ok_or_else(|| corrupt("global_revocations", &row.id))?,
        id: GlobalRevocationId::new(row.id),
        until: row.issued_until,
        ends_sessions: row.ends_sessions,
        requested_at: row.requested_at,
        ended: Ended {
            people: row.people.unsigned_abs(),
            sessions: row.sessions.unsigned_abs(),
            grants: row.grants.unsigned_abs(),
        },
        reached: row.reached,
        version: row.version,
        completed_at: row.completed_at,
    })
}
