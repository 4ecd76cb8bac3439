//! Offers of a passkey that people put off.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

use super::entities::passkey_offer::{ActiveModel, Column, Entity};
use crate::domain::{AccountId, Time};

/// Returns the time at which the account last put the offer off.
pub async fn find_declined(db: &impl ConnectionTrait, account: &AccountId) -> Result<Option<Time>, DbErr> {
    let row = Entity::find_by_id(account.as_str()).one(db).await?;
    Ok(row.map(|it| it.declined_at))
}

/// Writes that the account put the offer off, in place of the time before.
pub async fn upsert_declined(db: &impl ConnectionTrait, account: &AccountId, now: Time) -> Result<(), DbErr> {
    let row = ActiveModel {
        account_id: Set(account.to_string()),
        declined_at: Set(now),
    };
    let latest = OnConflict::column(Column::AccountId)
        .update_column(Column::DeclinedAt)
        .to_owned();
    Entity::insert(row)
        .on_conflict(latest)
        .exec_without_returning(db)
        .await
        .map(drop)
}
