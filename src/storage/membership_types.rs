//! Reads the membership types, a small table that migrations fill. `affiliations` calls it. What a type demands of an
//! organization is decided in `domain::organization`.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder};

use super::corrupt;
use super::entities::membership_type::{Column, Entity, Model};
use crate::domain::MembershipTypeId;
use crate::domain::organization::MembershipType;

/// Returns all types, in the order of the form.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<MembershipType>, DbErr> {
    let rows = Entity::find().order_by_asc(Column::Position).all(db).await?;
    rows.into_iter().map(from_row).collect()
}

pub async fn find(db: &impl ConnectionTrait, id: &MembershipTypeId) -> Result<Option<MembershipType>, DbErr> {
    Entity::find_by_id(id.as_str())
        .one(db)
        .await?
        .map(from_row)
        .transpose()
}

fn from_row(row: Model) -> Result<MembershipType, DbErr> {
    Ok(MembershipType {
        names: serde_json::from_str(&row.names).map_err(|_| corrupt("membership_types", &row.id))?,
        id: MembershipTypeId::new(row.id),
        needs_approval: row.needs_approval,
        ties_entitled: row.ties_entitled,
        position: row.position,
    })
}
