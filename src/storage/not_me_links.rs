//! Links *This was not me*, found by the digest of their token. A link that was used or has expired stays for a while:
//! whoever opens it is told so, and a browser that logged in before is no longer recognized.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entities::not_me_link::{ActiveModel, Column, Entity, Model};
use super::{batches, corrupt};
use crate::domain::account::EmailAddress;
use crate::domain::not_me::{Cause, NotMeLink};
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Time};

pub async fn insert(db: &impl ConnectionTrait, digest: &Digest, link: &NotMeLink) -> Result<(), DbErr> {
    let row = ActiveModel {
        digest: Set(digest.as_str().to_owned()),
        account_id: Set(link.account.to_string()),
        email: Set(link.email.as_str().to_owned()),
        cause: Set(link.cause.as_str().to_owned()),
        mailed_at: Set(link.mailed_at),
        used_at: Set(link.used_at),
        expires_at: Set(link.expires_at),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

pub async fn find(db: &impl ConnectionTrait, digest: &Digest) -> Result<Option<NotMeLink>, DbErr> {
    let found = Entity::find_by_id(digest.as_str()).one(db).await?;
    found.map(link).transpose()
}

/// Spends the link; of any number of parallel uses, one gets `true`.
pub async fn spend(db: &impl ConnectionTrait, digest: &Digest, now: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::Digest.eq(digest.as_str()))
        .filter(Column::UsedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Spends the other open links of the account, which would do the same.
pub async fn spend_others(db: &impl ConnectionTrait, account: &AccountId, now: Time) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::UsedAt.is_null())
        .exec(db)
        .await
        .map(drop)
}

/// Deletes the links of the account that were not used.
pub async fn void_of_account(db: &impl ConnectionTrait, account: &AccountId) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::UsedAt.is_null())
        .exec(db)
        .await
        .map(drop)
}

/// Returns the last time at which a link of the account was used.
pub async fn last_used(db: &impl ConnectionTrait, account: &AccountId) -> Result<Option<Time>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::UsedAt)
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::UsedAt.is_not_null())
        .order_by_desc(Column::UsedAt)
        .into_tuple()
        .one(db)
        .await
}

pub async fn delete_expired_before(db: &impl ConnectionTrait, time: Time) -> Result<u64, DbErr> {
    let old = Condition::all().add(Column::ExpiresAt.lt(time));
    batches::delete::<Entity, String>(db, Column::Digest, old).await
}

fn link(row: Model) -> Result<NotMeLink, DbErr> {
    let corrupt = || corrupt("not_me_links", &row.digest);
    Ok(NotMeLink {
        email: EmailAddress::parse(&row.email).map_err(|_| corrupt())?,
        cause: Cause::parse(&row.cause).ok_or_else(corrupt)?,
        account: AccountId::new(row.account_id),
        mailed_at: row.mailed_at,
        used_at: row.used_at,
        expires_at: row.expires_at,
    })
}
