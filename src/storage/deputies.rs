//! Deputies of Focal Points: one row for each, tied to the approved affiliation that makes them eligible, until its term is
//! over and a job deletes it.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::deputy::{ActiveModel, Column, Entity, Model};
use super::sessions;
use crate::domain::office::{Deputy, Term};
use crate::domain::{AccountId, AffiliationId, OrganizationId, Time};

/// Lists the deputies of an organization, also those whose term is still to come.
pub async fn list_of_organization(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Vec<Deputy>, DbErr> {
    let rows = Entity::find()
        .filter(Column::OrganizationId.eq(organization.as_str()))
        .order_by_asc(Column::StartsAt)
        .order_by_asc(Column::AffiliationId)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

pub async fn find(db: &impl ConnectionTrait, affiliation: &AffiliationId) -> Result<Option<Deputy>, DbErr> {
    let found = Entity::find_by_id(affiliation.as_str()).one(db).await?;
    Ok(found.map(from_row))
}

/// Returns the term of the person. One who has one affiliation in force is deputy in one organization at most.
pub async fn find_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Option<Deputy>, DbErr> {
    let found = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .one(db)
        .await?;
    Ok(found.map(from_row))
}

/// Lists terms that are over, a number at most.
pub async fn list_over(db: &impl ConnectionTrait, now: Time, limit: u64) -> Result<Vec<Deputy>, DbErr> {
    let rows = Entity::find()
        .filter(Column::EndsAt.lte(now))
        .order_by_asc(Column::EndsAt)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

pub async fn insert(tx: &impl ConnectionTrait, deputy: &Deputy) -> Result<(), DbErr> {
    let row = ActiveModel {
        affiliation_id: Set(deputy.affiliation.to_string()),
        account_id: Set(deputy.account.to_string()),
        organization_id: Set(deputy.organization.to_string()),
        starts_at: Set(deputy.term.from),
        ends_at: Set(deputy.term.until),
        named_at: Set(deputy.named_at),
        named_by: Set(deputy.named_by.as_ref().map(ToString::to_string)),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    // security.md SE-2
    sessions::make_cookies_due(tx, &deputy.account).await
}

/// Deletes this very term, and returns `true` if it was there: another may have begun for the person meanwhile.
pub async fn delete(tx: &impl ConnectionTrait, deputy: &Deputy) -> Result<bool, DbErr> {
    let gone = Entity::delete_many()
        .filter(Column::AffiliationId.eq(deputy.affiliation.as_str()))
        .filter(Column::StartsAt.eq(deputy.term.from))
        .filter(Column::EndsAt.eq(deputy.term.until))
        .exec(tx)
        .await?;
    if gone.rows_affected == 1 {
        sessions::make_cookies_due(tx, &deputy.account).await?;
    }
    Ok(gone.rows_affected == 1)
}

fn from_row(row: Model) -> Deputy {
    Deputy {
        affiliation: AffiliationId::new(row.affiliation_id),
        account: AccountId::new(row.account_id),
        organization: OrganizationId::new(row.organization_id),
        term: Term {
            from: row.starts_at,
            until: row.ends_at,
        },
        named_at: row.named_at,
        named_by: row.named_by.map(AccountId::new),
    }
}
