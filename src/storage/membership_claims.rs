//! Reads everything that the claims about a person's membership are made of, in one query (security.md AF-4, G-10).

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::direct::{Query, Reads, read_in_order};
use super::entities::{affiliation, focal_point, membership_type, organization, ties_right};
use super::{constant, corrupt};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::{Category, Country, OrganizationStatus};
use crate::domain::ties::TiesStatus;
use crate::domain::{AccountId, MembershipTypeId, OrganizationId};

/// The affiliation in force, or else the newest request, with its organization as it is now.
#[derive(Clone, Debug)]
pub struct CurrentAffiliation {
    pub status: AffiliationStatus,
    pub organization: OrganizationId,
    pub name: String,
    pub organization_status: OrganizationStatus,
    pub category: Category,
    pub country: Option<Country>,
    pub membership_type: MembershipTypeId,
    pub needs_approval: bool,
    pub ties_entitled: bool,
    pub focal_point: bool,
    /// The names of the granted rights, in order.
    pub ties_rights: Vec<String>,
}

#[derive(FromQueryResult)]
struct Row {
    account_id: String,
    id: String,
    status: String,
    organization_id: String,
    name: String,
    organization_status: String,
    category: String,
    country: Option<String>,
    membership_type: String,
    needs_approval: bool,
    ties_entitled: bool,
    focal_point: Option<String>,
    right_type: Option<String>,
}

read_in_order!(Row {
    account_id,
    id,
    status,
    organization_id,
    name,
    category,
    country,
    membership_type,
    organization_status,
    needs_approval,
    ties_entitled,
    focal_point,
    right_type,
});

pub async fn find(db: &impl Reads, account: &AccountId) -> Result<Option<CurrentAffiliation>, DbErr> {
    static QUERY: Query = Query::new();
    let rows: Vec<Row> = QUERY.all(db, &[account.as_str()], select).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    current(&rows.iter().collect::<Vec<_>>()).map(Some)
}

/// Returns the current affiliation of each of these accounts that has one.
pub async fn list(
    db: &impl ConnectionTrait,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, CurrentAffiliation>, DbErr> {
    if accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
    let rows = Row::find_by_statement(db.get_database_backend().build(&select(&ids)))
        .all(db)
        .await?;
    let mut by_account: HashMap<&str, Vec<&Row>> = HashMap::new();
    for row in &rows {
        by_account.entry(&row.account_id).or_default().push(row);
    }
    by_account
        .into_iter()
        .map(|(account, rows)| Ok((AccountId::new(account), current(&rows)?)))
        .collect()
}

fn select(accounts: &[&str]) -> SelectStatement {
    use affiliation::Column as A;
    use organization::Column as O;
    let a = affiliation::Entity;
    let in_force = [
        constant(AffiliationStatus::Approved.as_str()),
        constant(AffiliationStatus::SelfDeclared.as_str()),
    ];
    // The accounts are all that is bound.
    let rank = |number: i32| Expr::Constant(number.into());
    let mut select = SelectStatement::new();
    select
        .columns([
            (a, A::AccountId),
            (a, A::Id),
            (a, A::Status),
            (a, A::OrganizationId),
        ])
        .columns([
            (organization::Entity, O::Name),
            (organization::Entity, O::Category),
            (organization::Entity, O::Country),
            (organization::Entity, O::MembershipType),
        ])
        .expr_as(
            Expr::col((organization::Entity, O::Status)),
            "organization_status",
        )
        .columns([
            (membership_type::Entity, membership_type::Column::NeedsApproval),
            (membership_type::Entity, membership_type::Column::TiesEntitled),
        ])
        .expr_as(
            Expr::col((focal_point::Entity, focal_point::Column::AffiliationId)),
            "focal_point",
        )
        .column((ties_right::Entity, ties_right::Column::RightType))
        .from(a)
        .join(
            JoinType::InnerJoin,
            organization::Entity,
            Expr::col((organization::Entity, O::Id)).equals((a, A::OrganizationId)),
        )
        .join(
            JoinType::InnerJoin,
            membership_type::Entity,
            Expr::col((membership_type::Entity, membership_type::Column::Id))
                .equals((organization::Entity, O::MembershipType)),
        )
        .join(
            JoinType::LeftJoin,
            focal_point::Entity,
            Expr::col((focal_point::Entity, focal_point::Column::AffiliationId)).equals((a, A::Id)),
        )
        .join(
            JoinType::LeftJoin,
            ties_right::Entity,
            Expr::col((ties_right::Entity, ties_right::Column::AffiliationId))
                .equals((a, A::Id))
                .and(
                    Expr::col((ties_right::Entity, ties_right::Column::Status))
                        .eq(constant(TiesStatus::Granted.as_str())),
                ),
        )
        .and_where(Expr::col((a, A::AccountId)).is_in(accounts.iter().copied()))
        .order_by_expr(
            // A pending affiliation is newer than all that have ended.
            Expr::case(Expr::col((a, A::Status)).is_in(in_force), rank(0))
                .case(
                    Expr::col((a, A::Status)).eq(constant(AffiliationStatus::Pending.as_str())),
                    rank(1),
                )
                .finally(rank(2))
                .into(),
            Order::Asc,
        )
        .order_by((a, A::RequestedAt), Order::Desc)
        .order_by((a, A::Id), Order::Desc)
        .order_by((ties_right::Entity, ties_right::Column::RightType), Order::Asc);
    select
}

/// Reads the rows of one account: the first affiliation counts; it has a row for each of its granted rights.
fn current(rows: &[&Row]) -> Result<CurrentAffiliation, DbErr> {
    let first = rows[0];
    let corrupt = || corrupt("affiliations", &first.id);
    Ok(CurrentAffiliation {
        status: AffiliationStatus::parse(&first.status).ok_or_else(corrupt)?,
        organization: OrganizationId::new(&*first.organization_id),
        name: first.name.clone(),
        organization_status: OrganizationStatus::parse(&first.organization_status).ok_or_else(corrupt)?,
        category: Category::parse(&first.category).ok_or_else(corrupt)?,
        country: first.country.as_deref().and_then(Country::parse),
        membership_type: MembershipTypeId::new(&*first.membership_type),
        needs_approval: first.needs_approval,
        ties_entitled: first.ties_entitled,
        focal_point: first.focal_point.is_some(),
        ties_rights: rows
            .iter()
            .filter(|it| it.id == first.id)
            .filter_map(|it| it.right_type.clone())
            .collect(),
    })
}
