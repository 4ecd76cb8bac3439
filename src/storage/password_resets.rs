//! Links to set a new password, by the digest of their token. A request for an address without an account is written
//! too: it leads nowhere, and it counts.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::batches;
use super::entities::password_reset::{ActiveModel, Column, Entity};
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Time};

#[derive(Clone, Debug)]
pub struct PasswordReset {
    pub account: Option<AccountId>,
    /// The keyed digest of the address that asked.
    pub address: String,
    pub resume: Option<String>,
    pub created_at: Time,
}

pub async fn insert(db: &impl ConnectionTrait, token: &Digest, reset: PasswordReset) -> Result<(), DbErr> {
    let row = ActiveModel {
        token_digest: Set(token.as_str().to_owned()),
        account_id: Set(reset.account.map(AccountId::into_string)),
        address: Set(reset.address),
        spent: Set(false),
        resume: Set(reset.resume),
        created_at: Set(reset.created_at),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

/// Returns a link that was not spent or voided.
pub async fn find_open(db: &impl ConnectionTrait, token: &Digest) -> Result<Option<PasswordReset>, DbErr> {
    let row = Entity::find_by_id(token.as_str())
        .filter(Column::Spent.eq(false))
        .one(db)
        .await?;
    Ok(row.map(|row| PasswordReset {
        account: row.account_id.map(AccountId::new),
        address: row.address,
        resume: row.resume,
        created_at: row.created_at,
    }))
}

/// Spends the link; of any number of parallel uses, one gets `true`.
pub async fn spend(db: &impl ConnectionTrait, token: &Digest) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::Spent, Expr::value(true))
        .filter(Column::TokenDigest.eq(token.as_str()))
        .filter(Column::Spent.eq(false))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Voids every link that was sent to `address`.
pub async fn void_of_address(db: &impl ConnectionTrait, address: &str) -> Result<(), DbErr> {
    void(db, Column::Address.eq(address)).await
}

/// Voids every link of the account.
pub async fn void_of_account(db: &impl ConnectionTrait, id: &AccountId) -> Result<(), DbErr> {
    void(db, Column::AccountId.eq(id.as_str())).await
}

async fn void(db: &impl ConnectionTrait, which: sea_orm::sea_query::SimpleExpr) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Spent, Expr::value(true))
        .filter(which)
        .filter(Column::Spent.eq(false))
        .exec(db)
        .await
        .map(drop)
}

pub async fn delete_made_before(db: &impl ConnectionTrait, time: Time) -> Result<u64, DbErr> {
    let old = Condition::all().add(Column::CreatedAt.lt(time));
    batches::delete::<Entity, String>(db, Column::TokenDigest, old).await
}
