//! The clients that took part in a session and are to be notified of its end. The end of the session makes
//! its rows due, in the same transaction; a row goes once its client was notified, or cannot be.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::session_client::{ActiveModel, Column, Entity};
use crate::domain::{ClientId, SessionId, Sid, Subject, Time};

/// A client that has yet to be notified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub session: SessionId,
    pub client: ClientId,
    pub sid: Sid,
    pub subject: Subject,
    /// The attempts before this one.
    pub attempts: i32,
    due_at: Time,
}

pub async fn exists(
    db: &impl ConnectionTrait,
    session: &SessionId,
    client: &ClientId,
) -> Result<bool, DbErr> {
    let found: Option<String> = Entity::find_by_id((session.to_string(), client.to_string()))
        .select_only()
        .column(Column::SessionId)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Inserts a client of a session that the transaction holds (`refresh_tokens::hold_session`). Two at once leave one
/// row.
pub async fn insert(
    tx: &impl ConnectionTrait,
    session: &SessionId,
    client: &ClientId,
    sid: &Sid,
    subject: &Subject,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        session_id: Set(session.to_string()),
        client_id: Set(client.to_string()),
        sid: Set(sid.to_string()),
        subject: Set(subject.as_str().to_owned()),
        attempts: Set(0),
        due_at: Set(None),
    };
    let once = OnConflict::columns([Column::SessionId, Column::ClientId])
        .do_nothing()
        .to_owned();
    Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

pub async fn list_of_session(db: &impl ConnectionTrait, session: &SessionId) -> Result<Vec<ClientId>, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::ClientId)
        .filter(Column::SessionId.eq(session.as_str()))
        .order_by_asc(Column::ClientId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(ClientId::new).collect())
}

/// Makes the rows of a session due, which has ended.
pub(super) async fn make_due(db: &impl ConnectionTrait, session: &SessionId, now: Time) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(now))
        .filter(Column::SessionId.eq(session.as_str()))
        .filter(Column::DueAt.is_null())
        .exec(db)
        .await
        .map(drop)
}

/// Lists the clients that may be notified now, the longest waiting first.
pub async fn list_due(db: &impl ConnectionTrait, now: Time, most: u64) -> Result<Vec<Due>, DbErr> {
    let rows = Entity::find()
        .filter(Column::DueAt.lte(now))
        .order_by_asc(Column::DueAt)
        .limit(most)
        .all(db)
        .await?;
    let due = rows.into_iter().filter_map(|row| {
        Some(Due {
            session: SessionId::new(row.session_id),
            client: ClientId::new(row.client_id),
            sid: Sid::new(row.sid),
            subject: Subject::new(row.subject),
            attempts: row.attempts,
            due_at: row.due_at?,
        })
    });
    Ok(due.collect())
}

/// Counts an attempt, the next of which is due at `next` should nothing more be heard of this one. Returns `false` if
/// another node makes it.
pub async fn claim(db: &impl ConnectionTrait, due: &Due, next: Time) -> Result<bool, DbErr> {
    let claimed = Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::DueAt, Expr::value(next))
        .filter(Column::SessionId.eq(due.session.as_str()))
        .filter(Column::ClientId.eq(due.client.as_str()))
        .filter(Column::DueAt.eq(due.due_at))
        .exec(db)
        .await?;
    Ok(claimed.rows_affected == 1)
}

/// Deletes the row of a client that was notified, or is not to be.
pub async fn delete(db: &impl ConnectionTrait, due: &Due) -> Result<(), DbErr> {
    Entity::delete_by_id((due.session.to_string(), due.client.to_string()))
        .exec(db)
        .await
        .map(drop)
}

/// Deletes the rows of sessions that expired: nobody logged out, so nobody is notified.
pub(super) async fn delete_of_sessions(tx: &impl ConnectionTrait, ids: &[SessionId]) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::SessionId.is_in(ids.iter().map(|it| it.as_str())))
        .filter(Column::DueAt.is_null())
        .exec(tx)
        .await
        .map(drop)
}
