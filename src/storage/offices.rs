//! The office that a person holds at a time: of a Focal Point, or of a deputy within the term.

use sea_orm::sea_query::{Expr, ExprTrait, Query, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::entities::{deputy, focal_point};
use crate::domain::office::HeldOffice;
use crate::domain::{AccountId, OrganizationId, Time};

/// Returns the office. Every page of a person who is logged in asks for it: one statement has both tables.
pub async fn find_of_account(
    db: &impl ConnectionTrait,
    account: &AccountId,
    now: Time,
) -> Result<Option<HeldOffice>, DbErr> {
    use deputy::Column as D;
    use focal_point::Column as F;
    let mut both = Query::select()
        .column(F::OrganizationId)
        .expr_as(Expr::cust("0"), "deputy")
        .from(focal_point::Entity)
        .and_where(Expr::col(F::AccountId).eq(account.as_str()))
        .to_owned();
    let deputies = Query::select()
        .column(D::OrganizationId)
        .expr_as(Expr::cust("1"), "deputy")
        .from(deputy::Entity)
        .and_where(Expr::col(D::AccountId).eq(account.as_str()))
        .and_where(Expr::col(D::StartsAt).lte(now))
        .and_where(Expr::col(D::EndsAt).gt(now))
        .to_owned();
    both.union(UnionType::All, deputies);
    let mut held: Option<HeldOffice> = None;
    for row in db.query_all(&both).await? {
        let organization: String = row.try_get("", "organization_id")?;
        let is_deputy = row.try_get::<i32>("", "deputy")? == 1;
        // A Focal Point needs no term.
        if held.as_ref().is_none_or(|it| it.is_deputy) {
            held = Some(HeldOffice {
                organization: OrganizationId::new(organization),
                is_deputy,
            });
        }
    }
    Ok(held)
}

/// Does what `find_of_account` does, and keeps the row until the transaction ends: a person who loses the office
/// meanwhile decides no more.
pub async fn find_of_account_to_rely_on(
    tx: &impl ConnectionTrait,
    account: &AccountId,
    now: Time,
) -> Result<Option<HeldOffice>, DbErr> {
    let focal_point = focal_point::Entity::find()
        .filter(focal_point::Column::AccountId.eq(account.as_str()))
        .lock_shared()
        .one(tx)
        .await?;
    if let Some(row) = focal_point {
        return Ok(Some(HeldOffice {
            organization: OrganizationId::new(row.organization_id),
            is_deputy: false,
        }));
    }
    let deputy = deputy::Entity::find()
        .filter(deputy::Column::AccountId.eq(account.as_str()))
        .filter(deputy::Column::StartsAt.lte(now))
        .filter(deputy::Column::EndsAt.gt(now))
        .lock_shared()
        .one(tx)
        .await?;
    Ok(deputy.map(|row| HeldOffice {
        organization: OrganizationId::new(row.organization_id),
        is_deputy: true,
    }))
}
