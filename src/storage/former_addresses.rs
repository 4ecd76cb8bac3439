//! The labels of the addresses that accounts had: keyed digests, never the addresses. They go with the account.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::entities::former_address::{ActiveModel, Column, Entity};
use crate::domain::AccountId;

/// Inserts those that the account does not have yet.
pub async fn insert(db: &impl ConnectionTrait, account: &AccountId, labels: &[String]) -> Result<(), DbErr> {
    if labels.is_empty() {
        return Ok(());
    }
    let rows = labels.iter().map(|label| ActiveModel {
        account_id: Set(account.to_string()),
        label: Set(label.clone()),
    });
    Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await
        .map(drop)
}

pub async fn list(db: &impl ConnectionTrait, account: &AccountId) -> Result<Vec<String>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Label)
        .filter(Column::AccountId.eq(account.as_str()))
        .into_tuple()
        .all(db)
        .await
}

/// Deletes the labels, whichever account had the address.
pub async fn delete(db: &impl ConnectionTrait, labels: &[String]) -> Result<(), DbErr> {
    if labels.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(Column::Label.is_in(labels))
        .exec(db)
        .await
        .map(drop)
}
