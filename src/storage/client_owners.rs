//! The owners of clients: one row for each client and person.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::entities::client_owner::{ActiveModel, Column, Entity};
use super::sessions;
use crate::domain::{AccountId, ClientId, Time};

/// A person who looks after a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOwner {
    pub client: ClientId,
    pub account: AccountId,
    pub named_at: Time,
    /// Who named them; absent for the operator at the console.
    pub named_by: Option<AccountId>,
}

/// Lists the owners of a client, the first named first.
pub async fn list_of_client(db: &impl ConnectionTrait, client: &ClientId) -> Result<Vec<ClientOwner>, DbErr> {
    let rows = Entity::find()
        .filter(Column::ClientId.eq(client.as_str()))
        .order_by_asc(Column::NamedAt)
        .order_by_asc(Column::AccountId)
        .all(db)
        .await?;
    let owner = |row: super::entities::client_owner::Model| ClientOwner {
        client: ClientId::new(row.client_id),
        account: AccountId::new(row.account_id),
        named_at: row.named_at,
        named_by: row.named_by.map(AccountId::new),
    };
    Ok(rows.into_iter().map(owner).collect())
}

pub async fn count_of_client(db: &impl ConnectionTrait, client: &ClientId) -> Result<u64, DbErr> {
    let of_client = Entity::find().filter(Column::ClientId.eq(client.as_str()));
    of_client.count(db).await
}

/// Returns `true` if the person owns any client.
pub async fn owns_any(db: &impl ConnectionTrait, account: &AccountId) -> Result<bool, DbErr> {
    let found = Entity::find().filter(Column::AccountId.eq(account.as_str()));
    Ok(found.one(db).await?.is_some())
}

/// Lists the clients that the person owns, in no order.
pub async fn list_clients(db: &impl ConnectionTrait, account: &AccountId) -> Result<Vec<ClientId>, DbErr> {
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::ClientId)
        .filter(Column::AccountId.eq(account.as_str()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(ClientId::new).collect())
}

fn key(client: &ClientId, account: &AccountId) -> (String, String) {
    (client.to_string(), account.to_string())
}

pub async fn owns(db: &impl ConnectionTrait, client: &ClientId, account: &AccountId) -> Result<bool, DbErr> {
    Ok(Entity::find_by_id(key(client, account)).one(db).await?.is_some())
}

/// Does what `owns` does, and keeps the row until the transaction ends: an owner who is removed meanwhile changes nothing
/// any more.
pub async fn owns_to_rely_on(
    tx: &impl ConnectionTrait,
    client: &ClientId,
    account: &AccountId,
) -> Result<bool, DbErr> {
    let found = Entity::find_by_id(key(client, account)).lock_shared();
    Ok(found.one(tx).await?.is_some())
}

/// Stores the row; returns `false` if the person owns the client already.
pub async fn insert(tx: &impl ConnectionTrait, owner: &ClientOwner) -> Result<bool, DbErr> {
    let row = ActiveModel {
        client_id: Set(owner.client.to_string()),
        account_id: Set(owner.account.to_string()),
        named_at: Set(owner.named_at),
        named_by: Set(owner.named_by.as_ref().map(ToString::to_string)),
    };
    let kept = OnConflict::columns([Column::ClientId, Column::AccountId])
        .do_nothing()
        .to_owned();
    let rows = Entity::insert(row)
        .on_conflict(kept)
        .exec_without_returning(tx)
        .await?;
    // security.md SE-2: a change of rights makes a new cookie due, as that of a Focal Point does.
    sessions::make_cookies_due(tx, &owner.account).await?;
    Ok(rows == 1)
}

/// Deletes the row; returns `false` if there was none.
pub async fn delete(
    tx: &impl ConnectionTrait,
    client: &ClientId,
    account: &AccountId,
) -> Result<bool, DbErr> {
    let gone = Entity::delete_by_id(key(client, account)).exec(tx).await?;
    sessions::make_cookies_due(tx, account).await?;
    Ok(gone.rows_affected == 1)
}
