//! Requests that are pending, for affiliations and for TIES rights, and the notices about them: announced to those who
//! decide, reminded of after a week, escalated after three (product.md).

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
};

use super::batches::ROWS;
use super::entities::{affiliation, ties_right};
use super::is;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId, Time};

/// A notice that a request has had or lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    Announced,
    Reminded,
    Escalated,
}

/// Returns the requests that are pending since before `before` without this notice, by organization, the oldest first: an
/// affiliation, or TIES rights on an approved one. A person has one entry.
pub async fn list(
    db: &impl ConnectionTrait,
    lacking: Notice,
    before: Time,
) -> Result<BTreeMap<OrganizationId, Vec<AffiliationId>>, DbErr> {
    let pending: Vec<(String, String)> = columns()
        .filter(is(
            affiliation::Column::Status,
            AffiliationStatus::Pending.as_str(),
        ))
        .filter(affiliation_column(lacking).is_null())
        .filter(affiliation::Column::RequestedAt.lte(before))
        .order_by_asc(affiliation::Column::RequestedAt)
        .into_tuple()
        .all(db)
        .await?;
    // A notice about an affiliation covers the rights that were requested with it.
    let rights = ties_right::Entity::find()
        .select_only()
        .column(ties_right::Column::AffiliationId)
        .filter(is(ties_right::Column::Status, TiesStatus::Requested.as_str()))
        .filter(right_column(lacking).is_null())
        .filter(ties_right::Column::RequestedAt.lte(before))
        .into_query();
    let approved: Vec<(String, String)> = columns()
        .filter(affiliation::Column::Id.in_subquery(rights))
        // The affiliation is approved, then: with any other status its rights have ended (m0010).
        .filter(affiliation::Column::Status.ne(AffiliationStatus::Pending.as_str()))
        .order_by_asc(affiliation::Column::RequestedAt)
        .into_tuple()
        .all(db)
        .await?;
    let mut requests: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (affiliation, organization) in pending.into_iter().chain(approved) {
        requests
            .entry(OrganizationId::new(organization))
            .or_default()
            .push(AffiliationId::new(affiliation));
    }
    Ok(requests)
}

fn columns() -> Select<affiliation::Entity> {
    affiliation::Entity::find()
        .select_only()
        .columns([affiliation::Column::Id, affiliation::Column::OrganizationId])
}

/// Notes that the notice was given. Of several nodes that do so at once, one gets `true`.
pub async fn mark(
    tx: &impl ConnectionTrait,
    notice: Notice,
    requests: &[AffiliationId],
    now: Time,
) -> Result<bool, DbErr> {
    let mut marked = 0;
    for chunk in requests.chunks(ROWS) {
        let ids: Vec<_> = chunk.iter().map(AffiliationId::as_str).collect();
        let column = affiliation_column(notice);
        marked += affiliation::Entity::update_many()
            .col_expr(column, Expr::value(now))
            .filter(
                Condition::all()
                    .add(affiliation::Column::Id.is_in(ids.clone()))
                    .add(is(
                        affiliation::Column::Status,
                        AffiliationStatus::Pending.as_str(),
                    ))
                    .add(column.is_null()),
            )
            .exec(tx)
            .await?
            .rows_affected;
        let column = right_column(notice);
        marked += ties_right::Entity::update_many()
            .col_expr(column, Expr::value(now))
            .filter(
                Condition::all()
                    .add(ties_right::Column::AffiliationId.is_in(ids))
                    .add(is(ties_right::Column::Status, TiesStatus::Requested.as_str()))
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
