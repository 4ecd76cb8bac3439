//! The signing keys in use, and from when; the keys themselves are in the keys directory.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::entities::signing_key::{ActiveModel, Column, Entity, Model};
use crate::domain::Time;
use crate::domain::signing_key::{Family, SigningKey};

pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<SigningKey>, DbErr> {
    let rows = Entity::find()
        .order_by_asc(Column::ActiveFrom)
        .order_by_asc(Column::Kid)
        .all(db)
        .await?;
    rows.into_iter().map(key).collect()
}

pub async fn insert(db: &impl ConnectionTrait, key: &SigningKey) -> Result<(), DbErr> {
    let row = ActiveModel {
        kid: Set(key.kid.clone()),
        family: Set(key.family.as_str().to_owned()),
        created_at: Set(key.created_at),
        active_from: Set(key.active_from),
        revoked_at: Set(key.revoked_at),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Revokes a key. Returns `true` if there was such a key, not revoked yet.
pub async fn revoke(db: &impl ConnectionTrait, kid: &str, at: Time) -> Result<bool, DbErr> {
    let change = ActiveModel {
        revoked_at: Set(Some(at)),
        ..Default::default()
    };
    let done = Entity::update_many()
        .set(change)
        .filter(Column::Kid.eq(kid))
        .filter(Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

fn key(row: Model) -> Result<SigningKey, DbErr> {
    let family = Family::parse(&row.family)
        .ok_or_else(|| DbErr::Custom(format!("signing_keys: an unknown family {}", row.family)))?;
    Ok(SigningKey {
        kid: row.kid,
        family,
        created_at: row.created_at,
        active_from: row.active_from,
        revoked_at: row.revoked_at,
    })
}
