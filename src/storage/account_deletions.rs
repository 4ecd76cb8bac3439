//! Deletions of accounts that were begun, one row for each account. `deletion_links` has the links that stop them.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::batches::ROWS;
use super::entities::account_deletion::{ActiveModel, Column, Entity, Model};
use crate::domain::account_deletion::AccountDeletion;
use crate::domain::{AccountId, Time};

pub async fn insert(db: &impl ConnectionTrait, deletion: &AccountDeletion) -> Result<(), DbErr> {
    let row = ActiveModel {
        account_id: Set(deletion.account.to_string()),
        requested_at: Set(deletion.requested_at),
        delete_at: Set(deletion.delete_at),
        reminded_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

pub async fn find(db: &impl ConnectionTrait, account: &AccountId) -> Result<Option<AccountDeletion>, DbErr> {
    let row = Entity::find_by_id(account.as_str()).one(db).await?;
    Ok(row.map(from_row))
}

/// Returns what comes after the last one of a list, in the order of the end. The time is named twice, for the index.
fn after(last: Option<&AccountDeletion>) -> Condition {
    let Some(last) = last else {
        return Condition::all();
    };
    let next = Condition::any()
        .add(Column::DeleteAt.gt(last.delete_at))
        .add(Column::AccountId.gt(last.account.as_str()));
    Condition::all()
        .add(Column::DeleteAt.gte(last.delete_at))
        .add(next)
}

/// Lists a part of those to be carried out, the longest due first.
pub async fn list_due(
    db: &impl ConnectionTrait,
    now: Time,
    last: Option<&AccountDeletion>,
) -> Result<Vec<AccountDeletion>, DbErr> {
    let rows = Entity::find()
        .filter(Column::DeleteAt.lte(now))
        .filter(after(last))
        .order_by_asc(Column::DeleteAt)
        .order_by_asc(Column::AccountId)
        .limit(ROWS as u64)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Lists a part of those that end before `end` and of which the person was not reminded.
pub async fn list_to_remind(
    db: &impl ConnectionTrait,
    end: Time,
    last: Option<&AccountDeletion>,
) -> Result<Vec<AccountDeletion>, DbErr> {
    let rows = Entity::find()
        .filter(Column::RemindedAt.is_null())
        .filter(Column::DeleteAt.lte(end))
        .filter(after(last))
        .order_by_asc(Column::DeleteAt)
        .order_by_asc(Column::AccountId)
        .limit(ROWS as u64)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Marks that the person is reminded. Of any number of nodes, one gets `true`.
pub async fn mark_reminded(db: &impl ConnectionTrait, account: &AccountId, now: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::RemindedAt, Expr::value(now))
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::RemindedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes the row: the account is kept, or is gone. Returns `false` if there was none.
pub async fn delete(db: &impl ConnectionTrait, account: &AccountId) -> Result<bool, DbErr> {
    let done = Entity::delete_by_id(account.as_str()).exec(db).await?;
    Ok(done.rows_affected == 1)
}

fn from_row(row: Model) -> AccountDeletion {
    AccountDeletion {
        account: AccountId::new(row.account_id),
        requested_at: row.requested_at,
        delete_at: row.delete_at,
    }
}
