//! Codes that were mailed, and the attempts at them. `transaction` names what a code completes;
//! `address` is a keyed digest of whom it was sent to, by which the limits count (security.md SU-3).

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::batches;
use super::entities::{
    code_attempt,
    email_code::{ActiveModel, Column, Entity, Model},
};
use crate::domain::Time;

#[derive(Clone, Debug)]
pub struct EmailCode {
    pub id: String,
    pub purpose: String,
    pub transaction: String,
    pub address: String,
    pub hmac: String,
    pub attempts: i32,
    pub created_at: Time,
}

pub async fn insert(db: &impl ConnectionTrait, code: EmailCode) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(code.id),
        purpose: Set(code.purpose),
        transaction: Set(code.transaction),
        address: Set(code.address),
        hmac: Set(code.hmac),
        attempts: Set(code.attempts),
        spent: Set(false),
        created_at: Set(code.created_at),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Returns the newest code for `transaction` that was not spent or voided.
pub async fn find_open(
    db: &impl ConnectionTrait,
    purpose: &str,
    transaction: &str,
) -> Result<Option<EmailCode>, DbErr> {
    let row = Entity::find()
        .filter(Column::Transaction.eq(transaction))
        .filter(Column::Purpose.eq(purpose))
        .filter(Column::Spent.eq(false))
        .order_by_desc(Column::CreatedAt)
        .one(db)
        .await?;
    Ok(row.map(code))
}

/// Counts an attempt at the code, if fewer than `most` were made, before anything is compared. Returns how many
/// there are now, others' that were made side by side included.
pub async fn count_attempt(
    db: &impl ConnectionTrait,
    code: &EmailCode,
    most: i32,
    now: Time,
) -> Result<Option<i32>, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.eq(code.id.as_str()))
        .filter(Column::Attempts.lt(most))
        .filter(Column::Spent.eq(false))
        .exec(db)
        .await?;
    if done.rows_affected != 1 {
        return Ok(None);
    }
    // The row is this transaction's own by now: nobody counts between the two statements.
    let made = Entity::find_by_id(code.id.as_str()).one(db).await?;
    let row = code_attempt::ActiveModel {
        address: Set(code.address.clone()),
        at: Set(now),
        ..Default::default()
    };
    code_attempt::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(made.map(|it| it.attempts))
}

/// Spends the code; of any number of parallel uses, one gets `true`.
pub async fn spend(db: &impl ConnectionTrait, id: &str) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Spent, Expr::value(true))
        .filter(Column::Id.eq(id))
        .filter(Column::Spent.eq(false))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Voids the codes of `transaction`, because a new one comes.
pub async fn void(db: &impl ConnectionTrait, transaction: &str) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Spent, Expr::value(true))
        .filter(Column::Transaction.eq(transaction))
        .filter(Column::Spent.eq(false))
        .exec(db)
        .await
        .map(drop)
}

/// Lists when codes were sent to `address` after `since`, the newest first, a few dozen at most.
pub async fn list_sent_since(
    db: &impl ConnectionTrait,
    address: &str,
    since: Time,
) -> Result<Vec<Time>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::CreatedAt)
        .filter(Column::Address.eq(address))
        .filter(Column::CreatedAt.gt(since))
        .order_by_desc(Column::CreatedAt)
        .limit(50)
        .into_tuple()
        .all(db)
        .await
}

pub async fn count_attempts_since(
    db: &impl ConnectionTrait,
    address: &str,
    since: Time,
) -> Result<u64, DbErr> {
    code_attempt::Entity::find()
        .filter(code_attempt::Column::Address.eq(address))
        .filter(code_attempt::Column::At.gt(since))
        .count(db)
        .await
}

pub async fn delete_made_before(db: &impl ConnectionTrait, time: Time) -> Result<u64, DbErr> {
    let old = Condition::all().add(Column::CreatedAt.lt(time));
    batches::delete::<Entity, String>(db, Column::Id, old).await
}

pub async fn delete_attempts_before(db: &impl ConnectionTrait, time: Time) -> Result<u64, DbErr> {
    let old = Condition::all().add(code_attempt::Column::At.lt(time));
    batches::delete::<code_attempt::Entity, i64>(db, code_attempt::Column::Id, old).await
}

fn code(row: Model) -> EmailCode {
    EmailCode {
        id: row.id,
        purpose: row.purpose,
        transaction: row.transaction,
        address: row.address,
        hmac: row.hmac,
        attempts: row.attempts,
        created_at: row.created_at,
    }
}
