//! The services that a person logged in to: one row for each account and client.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::service_use::{ActiveModel, Column, Entity, Model};
use crate::domain::authorization::ServiceUse;
use crate::domain::scope::Scope;
use crate::domain::{AccountId, ClientId, Time};

pub async fn find(
    db: &impl ConnectionTrait,
    account: &AccountId,
    client: &ClientId,
) -> Result<Option<ServiceUse>, DbErr> {
    let key = (account.to_string(), client.to_string());
    Entity::find_by_id(key).one(db).await?.map(from_row).transpose()
}

/// Lists the services, the most recently used first.
pub async fn list_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Vec<ServiceUse>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .order_by_desc(Column::LastUsedAt)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Returns the last time that a client was used by anybody.
pub async fn find_last_of_client(
    db: &impl ConnectionTrait,
    client: &ClientId,
) -> Result<Option<Time>, DbErr> {
    let last = Entity::find()
        .select_only()
        .column(Column::LastUsedAt)
        .filter(Column::ClientId.eq(client.as_str()))
        .order_by_desc(Column::LastUsedAt)
        .limit(1);
    last.into_tuple().one(db).await
}

/// Stores the row as given; the first time stays.
pub async fn put(db: &impl ConnectionTrait, service_use: &ServiceUse) -> Result<(), DbErr> {
    let row = ActiveModel {
        account_id: Set(service_use.account.to_string()),
        client_id: Set(service_use.client_id.to_string()),
        scope: Set(service_use.scope.to_string()),
        claims: Set(service_use.claims.join(" ")),
        first_used_at: Set(service_use.first_used_at),
        last_used_at: Set(service_use.last_used_at),
    };
    let replace = OnConflict::columns([Column::AccountId, Column::ClientId])
        .update_columns([Column::Scope, Column::Claims, Column::LastUsedAt])
        .to_owned();
    Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(db)
        .await
        .map(drop)
}

fn from_row(row: Model) -> Result<ServiceUse, DbErr> {
    Ok(ServiceUse {
        scope: Scope::parse(&row.scope).map_err(|e| DbErr::Custom(e.to_string()))?,
        claims: row.claims.split_whitespace().map(str::to_owned).collect(),
        account: AccountId::new(row.account_id),
        client_id: ClientId::new(row.client_id),
        first_used_at: row.first_used_at,
        last_used_at: row.last_used_at,
    })
}
