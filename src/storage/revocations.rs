//! Revocations, by token or by authorization. A row is kept until the latest moment at which the tokens that it ends
//! could still be presented (security.md ST-1, UI-5).

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
};

use super::batches;
use super::entities::revocation::{ActiveModel, Column, Entity};
use crate::domain::{AuthorizationId, Time, TokenId};

/// Ends everything that descends from these authorizations.
pub async fn insert_authorizations(
    db: &impl ConnectionTrait,
    ids: &[AuthorizationId],
    now: Time,
    until: Time,
) -> Result<(), DbErr> {
    insert(db, ids.iter().map(of_authorization).collect(), now, until).await
}

/// Ends one access token.
pub async fn insert_token(
    db: &impl ConnectionTrait,
    id: &TokenId,
    now: Time,
    until: Time,
) -> Result<(), DbErr> {
    insert(db, vec![of_token(id)], now, until).await
}

/// Returns `true` if the token, or the authorization that it descends from, was revoked.
pub async fn revoked(
    db: &impl ConnectionTrait,
    token: Option<&TokenId>,
    authorization: Option<&AuthorizationId>,
) -> Result<bool, DbErr> {
    let keys = token
        .map(of_token)
        .into_iter()
        .chain(authorization.map(of_authorization));
    let found: Option<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.is_in(keys))
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Forgets what nobody can present any more.
pub async fn delete_expired(db: &impl ConnectionTrait, now: Time) -> Result<u64, DbErr> {
    let over = Condition::all().add(Column::ExpiresAt.lt(now));
    batches::delete::<Entity, String>(db, Column::Id, over).await
}

fn of_token(id: &TokenId) -> String {
    format!("token:{id}")
}

fn of_authorization(id: &AuthorizationId) -> String {
    format!("authorization:{id}")
}

async fn insert(db: &impl ConnectionTrait, ids: Vec<String>, now: Time, until: Time) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows = ids.into_iter().map(|id| ActiveModel {
        id: Set(id),
        revoked_at: Set(now),
        expires_at: Set(until),
    });
    // A token that is revoked again stays revoked until the later of both ends.
    let later = "CASE WHEN excluded.expires_at > revocations.expires_at \
                 THEN excluded.expires_at ELSE revocations.expires_at END";
    let longer = OnConflict::column(Column::Id)
        .value(Column::ExpiresAt, Expr::cust(later))
        .to_owned();
    Entity::insert_many(rows)
        .on_conflict(longer)
        .exec_without_returning(db)
        .await
        .map(drop)
}
