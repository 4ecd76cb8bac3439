//! Accounts as an import makes them: many in a statement, beside whoever else makes one. All other queries are in
//! `accounts`.

use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::account_words;
use super::accounts::{NewAccount, row};
use super::entities::account::{Column, Entity};
use crate::domain::account::UniqueKey;
use crate::domain::{AccountId, Time};

/// Returns the accounts that hold these keys, by the key.
pub async fn list_holders(
    db: &impl ConnectionTrait,
    keys: &[UniqueKey],
) -> Result<HashMap<String, AccountId>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::EmailUnique, Column::Id])
        .filter(Column::EmailUnique.is_in(keys.iter().map(UniqueKey::as_str)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(key, id)| (key, AccountId::new(id)))
        .collect())
}

/// Returns when the account was taken over from the former platform, if it was.
pub async fn find_imported_at(db: &impl ConnectionTrait, id: &AccountId) -> Result<Option<Time>, DbErr> {
    let found: Option<Option<Time>> = Entity::find_by_id(id.as_str())
        .select_only()
        .column(Column::ImportedAt)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.flatten())
}

/// Inserts, in one statement, those whose address no account holds, and returns how many they were. It waits for another
/// transaction that is inserting the same address. The caller keeps the statement below what a database takes at once.
pub async fn insert_new(tx: &impl ConnectionTrait, them: Vec<NewAccount>) -> Result<u64, DbErr> {
    if them.is_empty() {
        return Ok(0);
    }
    let ids: Vec<AccountId> = them.iter().map(|it| it.account.id.clone()).collect();
    let inserted = Entity::insert_many(them.into_iter().map(row))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    account_words::write(tx, &ids).await?;
    Ok(inserted)
}

/// Deletes accounts that this transaction has inserted.
pub async fn delete_inserted(tx: &impl ConnectionTrait, ids: &[AccountId]) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(Column::Id.is_in(ids.iter().map(AccountId::as_str)))
        .exec(tx)
        .await
        .map(drop)
}
