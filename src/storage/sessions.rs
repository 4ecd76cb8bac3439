//! Logins, found by the digest of their cookie. An ended session stays for a while, marked as ended: what was issued in
//! it asks for it.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, QueryTrait,
};

use super::accounts::account;
use super::direct::{Cells, FromRow, Query, Reads};
use super::entities::account as account_entity;
use super::entities::session::{ActiveModel, Column, Entity, Model};
use super::session_clients;
use crate::domain::account::Account;
use crate::domain::authentication::{Factor, SecondProof};
use crate::domain::secret::Digest;
use crate::domain::session::Session;
use crate::domain::{AccountId, SessionId, Sid, Time};

/// Returns the session of this cookie and its person, unless it was ended, by one query.
pub async fn find_by_cookie(db: &impl Reads, cookie: &Digest) -> Result<Option<(Session, Account)>, DbErr> {
    static QUERY: Query = Query::new();
    with_account(&QUERY, db, Column::CookieDigest, cookie.as_str()).await
}

/// Returns the session with this id, for what was issued in it (security.md G-10).
pub async fn find(db: &impl Reads, id: &SessionId) -> Result<Option<(Session, Account)>, DbErr> {
    static QUERY: Query = Query::new();
    with_account(&QUERY, db, Column::Id, id.as_str()).await
}

pub async fn find_by_sid(db: &impl Reads, sid: &Sid) -> Result<Option<(Session, Account)>, DbErr> {
    static QUERY: Query = Query::new();
    with_account(&QUERY, db, Column::Sid, sid.as_str()).await
}

/// Returns the `sid` of a session, ended or not.
pub async fn find_sid(db: &impl ConnectionTrait, id: &SessionId) -> Result<Option<Sid>, DbErr> {
    let found: Option<String> = Entity::find_by_id(id.as_str())
        .select_only()
        .column(Column::Sid)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.map(Sid::new))
}

/// A session with the account of its person.
struct Row(Model, account_entity::Model);

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self(
            Model::from_query_result(row, &format!("{prefix}A_"))?,
            account_entity::Model::from_query_result(row, &format!("{prefix}B_"))?,
        ))
    }
}

impl FromRow for Row {
    fn from_row(cells: &mut Cells<'_>) -> Result<Self, rusqlite::types::FromSqlError> {
        Ok(Self(
            Model::from_row(cells)?,
            account_entity::Model::from_row(cells)?,
        ))
    }
}

async fn with_account(
    query: &Query,
    db: &impl Reads,
    key: Column,
    value: &str,
) -> Result<Option<(Session, Account)>, DbErr> {
    let found: Option<Row> = query
        .one(db, &[value], |values| {
            let with_account = Entity::find().find_also_related(account_entity::Entity);
            with_account
                .filter(key.eq(values[0]))
                .filter(Column::EndedAt.is_null())
                .filter(account_entity::Column::Id.is_not_null())
                .into_query()
        })
        .await?;
    found
        .map(|Row(row, person)| Ok((session(row), account(person)?)))
        .transpose()
}

/// Lists the person's sessions that were not ended, the latest used first. Some may have expired.
pub async fn list_of_account(db: &impl ConnectionTrait, id: &AccountId) -> Result<Vec<Session>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(id.as_str()))
        .filter(Column::EndedAt.is_null())
        .order_by_desc(Column::LastUsedAt)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(session).collect())
}

pub async fn insert(db: &impl ConnectionTrait, session: &Session, cookie: &Digest) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(session.id.to_string()),
        sid: Set(session.sid.to_string()),
        cookie_digest: Set(cookie.as_str().to_owned()),
        account_id: Set(session.account.to_string()),
        created_at: Set(session.created_at),
        authenticated_at: Set(session.authenticated_at),
        acr: Set(session.acr().as_str().to_owned()),
        second_factor: Set(session.second_factor.map(|it| it.factor.as_str().to_owned())),
        second_factor_at: Set(session.second_factor.map(|it| it.at)),
        last_used_at: Set(session.last_used_at),
        rested_at: Set(session.rested_at),
        // For the release before this one, which reads it.
        terms_due: Set(false),
        cookie_due: Set(session.cookie_due),
        user_agent: Set(session.user_agent.clone()),
        network: Set(session.network.clone()),
        ended_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Stores a new cookie for a session whose person was verified again; `sid` stays.
pub async fn update_authenticated(
    db: &impl ConnectionTrait,
    session: &Session,
    cookie: &Digest,
) -> Result<bool, DbErr> {
    let changes = ActiveModel {
        cookie_digest: Set(cookie.as_str().to_owned()),
        authenticated_at: Set(session.authenticated_at),
        acr: Set(session.acr().as_str().to_owned()),
        second_factor: Set(session.second_factor.map(|it| it.factor.as_str().to_owned())),
        second_factor_at: Set(session.second_factor.map(|it| it.at)),
        last_used_at: Set(session.last_used_at),
        rested_at: Set(session.rested_at),
        cookie_due: Set(false),
        ..Default::default()
    };
    let done = Entity::update_many()
        .set(changes)
        .filter(Column::Id.eq(session.id.as_str()))
        .filter(Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Makes a new cookie due for every session of an account whose office changes (security.md SE-2).
pub async fn make_cookies_due(tx: &impl ConnectionTrait, account: &AccountId) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::CookieDue, Expr::value(true))
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::EndedAt.is_null())
        .exec(tx)
        .await
        .map(drop)
}

/// Exchanges the cookie of a session for which a new one is due. Returns `false` if another request did.
pub async fn exchange_cookie(
    db: &impl ConnectionTrait,
    id: &SessionId,
    old: &Digest,
    new: &Digest,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::CookieDigest, Expr::value(new.as_str()))
        .col_expr(Column::CookieDue, Expr::value(false))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::CookieDigest.eq(old.as_str()))
        .filter(Column::CookieDue.eq(true))
        .filter(Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Writes the use of `it` at `now`, unless another request did.
pub async fn update_last_used(
    db: &impl ConnectionTrait,
    session: &Session,
    now: Time,
    rested_at: Option<Time>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .col_expr(Column::RestedAt, Expr::value(rested_at))
        .filter(Column::Id.eq(session.id.as_str()))
        .filter(Column::LastUsedAt.eq(session.last_used_at))
        .exec(db)
        .await
        .map(drop)
}

/// Ends one session of this account, and makes its clients due to be notified. Returns `false` if it was none, or ended
/// before. It must be called in a transaction.
pub async fn end(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: &SessionId,
    now: Time,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::EndedAt.is_null())
        .exec(db)
        .await?;
    let ended = done.rows_affected == 1;
    if ended {
        // security.md LO-3: this is done here and nowhere else, so that no way to end a session can forget it.
        session_clients::make_due(db, id, now).await?;
    }
    Ok(ended)
}

pub async fn has_ended(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: &SessionId,
) -> Result<bool, DbErr> {
    let found = Entity::find_by_id(id.as_str())
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::EndedAt.is_not_null());
    Ok(found.one(db).await?.is_some())
}

/// Lists some of the sessions whose person authenticated before `before`, none of which is valid.
pub async fn list_dead(
    db: &impl ConnectionTrait,
    before: Time,
    most: usize,
) -> Result<Vec<SessionId>, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::AuthenticatedAt.lt(before))
        .limit(most as u64)
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(SessionId::new).collect())
}

/// Forgets those of them that are still over, and the clients that took part in them, unless these are yet to be
/// notified that somebody logged out. It must be called in a transaction.
pub async fn delete_dead(tx: &impl ConnectionTrait, ids: &[SessionId], before: Time) -> Result<u64, DbErr> {
    session_clients::delete_of_sessions(tx, ids).await?;
    let done = Entity::delete_many()
        .filter(Column::Id.is_in(ids.iter().map(|it| it.as_str())))
        .filter(Column::AuthenticatedAt.lt(before))
        .exec(tx)
        .await?;
    Ok(done.rows_affected)
}

pub(super) fn session(row: Model) -> Session {
    Session {
        id: SessionId::new(row.id),
        sid: Sid::new(row.sid),
        account: AccountId::new(row.account_id),
        created_at: row.created_at,
        authenticated_at: row.authenticated_at,
        // A factor whose name no release here has is no proof.
        second_factor: row
            .second_factor
            .and_then(|it| Factor::parse(&it))
            .zip(row.second_factor_at)
            .map(|(factor, at)| SecondProof { factor, at }),
        last_used_at: row.last_used_at,
        rested_at: row.rested_at,
        cookie_due: row.cookie_due,
        user_agent: row.user_agent,
        network: row.network,
    }
}
