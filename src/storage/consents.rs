//! Stores consents, one row for each account and client. `oidc::consent` writes them, and `accounts::sessions` ends
//! offline access. When a person is asked is decided in `oidc::consent`.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryTrait,
};

use super::direct::{Query, Reads};
use super::entities::consent::{ActiveModel, Column, Entity, Model};
use crate::domain::authorization::Consent;
use crate::domain::grant_management::GrantId;
use crate::domain::scope::{OFFLINE_ACCESS, Scope};
use crate::domain::{AccountId, ClientId};

pub async fn find(db: &impl Reads, account: &AccountId, client: &ClientId) -> Result<Option<Consent>, DbErr> {
    static QUERY: Query = Query::new();
    let found: Option<Model> = QUERY
        .one(db, &[account.as_str(), client.as_str()], |values| {
            let of_account = Entity::find().filter(Column::AccountId.eq(values[0]));
            of_account.filter(Column::ClientId.eq(values[1])).into_query()
        })
        .await?;
    found.map(from_row).transpose()
}

/// Finds the consent that its client names so.
pub async fn find_by_grant(db: &impl ConnectionTrait, id: &GrantId) -> Result<Option<Consent>, DbErr> {
    let found = Entity::find()
        .filter(Column::GrantId.eq(id.as_str()))
        .one(db)
        .await?;
    found.map(from_row).transpose()
}

/// Lists the consents of the account, the newest first.
pub async fn list_of_account(db: &impl ConnectionTrait, account: &AccountId) -> Result<Vec<Consent>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .order_by_desc(Column::GivenAt)
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Lists the consents that these people gave to one client.
pub async fn list_of_client(
    db: &impl ConnectionTrait,
    client: &ClientId,
    accounts: &[AccountId],
) -> Result<Vec<Consent>, DbErr> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::ClientId.eq(client.as_str()))
        .filter(Column::AccountId.is_in(accounts.iter().map(AccountId::as_str)))
        .all(db)
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Stores the row as given, in place of the one before.
pub async fn put(tx: &impl ConnectionTrait, consent: &Consent) -> Result<(), DbErr> {
    let row = ActiveModel {
        account_id: Set(consent.account.to_string()),
        client_id: Set(consent.client_id.to_string()),
        scope: Set(consent.scope.to_string()),
        claims: Set(consent.claims.join(" ")),
        redirect_hosts: Set(consent.redirect_hosts.join(" ")),
        grant_id: Set(consent.grant_id.as_ref().map(ToString::to_string)),
        first_given_at: Set(consent.first_given_at),
        given_at: Set(consent.given_at),
    };
    let replace = OnConflict::columns([Column::AccountId, Column::ClientId])
        .update_columns([
            Column::Scope,
            Column::Claims,
            Column::RedirectHosts,
            Column::GrantId,
            Column::FirstGivenAt,
            Column::GivenAt,
        ])
        .to_owned();
    Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Takes access while the person is away out of every consent of the account; all else stays granted.
pub async fn end_offline_access(tx: &impl ConnectionTrait, account: &AccountId) -> Result<(), DbErr> {
    for consent in list_of_account(tx, account).await? {
        if consent.scope.contains(OFFLINE_ACCESS) {
            let scope = consent.scope.without(OFFLINE_ACCESS);
            put(tx, &Consent { scope, ..consent }).await?;
        }
    }
    Ok(())
}

/// Deletes the consent. Returns `false` if there was none.
pub async fn delete(
    tx: &impl ConnectionTrait,
    account: &AccountId,
    client: &ClientId,
) -> Result<bool, DbErr> {
    let key = (account.to_string(), client.to_string());
    Ok(Entity::delete_by_id(key).exec(tx).await?.rows_affected == 1)
}

fn from_row(row: Model) -> Result<Consent, DbErr> {
    Ok(Consent {
        scope: Scope::parse(&row.scope).map_err(|e| DbErr::Custom(e.to_string()))?,
        claims: row.claims.split_whitespace().map(str::to_owned).collect(),
        redirect_hosts: row.redirect_hosts.split_whitespace().map(str::to_owned).collect(),
        grant_id: row.grant_id.map(GrantId::new),
        account: AccountId::new(row.account_id),
        client_id: ClientId::new(row.client_id),
        first_given_at: row.first_given_at,
        given_at: row.given_at,
    })
}
