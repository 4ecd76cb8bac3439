//! Passkeys of accounts. A credential belongs to one account for ever (Web Authentication §7.1, step 26).

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};

use super::entities::passkey::{ActiveModel, Column, Entity, Model};
use crate::domain::{AccountId, Time};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub id: String,
    pub account: AccountId,
    /// The id in base64url.
    pub credential_id: String,
    /// The credential as `webauthn` writes it.
    pub credential: String,
    /// The person's name for it.
    pub name: String,
    /// `true` if it counts in place of the password, too.
    pub counts_alone: bool,
    pub created_at: Time,
    pub last_used_at: Option<Time>,
}

fn passkey(row: Model) -> Passkey {
    Passkey {
        id: row.id,
        account: AccountId::new(row.account_id),
        credential_id: row.credential_id,
        credential: row.credential,
        name: row.name,
        counts_alone: row.counts_alone,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    }
}

/// Lists the passkeys of the account, the first one first.
pub async fn list_of_account(db: &impl ConnectionTrait, account: &AccountId) -> Result<Vec<Passkey>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(passkey).collect())
}

pub async fn count(db: &impl ConnectionTrait, account: &AccountId) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .count(db)
        .await
}

pub async fn find_by_credential(
    db: &impl ConnectionTrait,
    credential_id: &str,
) -> Result<Option<Passkey>, DbErr> {
    let found = Entity::find().filter(Column::CredentialId.eq(credential_id));
    Ok(found.one(db).await?.map(passkey))
}

/// Inserts a passkey. Returns `false` if the credential is registered already.
pub async fn insert(db: &impl ConnectionTrait, passkey: &Passkey) -> Result<bool, DbErr> {
    let row = ActiveModel {
        id: Set(passkey.id.clone()),
        account_id: Set(passkey.account.to_string()),
        credential_id: Set(passkey.credential_id.clone()),
        credential: Set(passkey.credential.clone()),
        name: Set(passkey.name.clone()),
        counts_alone: Set(passkey.counts_alone),
        created_at: Set(passkey.created_at),
        last_used_at: Set(passkey.last_used_at),
    };
    let once = OnConflict::column(Column::CredentialId).do_nothing().to_owned();
    let rows = Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(db)
        .await?;
    Ok(rows == 1)
}

/// Writes the use of `it`, and keeps this credential from now on. Returns `false` if it is no longer as it was read:
/// taken away, used elsewhere, or no longer counted alone.
pub async fn update_used(
    db: &impl ConnectionTrait,
    passkey: &Passkey,
    credential: &str,
    now: Time,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Credential, Expr::value(credential))
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .filter(Column::Id.eq(passkey.id.as_str()))
        .filter(Column::Credential.eq(passkey.credential.as_str()))
        .filter(Column::CountsAlone.eq(passkey.counts_alone))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Makes one of the account's passkeys, or all, count in place of the password from now on, or do so no longer.
pub async fn update_counts_alone(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: Option<&str>,
    counts_alone: bool,
) -> Result<(), DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::CountsAlone, Expr::value(counts_alone))
        .filter(Column::AccountId.eq(account.as_str()));
    if let Some(id) = id {
        update = update.filter(Column::Id.eq(id));
    }
    update.exec(db).await.map(drop)
}

/// Renames a passkey. Returns `false` if the account has no such passkey.
pub async fn update_name(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: &str,
    name: &str,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Name, Expr::value(name))
        .filter(Column::Id.eq(id))
        .filter(Column::AccountId.eq(account.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes a passkey. Returns `false` if the account has no such passkey.
pub async fn delete(db: &impl ConnectionTrait, account: &AccountId, id: &str) -> Result<bool, DbErr> {
    let done = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::AccountId.eq(account.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes the account's passkeys, and returns how many there were.
pub async fn delete_all(db: &impl ConnectionTrait, account: &AccountId) -> Result<u64, DbErr> {
    let done = Entity::delete_many()
        .filter(Column::AccountId.eq(account.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}
