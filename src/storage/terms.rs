//! Versions of the Terms of Use.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::entities::terms_version::{ActiveModel, Column, Entity};
use crate::domain::{Time, terms::Terms};

/// The version in force.
pub async fn find_current(db: &impl ConnectionTrait, now: Time) -> Result<Option<Terms>, DbErr> {
    let row = Entity::find()
        .filter(Column::EffectiveFrom.lte(now))
        .order_by_desc(Column::EffectiveFrom)
        .order_by_desc(Column::Version)
        .one(db)
        .await?;
    Ok(row.map(|row| Terms {
        version: row.version,
        effective_from: row.effective_from,
    }))
}

pub async fn insert(db: &impl ConnectionTrait, it: &Terms) -> Result<(), DbErr> {
    let row = ActiveModel {
        version: Set(it.version.clone()),
        effective_from: Set(it.effective_from),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}
