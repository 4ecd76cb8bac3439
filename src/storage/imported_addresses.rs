//! The addresses that came with a file of the former platform, by keyed digests. A row stays when the address of the
//! account changes, and when the account is deleted: the same file again finds it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::entities::imported_address::{ActiveModel, Column, Entity};
use crate::domain::{AccountId, Time};

#[derive(Clone, Debug)]
pub struct ImportedAddress {
    pub digest: String,
    /// Absent once the account is deleted.
    pub account: Option<AccountId>,
    /// The import that made the account; absent where the file found one.
    pub import: Option<String>,
}

/// Lists those with these digests, in no order.
pub async fn list(db: &impl ConnectionTrait, digests: &[String]) -> Result<Vec<ImportedAddress>, DbErr> {
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::Digest.is_in(digests))
        .all(db)
        .await?;
    let addresses = rows.into_iter().map(|row| ImportedAddress {
        digest: row.digest,
        account: row.account_id.map(AccountId::new),
        import: row.import_id,
    });
    Ok(addresses.collect())
}

/// Inserts those that do not exist in one statement, and returns how many they were. It waits for another import that is
/// inserting the same.
pub async fn insert_new(
    tx: &impl ConnectionTrait,
    them: &[ImportedAddress],
    now: Time,
) -> Result<u64, DbErr> {
    if them.is_empty() {
        return Ok(0);
    }
    let rows = them.iter().map(|it| ActiveModel {
        digest: Set(it.digest.clone()),
        account_id: Set(it.account.as_ref().map(ToString::to_string)),
        import_id: Set(it.import.clone()),
        imported_at: Set(now),
    });
    Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await
}

/// Returns `true` if this import made an account.
pub async fn is_any_of(db: &impl ConnectionTrait, import: &str) -> Result<bool, DbErr> {
    let found: Option<String> = Entity::find()
        .select_only()
        .column(Column::Digest)
        .filter(Column::ImportId.eq(import))
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}
