//! Focal Points: one row for each, tied to the approved affiliation that makes them eligible.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::entities::focal_point::{ActiveModel, Column, Entity, Model};
use super::sessions;
use crate::domain::affiliation::FocalPoint;
use crate::domain::office::Term;
use crate::domain::{AccountId, AffiliationId, OrganizationId, Time};

pub async fn list_of_organization(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
) -> Result<Vec<FocalPoint>, DbErr> {
    let rows = Entity::find()
        .filter(Column::OrganizationId.eq(organization.as_str()))
        .order_by_asc(Column::DesignatedAt)
        .order_by_asc(Column::AffiliationId)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Returns the Focal Point's row. A person has one affiliation in force, so is Focal Point of one organization at most.
pub async fn find_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Option<FocalPoint>, DbErr> {
    let found = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .one(db)
        .await?;
    Ok(found.map(from_row))
}

pub async fn insert(tx: &impl ConnectionTrait, focal_point: &FocalPoint) -> Result<(), DbErr> {
    let row = ActiveModel {
        affiliation_id: Set(focal_point.affiliation.to_string()),
        account_id: Set(focal_point.account.to_string()),
        organization_id: Set(focal_point.organization.to_string()),
        designated_at: Set(focal_point.designated_at),
        designated_by: Set(focal_point.designated_by.as_ref().map(ToString::to_string)),
        absent_from: Set(focal_point.absence.map(|it| it.from)),
        absent_until: Set(focal_point.absence.map(|it| it.until)),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    // security.md SE-2: this is done here and nowhere else, so that no way to an office, or out of it, can forget it.
    sessions::make_cookies_due(tx, &focal_point.account).await
}

/// Writes the days of absence where they still are `seen`, and returns `true` if they were.
pub async fn update_absence(
    tx: &impl ConnectionTrait,
    seen: &FocalPoint,
    absence: Option<Term>,
) -> Result<bool, DbErr> {
    let same = |column: Column, value: Option<Time>| match value {
        Some(value) => column.eq(value),
        None => column.is_null(),
    };
    let done = Entity::update_many()
        .col_expr(Column::AbsentFrom, Expr::value(absence.map(|it| it.from)))
        .col_expr(Column::AbsentUntil, Expr::value(absence.map(|it| it.until)))
        .filter(Column::AffiliationId.eq(seen.affiliation.as_str()))
        .filter(same(Column::AbsentFrom, seen.absence.map(|it| it.from)))
        .filter(same(Column::AbsentUntil, seen.absence.map(|it| it.until)))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Deletes it, and returns `true` if there was one.
pub async fn delete(tx: &impl ConnectionTrait, affiliation: &AffiliationId) -> Result<bool, DbErr> {
    let Some(row) = Entity::find_by_id(affiliation.as_str()).one(tx).await? else {
        return Ok(false);
    };
    let gone = Entity::delete_by_id(affiliation.as_str()).exec(tx).await?;
    sessions::make_cookies_due(tx, &AccountId::new(row.account_id)).await?;
    Ok(gone.rows_affected == 1)
}

fn from_row(row: Model) -> FocalPoint {
    FocalPoint {
        affiliation: AffiliationId::new(row.affiliation_id),
        account: AccountId::new(row.account_id),
        organization: OrganizationId::new(row.organization_id),
        designated_at: row.designated_at,
        designated_by: row.designated_by.map(AccountId::new),
        absence: row
            .absent_from
            .zip(row.absent_until)
            .map(|(from, until)| Term { from, until }),
    }
}
