//! Changes of the e-mail address. An account has one that is pending at most; a completed one is found by the digest of
//! its undo link (security.md SU-7). A row that has expired is as good as absent, until it is swept.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
};

use super::entities::email_change::{ActiveModel, Column, Entity, Model};
use super::{batches, corrupt};
use crate::domain::account::EmailAddress;
use crate::domain::email_change::{EmailChange, UNDO};
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Time};

pub async fn insert(db: &impl ConnectionTrait, change: &EmailChange) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(change.id.clone()),
        account_id: Set(change.account.as_str().to_owned()),
        old_email: Set(change.old.as_str().to_owned()),
        new_email: Set(change.new.as_str().to_owned()),
        taken: Set(change.taken),
        requested_at: Set(change.requested_at),
        changed_at: Set(None),
        undo_digest: Set(None),
        expires_at: Set(change.expires_at),
    };
    Entity::insert(row).exec_without_returning(db).await.map(drop)
}

pub async fn find_pending(
    db: &impl ConnectionTrait,
    account: &AccountId,
    now: Time,
) -> Result<Option<EmailChange>, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::ChangedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .one(db)
        .await?
        .map(change)
        .transpose()
}

/// Writes whether the new address has an account, with each code.
pub async fn update_taken(db: &impl ConnectionTrait, id: &str, taken: bool) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Taken, Expr::value(taken))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(drop)
}

/// Deletes the pending change of the account. Returns `false` if there was none.
pub async fn delete_pending(db: &impl ConnectionTrait, account: &AccountId) -> Result<bool, DbErr> {
    let done = Entity::delete_many()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::ChangedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected > 0)
}

/// The link that undoes a change.
#[derive(Clone, Debug)]
pub struct Undo {
    pub digest: Digest,
    pub until: Time,
}

/// Completes a pending change, and keeps it for its undo link if it has one. Of any number of parallel uses, one gets
/// `true`.
pub async fn complete(
    db: &impl ConnectionTrait,
    id: &str,
    old: &EmailAddress,
    undo: Option<&Undo>,
    now: Time,
) -> Result<bool, DbErr> {
    let changes = ActiveModel {
        old_email: Set(old.as_str().to_owned()),
        changed_at: Set(Some(now)),
        undo_digest: Set(undo.map(|it| it.digest.as_str().to_owned())),
        expires_at: Set(undo.map_or(now + UNDO, |it| it.until)),
        ..Default::default()
    };
    let done = Entity::update_many()
        .set(changes)
        .filter(Column::Id.eq(id))
        .filter(Column::ChangedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Returns the change that the link undoes, while it can.
pub async fn find_by_undo(
    db: &impl ConnectionTrait,
    undo: &Digest,
    now: Time,
) -> Result<Option<EmailChange>, DbErr> {
    Entity::find()
        .filter(Column::UndoDigest.eq(undo.as_str()))
        .filter(Column::ExpiresAt.gt(now))
        .one(db)
        .await?
        .map(change)
        .transpose()
}

/// Lists the changes of the account that a link can undo, the first one first.
pub async fn list_undoable(
    db: &impl ConnectionTrait,
    account: &AccountId,
    now: Time,
) -> Result<Vec<EmailChange>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::UndoDigest.is_not_null())
        .filter(Column::ExpiresAt.gt(now))
        .order_by_asc(Column::ChangedAt)
        .all(db)
        .await?;
    rows.into_iter().map(change).collect()
}

/// Spends the link; of any number of parallel uses, one gets `true`.
pub async fn spend_undo(db: &impl ConnectionTrait, undo: &Digest) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::UndoDigest, Expr::value(None::<String>))
        .filter(Column::UndoDigest.eq(undo.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Voids the links of the changes that the account made since.
pub async fn void_undo_since(
    db: &impl ConnectionTrait,
    account: &AccountId,
    since: Time,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::UndoDigest, Expr::value(None::<String>))
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::ChangedAt.gte(since))
        .exec(db)
        .await
        .map(drop)
}

/// Returns the addresses that the account had until lately: those whose link still undoes the change, or did.
pub async fn list_former(
    db: &impl ConnectionTrait,
    account: &AccountId,
    now: Time,
) -> Result<Vec<EmailAddress>, DbErr> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::ChangedAt.is_not_null())
        .filter(Column::ExpiresAt.gt(now))
        .all(db)
        .await?;
    let mut former: Vec<EmailAddress> = Vec::new();
    for row in rows {
        let address = change(row)?.old;
        if former.iter().all(|it| it.key() != address.key()) {
            former.push(address);
        }
    }
    Ok(former)
}

pub async fn delete_expired(db: &impl ConnectionTrait, now: Time) -> Result<u64, DbErr> {
    let expired = Condition::all().add(Column::ExpiresAt.lte(now));
    batches::delete::<Entity, String>(db, Column::Id, expired).await
}

fn change(row: Model) -> Result<EmailChange, DbErr> {
    let address = |it: &str| EmailAddress::parse(it).map_err(|_| corrupt("email_changes", &row.id));
    Ok(EmailChange {
        old: address(&row.old_email)?,
        new: address(&row.new_email)?,
        account: AccountId::new(row.account_id),
        taken: row.taken,
        requested_at: row.requested_at,
        changed_at: row.changed_at,
        expires_at: row.expires_at,
        id: row.id,
    })
}
