//! Views of accounts by the staff: at most one for each session of whoever looks. A row goes with that session and with the
//! account that is looked at.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::account_view::{ActiveModel, Column, Entity, Model};
use crate::domain::account_view::{AccountView, AccountViewId};
use crate::domain::{AccountId, SessionId, Time};

pub async fn find_of_session(
    db: &impl ConnectionTrait,
    session: &SessionId,
) -> Result<Option<AccountView>, DbErr> {
    let found = Entity::find().filter(Column::SessionId.eq(session.as_str()));
    Ok(found.one(db).await?.map(view))
}

/// Stores the row; returns `false` if the session has one.
pub async fn insert(tx: &impl ConnectionTrait, view: &AccountView) -> Result<bool, DbErr> {
    let row = ActiveModel {
        id: Set(view.id.to_string()),
        session_id: Set(view.session.to_string()),
        account_id: Set(view.account.to_string()),
        language: Set(view.language.clone()),
        began_at: Set(view.began_at),
        expires_at: Set(view.expires_at),
        ended_at: Set(view.ended_at),
    };
    let kept = OnConflict::column(Column::SessionId).do_nothing().to_owned();
    let rows = Entity::insert(row)
        .on_conflict(kept)
        .exec_without_returning(tx)
        .await?;
    Ok(rows == 1)
}

/// Marks a view as ended. Returns `false` if it was before.
pub async fn end(tx: &impl ConnectionTrait, id: &AccountViewId, now: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::EndedAt.is_null())
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn delete(tx: &impl ConnectionTrait, id: &AccountViewId) -> Result<(), DbErr> {
    Entity::delete_by_id(id.as_str()).exec(tx).await.map(drop)
}

/// Lists views that were not marked as ended, those that expire first before the others.
pub async fn list_open(db: &impl ConnectionTrait, most: usize) -> Result<Vec<AccountView>, DbErr> {
    let rows = Entity::find()
        .filter(Column::EndedAt.is_null())
        .order_by_asc(Column::ExpiresAt)
        .limit(most as u64)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(view).collect())
}

fn view(row: Model) -> AccountView {
    AccountView {
        id: AccountViewId::new(row.id),
        session: SessionId::new(row.session_id),
        account: AccountId::new(row.account_id),
        language: row.language,
        began_at: row.began_at,
        expires_at: row.expires_at,
        ended_at: row.ended_at,
    }
}
