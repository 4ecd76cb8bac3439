//! Downloads of all that is held on a person: one row for each account. The content arrives sealed.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::batches::ROWS;
use super::entities::data_download::{ActiveModel, Column, Entity, Model};
use crate::domain::data_download::DataDownload;
use crate::domain::{AccountId, Time};

/// Every column but the content.
const STATE: [Column; 8] = [
    Column::AccountId,
    Column::Id,
    Column::RequestedAt,
    Column::Attempts,
    Column::DueAt,
    Column::ReadyAt,
    Column::FailedAt,
    Column::ExpiresAt,
];

type State = (
    String,
    String,
    Time,
    i32,
    Option<Time>,
    Option<Time>,
    Option<Time>,
    Option<Time>,
);

fn from_row(row: State) -> DataDownload {
    let (account, id, requested_at, attempts, due_at, ready_at, failed_at, expires_at) = row;
    DataDownload {
        account: AccountId::new(account),
        id,
        requested_at,
        attempts,
        due_at,
        ready_at,
        failed_at,
        expires_at,
    }
}

pub async fn find(db: &impl ConnectionTrait, account: &AccountId) -> Result<Option<DataDownload>, DbErr> {
    let row: Option<State> = Entity::find_by_id(account.as_str())
        .select_only()
        .columns(STATE)
        .into_tuple()
        .one(db)
        .await?;
    Ok(row.map(from_row))
}

/// Returns the sealed file.
pub async fn find_content(db: &impl ConnectionTrait, account: &AccountId) -> Result<Option<String>, DbErr> {
    let row: Option<Model> = Entity::find_by_id(account.as_str()).one(db).await?;
    Ok(row.and_then(|it| it.content))
}

/// Writes a request that is due at once, in place of the one before. The file of that stays until `finish`.
pub async fn put(db: &impl ConnectionTrait, account: &AccountId, id: &str, now: Time) -> Result<(), DbErr> {
    let row = ActiveModel {
        account_id: Set(account.to_string()),
        id: Set(id.to_owned()),
        requested_at: Set(now),
        attempts: Set(0),
        due_at: Set(Some(now)),
        ready_at: Set(None),
        failed_at: Set(None),
        expires_at: Set(None),
        content: Set(None),
    };
    let replace = OnConflict::column(Column::AccountId)
        .update_columns([
            Column::Id,
            Column::RequestedAt,
            Column::Attempts,
            Column::DueAt,
            Column::FailedAt,
        ])
        .to_owned();
    Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(db)
        .await
        .map(drop)
}

/// Lists those that are to be built, the oldest first.
pub async fn list_due(db: &impl ConnectionTrait, now: Time) -> Result<Vec<DataDownload>, DbErr> {
    let rows: Vec<State> = Entity::find()
        .select_only()
        .columns(STATE)
        .filter(Column::DueAt.is_not_null())
        .filter(Column::DueAt.lte(now))
        .order_by_asc(Column::DueAt)
        .limit(ROWS as u64)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Returns the condition that nobody else has taken it, built it or replaced it since it was read.
fn as_read(download: &DataDownload) -> Condition {
    Condition::all()
        .add(Column::AccountId.eq(download.account.as_str()))
        .add(Column::Id.eq(download.id.as_str()))
        .add(Column::Attempts.eq(download.attempts))
        .add(Column::DueAt.is_not_null())
}

/// Takes it for a while, as one attempt more; of any number of nodes, one gets `true`.
pub async fn claim(db: &impl ConnectionTrait, download: &DataDownload, until: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::DueAt, Expr::value(until))
        .filter(as_read(download))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Stores the file. Returns `false` if another attempt was faster, or the person requested a new one.
pub async fn finish(
    db: &impl ConnectionTrait,
    download: &DataDownload,
    content: &str,
    now: Time,
    expires_at: Time,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Content, Expr::value(content))
        .col_expr(Column::ReadyAt, Expr::value(now))
        .col_expr(Column::ExpiresAt, Expr::value(expires_at))
        .col_expr(Column::DueAt, Expr::value(Option::<Time>::None))
        .filter(as_read(download))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn give_up(db: &impl ConnectionTrait, download: &DataDownload, now: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::FailedAt, Expr::value(now))
        .col_expr(Column::DueAt, Expr::value(Option::<Time>::None))
        .filter(as_read(download))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes the files that have expired, a batch at most. That there was one stays, for the page.
pub async fn forget_expired(db: &impl ConnectionTrait, now: Time) -> Result<u64, DbErr> {
    let over = Condition::all()
        .add(Column::Content.is_not_null())
        .add(Column::ExpiresAt.lte(now));
    let accounts: Vec<String> = Entity::find()
        .select_only()
        .column(Column::AccountId)
        .filter(over.clone())
        .limit(ROWS as u64)
        .into_tuple()
        .all(db)
        .await?;
    if accounts.is_empty() {
        return Ok(0);
    }
    let done = Entity::update_many()
        .col_expr(Column::Content, Expr::value(Option::<String>::None))
        .filter(Column::AccountId.is_in(accounts))
        .filter(over)
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}
