//! Second factors of accounts: the sealed secret of an authenticator app with the last step that was used, and digests
//! of recovery codes. Spent codes are deleted.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
};

use super::entities::{recovery_code, totp_factor};
use crate::domain::{AccountId, Time};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totp {
    pub sealed_secret: String,
    pub last_step: i64,
    pub created_at: Time,
}

pub async fn find_totp(db: &impl ConnectionTrait, account: &AccountId) -> Result<Option<Totp>, DbErr> {
    let row = totp_factor::Entity::find_by_id(account.as_str()).one(db).await?;
    Ok(row.map(totp))
}

fn totp(row: totp_factor::Model) -> Totp {
    Totp {
        sealed_secret: row.sealed_secret,
        last_step: row.last_step,
        created_at: row.created_at,
    }
}

/// Inserts the app's secret. Returns `false` if the account has one.
pub async fn insert_totp(db: &impl ConnectionTrait, account: &AccountId, totp: &Totp) -> Result<bool, DbErr> {
    let row = totp_factor::ActiveModel {
        account_id: Set(account.to_string()),
        sealed_secret: Set(totp.sealed_secret.clone()),
        last_step: Set(totp.last_step),
        created_at: Set(totp.created_at),
    };
    let once = OnConflict::column(totp_factor::Column::AccountId)
        .do_nothing()
        .to_owned();
    totp_factor::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(db)
        .await?;
    Ok(find_totp(db, account).await?.as_ref() == Some(totp))
}

/// Spends a step and all before it; of any number of parallel uses, one gets `true`.
pub async fn spend_step(db: &impl ConnectionTrait, account: &AccountId, step: i64) -> Result<bool, DbErr> {
    let done = totp_factor::Entity::update_many()
        .col_expr(totp_factor::Column::LastStep, Expr::value(step))
        .filter(totp_factor::Column::AccountId.eq(account.as_str()))
        .filter(totp_factor::Column::LastStep.lt(step))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes the app's secret. Returns `false` if there was none.
pub async fn delete_totp(db: &impl ConnectionTrait, account: &AccountId) -> Result<bool, DbErr> {
    let done = totp_factor::Entity::delete_by_id(account.as_str())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn delete_codes(db: &impl ConnectionTrait, account: &AccountId) -> Result<(), DbErr> {
    recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::AccountId.eq(account.as_str()))
        .exec(db)
        .await
        .map(drop)
}

/// Stores a new list in place of the old one.
pub async fn replace_codes(
    db: &impl ConnectionTrait,
    account: &AccountId,
    digests: &[String],
) -> Result<(), DbErr> {
    delete_codes(db, account).await?;
    let rows = digests.iter().map(|digest| recovery_code::ActiveModel {
        digest: Set(digest.clone()),
        account_id: Set(account.to_string()),
    });
    recovery_code::Entity::insert_many(rows)
        .exec_without_returning(db)
        .await
        .map(drop)
}

/// Spends a code; of any number of parallel uses, one gets `true`.
pub async fn take_code(db: &impl ConnectionTrait, account: &AccountId, digest: &str) -> Result<bool, DbErr> {
    let done = recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::Digest.eq(digest))
        .filter(recovery_code::Column::AccountId.eq(account.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

pub async fn count_codes(db: &impl ConnectionTrait, account: &AccountId) -> Result<u64, DbErr> {
    recovery_code::Entity::find()
        .filter(recovery_code::Column::AccountId.eq(account.as_str()))
        .count(db)
        .await
}
