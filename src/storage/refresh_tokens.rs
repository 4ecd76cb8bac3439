//! Families of refresh tokens: one row each, so that rotation is one conditional update and ending a
//! family is one delete, whatever runs beside them (security.md G-8, TK-5).

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    QueryTrait, UpdateMany,
};

use super::direct::{Query, Reads};
use super::entities::refresh_token::{ActiveModel, Column, Entity, Model};
use super::entities::session;
use super::{Database, revocations};
use crate::domain::secret::Digest;
use crate::domain::token::{LONGEST_ACCESS_TOKEN, RefreshFamily};
use crate::domain::{AccountId, AuthorizationId, ClientId, RefreshFamilyId, SessionId, Time};

/// Inserts a family. `content` is what was granted, as text.
pub async fn insert(
    db: &impl ConnectionTrait,
    family: &RefreshFamily,
    content: String,
    now: Time,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(family.id.to_string()),
        authorization_id: Set(family.authorization_id.to_string()),
        account_id: Set(family.account.to_string()),
        client_id: Set(family.client_id.to_string()),
        session_id: Set(family.session.to_string()),
        content: Set(content),
        digest: Set(family.current.as_str().to_owned()),
        previous: Set(None),
        issued_at: Set(now),
        rotated_at: Set(None),
        idle_until: Set(family.idle_until),
        expires_at: Set(family.expires_at),
        look_again_at: Set(family.idle_until.min(family.expires_at)),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Holds the session of a family in the making until the transaction ends. Returns `false` if it has ended. PostgreSQL
/// makes whoever ends it wait; on SQLite there is one writer anyway.
pub async fn hold_session(tx: &impl ConnectionTrait, id: &SessionId) -> Result<bool, DbErr> {
    let found: Option<String> = session::Entity::find_by_id(id.as_str())
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::EndedAt.is_null())
        .lock_shared()
        .into_tuple()
        .one(tx)
        .await?;
    Ok(found.is_some())
}

/// Finds a family, with what was granted to it.
pub async fn find(db: &impl Reads, id: &RefreshFamilyId) -> Result<Option<(RefreshFamily, String)>, DbErr> {
    static QUERY: Query = Query::new();
    let select = |values: &[&str]| Entity::find().filter(Column::Id.eq(values[0])).into_query();
    Ok(QUERY.one(db, &[id.as_str()], select).await?.map(family))
}

/// The replacement of a family's current token by its successor.
pub struct Rotation<'a> {
    pub family: &'a RefreshFamilyId,
    pub from: &'a Digest,
    pub to: &'a Digest,
    pub at: Time,
    pub idle_until: Time,
}

/// Replaces the current token by its successor, if it still is the current one: of any number of
/// parallel uses, one gets `true`.
pub async fn rotate(db: &Database, rotation: &Rotation<'_>) -> Result<bool, DbErr> {
    let update = used(rotation.family, rotation.from, rotation.idle_until)
        .col_expr(Column::Previous, Expr::value(rotation.from.as_str()))
        .col_expr(Column::Digest, Expr::value(rotation.to.as_str()))
        .col_expr(Column::RotatedAt, Expr::value(rotation.at));
    Ok(update.exec(db).await?.rows_affected == 1)
}

/// Keeps the current token valid without a successor. Returns `false` if it is not the current one, or has ended.
pub async fn keep(
    db: &Database,
    id: &RefreshFamilyId,
    current: &Digest,
    idle_until: Time,
) -> Result<bool, DbErr> {
    Ok(used(id, current, idle_until).exec(db).await?.rows_affected == 1)
}

fn used(id: &RefreshFamilyId, current: &Digest, idle_until: Time) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::IdleUntil, Expr::value(idle_until))
        .filter(Column::Id.eq(id.as_str()))
        .filter(Column::Digest.eq(current.as_str()))
}

/// Ends everything that descends from one authorization: its family, and the access tokens still about. `until` is the
/// last moment at which anything of it could be presented.
pub async fn end_authorization(
    tx: &impl ConnectionTrait,
    id: &AuthorizationId,
    now: Time,
    until: Time,
) -> Result<(), DbErr> {
    revocations::insert_authorizations(tx, std::slice::from_ref(id), now, until).await?;
    Entity::delete_many()
        .filter(Column::AuthorizationId.eq(id.as_str()))
        .exec(tx)
        .await
        .map(drop)
}

/// Ends every grant of a person (security.md PW-6, SE-3). It is called after the sessions were ended in the same
/// transaction: a grant in the making holds its session until it is stored.
pub async fn end_refresh_tokens_of_account(
    tx: &impl ConnectionTrait,
    account: &AccountId,
    now: Time,
) -> Result<u64, DbErr> {
    end(
        tx,
        Condition::all().add(Column::AccountId.eq(account.as_str())),
        now,
    )
    .await
}

/// Ends every grant that was made in a session: the person ended it on purpose, from the list of sessions. It is called
/// after the session was ended in the same transaction.
pub async fn end_refresh_tokens_of_session(
    tx: &impl ConnectionTrait,
    session: &SessionId,
    now: Time,
) -> Result<u64, DbErr> {
    end(
        tx,
        Condition::all().add(Column::SessionId.eq(session.as_str())),
        now,
    )
    .await
}

/// Ends the grants of a person to a service, whose consent is withdrawn.
pub async fn end_refresh_tokens_of_consent(
    tx: &impl ConnectionTrait,
    account: &AccountId,
    client: &ClientId,
    now: Time,
) -> Result<u64, DbErr> {
    let between = Condition::all()
        .add(Column::AccountId.eq(account.as_str()))
        .add(Column::ClientId.eq(client.as_str()));
    end(tx, between, now).await
}

/// Ends all that a client holds of anybody.
pub async fn end_refresh_tokens_of_client(
    tx: &impl ConnectionTrait,
    client: &ClientId,
    now: Time,
) -> Result<u64, DbErr> {
    let of_client = Condition::all().add(Column::ClientId.eq(client.as_str()));
    end(tx, of_client, now).await
}

/// Lists some of the families that are to be looked at, because they may be over at `now`.
pub async fn list_to_look_at(
    db: &impl ConnectionTrait,
    now: Time,
    most: usize,
) -> Result<Vec<RefreshFamilyId>, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::LookAgainAt.lt(now))
        .limit(most as u64)
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(RefreshFamilyId::new).collect())
}

/// Forgets those of the families that nobody can use any more; the others are looked at again when they may be over. It
/// must be called in a transaction.
pub async fn delete_expired(
    tx: &impl ConnectionTrait,
    ids: &[RefreshFamilyId],
    now: Time,
) -> Result<u64, DbErr> {
    let these = || Column::Id.is_in(ids.iter().map(|it| it.as_str()));
    let over = Condition::any()
        .add(Column::ExpiresAt.lt(now))
        .add(Column::IdleUntil.lt(now));
    let done = Entity::delete_many()
        .filter(these())
        .filter(over)
        .exec(tx)
        .await?;
    use sea_orm::ExprTrait;
    let rests_first = Expr::col(Column::IdleUntil).lt(Expr::col(Column::ExpiresAt));
    let first = Expr::case(rests_first, Expr::col(Column::IdleUntil)).finally(Expr::col(Column::ExpiresAt));
    Entity::update_many()
        .col_expr(Column::LookAgainAt, first.into())
        .filter(these())
        .exec(tx)
        .await?;
    Ok(done.rows_affected)
}

async fn end(tx: &impl ConnectionTrait, which: Condition, now: Time) -> Result<u64, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::AuthorizationId)
        .filter(which.clone())
        .into_tuple()
        .all(tx)
        .await?;
    // Their access tokens are sealed, not stored: a revocation is what ends them (UI-5).
    let ids: Vec<AuthorizationId> = ids.into_iter().map(AuthorizationId::new).collect();
    revocations::insert_authorizations(tx, &ids, now, now + LONGEST_ACCESS_TOKEN).await?;
    let done = Entity::delete_many().filter(which).exec(tx).await?;
    Ok(done.rows_affected)
}

fn family(row: Model) -> (RefreshFamily, String) {
    let family = RefreshFamily {
        id: RefreshFamilyId::new(row.id),
        authorization_id: AuthorizationId::new(row.authorization_id),
        account: AccountId::new(row.account_id),
        client_id: ClientId::new(row.client_id),
        session: SessionId::new(row.session_id),
        current: Digest::stored(row.digest),
        previous: row.previous.map(Digest::stored),
        rotated_at: row.rotated_at,
        idle_until: row.idle_until,
        expires_at: row.expires_at,
    };
    (family, row.content)
}
