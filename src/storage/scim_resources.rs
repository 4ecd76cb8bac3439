//! Stores which user of a service, that people are provisioned to by SCIM, is whose. `oidc::scim::push` decides.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::scim_resource::{ActiveModel, Column, Entity, Model};
use crate::domain::scim_target::RemoteUser;
use crate::domain::{AccountId, ReceiverId, Time};

pub async fn find(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    account: &AccountId,
) -> Result<Option<RemoteUser>, DbErr> {
    let key = (receiver.to_string(), account.to_string());
    let row = Entity::find_by_id(key).one(db).await?;
    Ok(row.map(from_row))
}

/// Lists what is known of these people, in no order.
pub async fn list(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    accounts: &[AccountId],
) -> Result<Vec<RemoteUser>, DbErr> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::ReceiverId.eq(receiver.as_str()))
        .filter(Column::AccountId.is_in(accounts.iter().map(AccountId::as_str)))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Lists what one service has, in the order of the accounts, after one of them.
pub async fn list_of_receiver(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    after: Option<&AccountId>,
    most: u64,
) -> Result<Vec<RemoteUser>, DbErr> {
    let mut found = Entity::find().filter(Column::ReceiverId.eq(receiver.as_str()));
    if let Some(after) = after {
        found = found.filter(Column::AccountId.gt(after.as_str()));
    }
    let rows = found.order_by_asc(Column::AccountId).limit(most).all(db).await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Lists what services have of a person.
pub async fn list_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Vec<RemoteUser>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Notes, before the service is asked to make a user, that it may have made one.
pub async fn begin(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    account: &AccountId,
    now: Time,
) -> Result<(), DbErr> {
    let once = OnConflict::columns([Column::ReceiverId, Column::AccountId])
        .do_nothing()
        .to_owned();
    Entity::insert(ActiveModel {
        receiver_id: Set(receiver.to_string()),
        account_id: Set(account.to_string()),
        remote_id: Set(None),
        digest: Set(String::new()),
        updated_at: Set(now),
    })
    .on_conflict(once)
    .exec_without_returning(db)
    .await
    .map(drop)
}

/// Stores what the service has now. What is not there any more, an erasure has deleted.
pub async fn update(db: &impl ConnectionTrait, user: &RemoteUser, now: Time) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::RemoteId, Expr::value(user.remote_id.clone()))
        .col_expr(Column::Digest, Expr::value(user.digest.as_str()))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::ReceiverId.eq(user.receiver.as_str()))
        .filter(Column::AccountId.eq(user.account.as_str()))
        .exec(db)
        .await
        .map(drop)
}

pub async fn delete(
    db: &impl ConnectionTrait,
    receiver: &ReceiverId,
    account: &AccountId,
) -> Result<(), DbErr> {
    let key = (receiver.to_string(), account.to_string());
    Entity::delete_by_id(key).exec(db).await.map(drop)
}

fn from_row(row: Model) -> RemoteUser {
    RemoteUser {
        receiver: ReceiverId::new(row.receiver_id),
        account: AccountId::new(row.account_id),
        remote_id: row.remote_id,
        digest: row.digest,
    }
}
