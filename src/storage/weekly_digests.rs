//! Until when each holder of an office was told by a weekly digest, and who does not want it. Whoever has no row wants it and
//! was never told. `affiliations::notifications::weekly_digest` writes the mails.

use std::collections::HashSet;

use sea_orm::sea_query::{Cond, DynIden, Expr, ExprTrait, IntoIden, JoinType, OnConflict, Order, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::batches::ROWS;
use super::entities::weekly_digest::{ActiveModel, Column, Entity};
use super::entities::{deputy, focal_point};
use crate::domain::{AccountId, OrganizationId, Time};

/// The offices whose holders get the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Office {
    FocalPoint,
    Deputy,
}

impl Office {
    pub const ALL: [Self; 2] = [Self::FocalPoint, Self::Deputy];
}

/// A holder of an office who was not yet told of the time until the end of a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub account: AccountId,
    pub organization: OrganizationId,
    /// The time of the designation or naming.
    pub since: Time,
    /// The time until which they were told.
    pub sent_until: Option<Time>,
}

/// Lists a batch of those who hold the office since `end` or before, are there at `now`, want the digest and were not told of the
/// time until `end`, after the account `after`, in the order of accounts.
pub async fn list_due(
    db: &impl ConnectionTrait,
    office: Office,
    after: &str,
    end: Time,
    now: Time,
) -> Result<Vec<Due>, DbErr> {
    let held = |column: DynIden| Expr::col(("held", column));
    let mut select = Query::select();
    let [account, organization, since] = match office {
        Office::FocalPoint => {
            use focal_point::Column as F;
            let is_there = Cond::any()
                .add(held(F::AbsentFrom.into_iden()).is_null())
                .add(held(F::AbsentFrom.into_iden()).gt(now))
                .add(held(F::AbsentUntil.into_iden()).lte(now));
            select.from_as(focal_point::Entity, "held").cond_where(is_there);
            [
                F::AccountId.into_iden(),
                F::OrganizationId.into_iden(),
                F::DesignatedAt.into_iden(),
            ]
        }
        Office::Deputy => {
            use deputy::Column as D;
            select
                .from_as(deputy::Entity, "held")
                .and_where(held(D::StartsAt.into_iden()).lte(now))
                .and_where(held(D::EndsAt.into_iden()).gt(now));
            [
                D::AccountId.into_iden(),
                D::OrganizationId.into_iden(),
                D::NamedAt.into_iden(),
            ]
        }
    };
    let told = |column: Column| Expr::col((Entity, column));
    select
        .join(
            JoinType::LeftJoin,
            Entity,
            told(Column::AccountId).equals(("held", account.clone())),
        )
        .expr_as(held(account.clone()), "account_id")
        .expr_as(held(organization), "organization_id")
        .expr_as(held(since.clone()), "since")
        .column((Entity, Column::SentUntil))
        .and_where(held(account.clone()).gt(after))
        .and_where(held(since).lte(end))
        .and_where(told(Column::StoppedAt).is_null())
        .cond_where(
            Cond::any()
                .add(told(Column::SentUntil).is_null())
                .add(told(Column::SentUntil).lt(end)),
        )
        .order_by_expr(held(account), Order::Asc)
        .limit(ROWS as u64);
    let rows = db.query_all(&select).await?;
    let due = rows.into_iter().map(|row| {
        Ok(Due {
            account: AccountId::new(row.try_get::<String>("", "account_id")?),
            organization: OrganizationId::new(row.try_get::<String>("", "organization_id")?),
            since: row.try_get("", "since")?,
            sent_until: row.try_get("", "sent_until")?,
        })
    });
    due.collect()
}

/// Notes that the account is told of the time until `end`, if it was not and wants to be: of any number of nodes that ask at once,
/// one gets `true`.
pub async fn take(tx: &impl ConnectionTrait, account: &AccountId, end: Time) -> Result<bool, DbErr> {
    let row = ActiveModel {
        account_id: Set(account.to_string()),
        sent_until: Set(Some(end)),
        stopped_at: Set(None),
    };
    let sent_until = Expr::col((Entity, Column::SentUntil));
    let unless_told = OnConflict::column(Column::AccountId)
        .update_column(Column::SentUntil)
        .action_and_where(Expr::col((Entity, Column::StoppedAt)).is_null())
        .action_and_where(sent_until.clone().is_null().or(sent_until.lt(end)))
        .to_owned();
    let written = Entity::insert(row)
        .on_conflict(unless_told)
        .exec_without_returning(tx)
        .await?;
    Ok(written == 1)
}

/// Returns those of the accounts that do not want it.
pub async fn list_stopped(
    db: &impl ConnectionTrait,
    accounts: &[AccountId],
) -> Result<HashSet<AccountId>, DbErr> {
    if accounts.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<String> = Entity::find()
        .select_only()
        .column(Column::AccountId)
        .filter(Column::AccountId.is_in(accounts.iter().map(AccountId::as_str)))
        .filter(Column::StoppedAt.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(AccountId::new).collect())
}

/// Notes that the account does not want it. Returns `false` if that is so already.
pub async fn stop(tx: &impl ConnectionTrait, account: &AccountId, now: Time) -> Result<bool, DbErr> {
    let row = ActiveModel {
        account_id: Set(account.to_string()),
        sent_until: Set(None),
        stopped_at: Set(Some(now)),
    };
    let unless_stopped = OnConflict::column(Column::AccountId)
        .update_column(Column::StoppedAt)
        .action_and_where(Expr::col((Entity, Column::StoppedAt)).is_null())
        .to_owned();
    let written = Entity::insert(row)
        .on_conflict(unless_stopped)
        .exec_without_returning(tx)
        .await?;
    Ok(written == 1)
}

/// Notes that the account wants it again: the next one begins now. Returns `false` if it was not stopped.
pub async fn resume(tx: &impl ConnectionTrait, account: &AccountId, now: Time) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::StoppedAt, Expr::value(Option::<Time>::None))
        .col_expr(Column::SentUntil, Expr::value(Some(now)))
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::StoppedAt.is_not_null())
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}
