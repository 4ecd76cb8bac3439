//! Stores the membership types, a small table that migrations fill and the files of a deployment change. `affiliations`
//! calls it. What a type demands of an
//! organization is decided in `domain::organization`.

use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryOrder};

use super::corrupt;
use super::entities::membership_type::{ActiveModel, Column, Entity, Model};
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

pub async fn insert(tx: &impl ConnectionTrait, its_type: &MembershipType) -> Result<(), DbErr> {
    Entity::insert(to_row(its_type)?)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

pub async fn update(tx: &impl ConnectionTrait, its_type: &MembershipType) -> Result<(), DbErr> {
    Entity::update(to_row(its_type)?).exec(tx).await.map(drop)
}

/// Deletes a type. The database refuses if an organization has it.
pub async fn delete(tx: &impl ConnectionTrait, id: &MembershipTypeId) -> Result<(), DbErr> {
    Entity::delete_by_id(id.as_str()).exec(tx).await.map(drop)
}

fn to_row(its_type: &MembershipType) -> Result<ActiveModel, DbErr> {
    let names = serde_json::to_string(&its_type.names).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(ActiveModel {
        id: Set(its_type.id.to_string()),
        names: Set(names),
        needs_approval: Set(its_type.needs_approval),
        ties_entitled: Set(its_type.ties_entitled),
        position: Set(its_type.position),
    })
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
