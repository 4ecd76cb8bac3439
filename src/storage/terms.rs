//! Reads the versions of the Terms of Use, which migrations write. `accounts` calls it; when a person accepts one is
//! stored with the account (`storage::accounts`).

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::entities::terms_version::{Column, Entity};
use crate::domain::{Time, terms::Terms};

/// Returns the version in force.
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
