//! Requests that wait for a decision, of affiliations and of TIES rights, with what was said about them:
//! announced to who decides, reminded of after a week, escalated after three (product.md).

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::entities::{affiliation, ties_right};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::ties::TiesStatus;
use crate::domain::{AccountId, AffiliationId, OrganizationId, Time};

/// What was or was not yet said about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    Announced,
    Reminded,
    Escalated,
}

/// An affiliation, or TIES rights on an approved one, that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub affiliation: AffiliationId,
    pub account: AccountId,
    pub organization: OrganizationId,
}

/// What waits since before `before` without this notice, the oldest first, one entry for a person.
pub async fn list(db: &impl ConnectionTrait, lacking: Notice, before: Time) -> Result<Vec<Waiting>, DbErr> {
    let pending = affiliation::Entity::find()
        .filter(affiliation::Column::Status.eq(AffiliationStatus::Pending.as_str()))
        .filter(affiliation_column(lacking).is_null())
        .filter(affiliation::Column::RequestedAt.lte(before))
        .order_by_asc(affiliation::Column::RequestedAt)
        .all(db)
        .await?;
    let rights = ties_right::Entity::find()
        .filter(ties_right::Column::Status.eq(TiesStatus::Requested.as_str()))
        .filter(right_column(lacking).is_null())
        .filter(ties_right::Column::RequestedAt.lte(before))
        .order_by_asc(ties_right::Column::RequestedAt)
        .all(db)
        .await?;
    // Rights that were asked for with the affiliation are told of with it.
    let approved = affiliation::Entity::find()
        .filter(affiliation::Column::Id.is_in(rights.iter().map(|it| &*it.affiliation_id)))
        .filter(affiliation::Column::Status.eq(AffiliationStatus::Approved.as_str()))
        .all(db)
        .await?;
    Ok(pending
        .into_iter()
        .chain(approved)
        .map(|it| Waiting {
            affiliation: AffiliationId::new(it.id),
            account: AccountId::new(it.account_id),
            organization: OrganizationId::new(it.organization_id),
        })
        .collect())
}

/// Notes that it was said. Of several nodes that do so at once, one is told `true`.
pub async fn mark(
    tx: &impl ConnectionTrait,
    said: Notice,
    waiting: &[AffiliationId],
    now: Time,
) -> Result<bool, DbErr> {
    let mut marked = 0;
    for chunk in waiting.chunks(500) {
        let ids: Vec<_> = chunk.iter().map(AffiliationId::as_str).collect();
        let column = affiliation_column(said);
        marked += affiliation::Entity::update_many()
            .col_expr(column, Expr::value(now))
            .filter(
                Condition::all()
                    .add(affiliation::Column::Id.is_in(ids.clone()))
                    .add(affiliation::Column::Status.eq(AffiliationStatus::Pending.as_str()))
                    .add(column.is_null()),
            )
            .exec(tx)
            .await?
            .rows_affected;
        let column = right_column(said);
        marked += ties_right::Entity::update_many()
            .col_expr(column, Expr::value(now))
            .filter(
                Condition::all()
                    .add(ties_right::Column::AffiliationId.is_in(ids))
                    .add(ties_right::Column::Status.eq(TiesStatus::Requested.as_str()))
                    .add(column.is_null()),
            )
            .exec(tx)
            .await?
            .rows_affected;
    }
    Ok(marked > 0)
}

fn affiliation_column(notice: Notice) -> affiliation::Column {
    match notice {
        Notice::Announced => affiliation::Column::AnnouncedAt,
        Notice::Reminded => affiliation::Column::RemindedAt,
        Notice::Escalated => affiliation::Column::EscalatedAt,
    }
}

fn right_column(notice: Notice) -> ties_right::Column {
    match notice {
        Notice::Announced => ties_right::Column::AnnouncedAt,
        Notice::Reminded => ties_right::Column::RemindedAt,
        Notice::Escalated => ties_right::Column::EscalatedAt,
    }
}
