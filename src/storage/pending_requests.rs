//! Requests that wait for a decision, of affiliations and of TIES rights, with what was said about them:
//! announced to who decides, reminded of after a week, escalated after three (product.md).

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
    let pending = columns()
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
    // Rights that were asked for with the affiliation are told of with it.
    let rights = ties_right::Entity::find()
        .select_only()
        .column(ties_right::Column::AffiliationId)
        .filter(is(ties_right::Column::Status, TiesStatus::Requested.as_str()))
        .filter(right_column(lacking).is_null())
        .filter(ties_right::Column::RequestedAt.lte(before))
        .into_query();
    let approved = columns()
        .filter(affiliation::Column::Id.in_subquery(rights))
        // Approved, then: with any other status its rights have ended (m0010).
        .filter(affiliation::Column::Status.ne(AffiliationStatus::Pending.as_str()))
        .order_by_asc(affiliation::Column::RequestedAt)
        .into_tuple()
        .all(db)
        .await?;
    let all = pending.into_iter().chain(approved);
    let waiting = |(affiliation, account, organization): (String, String, String)| Waiting {
        affiliation: AffiliationId::new(affiliation),
        account: AccountId::new(account),
        organization: OrganizationId::new(organization),
    };
    Ok(all.map(waiting).collect())
}

fn columns() -> Select<affiliation::Entity> {
    affiliation::Entity::find().select_only().columns([
        affiliation::Column::Id,
        affiliation::Column::AccountId,
        affiliation::Column::OrganizationId,
    ])
}

/// Notes that it was said. Of several nodes that do so at once, one is told `true`.
pub async fn mark(
    tx: &impl ConnectionTrait,
    said: Notice,
    waiting: &[AffiliationId],
    now: Time,
) -> Result<bool, DbErr> {
    let mut marked = 0;
    for chunk in waiting.chunks(ROWS) {
        let ids: Vec<_> = chunk.iter().map(AffiliationId::as_str).collect();
        let column = affiliation_column(said);
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
        let column = right_column(said);
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
