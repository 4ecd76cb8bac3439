//! From when people in office have had the time to set up a second factor.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

use super::entities::second_factor_deadline::{ActiveModel, Column, Entity};
use crate::domain::{AccountId, Time};

/// Returns the time from which the account has had it.
pub async fn find(db: &impl ConnectionTrait, account: &AccountId) -> Result<Option<Time>, DbErr> {
    let row = Entity::find_by_id(account.as_str()).one(db).await?;
    Ok(row.map(|it| it.since))
}

/// Writes that the time begins. Returns `false` if it has begun before.
pub async fn insert(db: &impl ConnectionTrait, account: &AccountId, since: Time) -> Result<bool, DbErr> {
    let row = ActiveModel {
        account_id: Set(account.to_string()),
        since: Set(since),
    };
    let once = OnConflict::column(Column::AccountId).do_nothing().to_owned();
    let rows = Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(db)
        .await?;
    Ok(rows == 1)
}

/// Forgets the time of an account of which nothing is demanded any more.
pub async fn delete(db: &impl ConnectionTrait, account: &AccountId) -> Result<(), DbErr> {
    Entity::delete_by_id(account.as_str()).exec(db).await.map(drop)
}
