//! Affiliations with their people, for the lists of Focal Points and administrators: fixed columns, fixed filters, fixed
//! orders (security.md AF-6, AD-4). `affiliations::roster` decides who may see them.

use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, LikeExpr, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Iterable};

use super::entities::{account, affiliation, focal_point, organization, ties_right};
use super::{affiliations, constant};
use crate::domain::account::Status;
use crate::domain::affiliation::{Affiliation, AffiliationStatus};
use crate::domain::profile::full_name;
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId};

#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub id: Option<AffiliationId>,
    /// The organization; `None` is all organizations.
    pub organization: Option<OrganizationId>,
    /// `true` for only what no Focal Point but its own subject could decide.
    pub without_focal_point: bool,
    /// The parts of name or address.
    pub text: String,
    /// The status; `None` is any.
    pub show: Option<Show>,
    /// The granted right.
    pub right: Option<String>,
    pub order: PeopleOrder,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// Everything that waits for a decision.
    #[default]
    Requests,
    AffiliationRequests,
    TiesRequests,
    /// People with an approved affiliation.
    People,
    FocalPoints,
    /// Pending and approved people.
    Everybody,
    Rejected,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeopleOrder {
    #[default]
    Oldest,
    Newest,
    Name,
}

/// A person as a Focal Point sees them, and nothing more.
#[derive(Clone, Debug)]
pub struct Person {
    pub affiliation: Affiliation,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub job_title: String,
    pub organization_name: String,
    pub is_focal_point: bool,
}

impl Person {
    pub fn full_name(&self) -> String {
        full_name(&self.first_name, &self.last_name)
    }
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    affiliation: affiliation::Model,
    first_name: String,
    last_name: String,
    email: String,
    job_title: String,
    organization_name: String,
    focal_point: Option<String>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    filter: &Filter,
    offset: u64,
    limit: u64,
) -> Result<Vec<Person>, DbErr> {
    let mut select = select(filter);
    select
        .columns(affiliation::Column::iter().map(|it| (affiliation::Entity, it)))
        .columns(
            [
                account::Column::FirstName,
                account::Column::LastName,
                account::Column::Email,
                account::Column::JobTitle,
            ]
            .map(|it| (account::Entity, it)),
        )
        .expr_as(
            Expr::col((organization::Entity, organization::Column::Name)),
            "organization_name",
        )
        .expr_as(
            Expr::col((focal_point::Entity, focal_point::Column::AffiliationId)),
            "focal_point",
        );
    let requested = (affiliation::Entity, affiliation::Column::RequestedAt);
    match filter.order {
        PeopleOrder::Oldest => select.order_by(requested, Order::Asc),
        PeopleOrder::Newest => select.order_by(requested, Order::Desc),
        PeopleOrder::Name => select
            .order_by_expr(lower(account::Column::LastName), Order::Asc)
            .order_by_expr(lower(account::Column::FirstName), Order::Asc),
    };
    select
        .order_by((affiliation::Entity, affiliation::Column::Id), Order::Asc)
        .offset(offset)
        .limit(limit);
    let rows = Row::find_by_statement(db.get_database_backend().build(&select))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Person {
                affiliation: affiliations::from_row(row.affiliation)?,
                first_name: row.first_name,
                last_name: row.last_name,
                email: row.email,
                job_title: row.job_title,
                organization_name: row.organization_name,
                is_focal_point: row.focal_point.is_some(),
            })
        })
        .collect()
}

pub async fn find(db: &impl ConnectionTrait, id: &AffiliationId) -> Result<Option<Person>, DbErr> {
    let filter = Filter {
        show: None,
        id: Some(id.clone()),
        ..Filter::default()
    };
    Ok(list(db, &filter, 0, 1).await?.pop())
}

pub async fn count(db: &impl ConnectionTrait, filter: &Filter) -> Result<u64, DbErr> {
    let mut select = select(filter);
    select.expr_as(Func::count(Expr::cust("*")), "n");
    let row = db
        .query_one(&select)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("count".into()))?;
    let count: i64 = row.try_get("", "n")?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn select(filter: &Filter) -> SelectStatement {
    use affiliation::Column as A;
    let a = affiliation::Entity;
    let mut select = Query::select();
    select
        .from(a)
        .join(
            JoinType::InnerJoin,
            account::Entity,
            Expr::col((account::Entity, account::Column::Id)).equals((a, A::AccountId)),
        )
        .join(
            JoinType::InnerJoin,
            organization::Entity,
            Expr::col((organization::Entity, organization::Column::Id)).equals((a, A::OrganizationId)),
        )
        .join(
            JoinType::LeftJoin,
            focal_point::Entity,
            Expr::col((focal_point::Entity, focal_point::Column::AffiliationId)).equals((a, A::Id)),
        );
    let status = |it: AffiliationStatus| Expr::col((a, A::Status)).eq(constant(it.as_str()));
    let asks_for_ties =
        || status(AffiliationStatus::Approved).and(Expr::exists(rights(TiesStatus::Requested)));
    let show = filter.show.map(|show| match show {
        Show::Requests => status(AffiliationStatus::Pending).or(asks_for_ties()),
        Show::AffiliationRequests => status(AffiliationStatus::Pending),
        Show::TiesRequests => asks_for_ties(),
        Show::People => status(AffiliationStatus::Approved),
        Show::Everybody => status(AffiliationStatus::Pending).or(status(AffiliationStatus::Approved)),
        Show::Rejected => status(AffiliationStatus::Rejected),
        Show::FocalPoints => {
            Expr::col((focal_point::Entity, focal_point::Column::AffiliationId)).is_not_null()
        }
    });
    select.and_where_option(show);
    if let Some(id) = &filter.id {
        select.and_where(Expr::col((a, A::Id)).eq(id.as_str()));
    }
    if let Some(organization) = &filter.organization {
        select.and_where(Expr::col((a, A::OrganizationId)).eq(organization.as_str()));
    }
    if filter.without_focal_point {
        let other = Query::select()
            .expr(Expr::val(1))
            .from_as(focal_point::Entity, "other")
            .join_as(
                JoinType::InnerJoin,
                account::Entity,
                "holder",
                Expr::col(("holder", account::Column::Id)).equals(("other", focal_point::Column::AccountId)),
            )
            // Who is suspended or leaves decides nothing.
            .and_where(Expr::col(("holder", account::Column::Status)).eq(constant(Status::Active.as_str())))
            .and_where(
                Expr::col(("other", focal_point::Column::OrganizationId)).equals((a, A::OrganizationId)),
            )
            .and_where(Expr::col(("other", focal_point::Column::AccountId)).ne(Expr::col((a, A::AccountId))))
            .to_owned();
        select.and_where(Expr::exists(other).not());
    }
    if let Some(right) = &filter.right {
        let mut granted = rights(TiesStatus::Granted);
        granted.and_where(Expr::col((ties_right::Entity, ties_right::Column::RightType)).eq(right.as_str()));
        select.and_where(Expr::exists(granted));
    }
    for word in filter.text.split_whitespace().take(5) {
        select.and_where(mentions(word));
    }
    select
}

fn rights(status: TiesStatus) -> SelectStatement {
    use ties_right::Column as T;
    Query::select()
        .expr(Expr::val(1))
        .from(ties_right::Entity)
        .and_where(
            Expr::col((ties_right::Entity, T::AffiliationId))
                .equals((affiliation::Entity, affiliation::Column::Id)),
        )
        .and_where(Expr::col((ties_right::Entity, T::Status)).eq(constant(status.as_str())))
        .to_owned()
}

/// Matches if the word, as typed or in lower case, is part of name or address. Both, because SQLite folds the case of ASCII
/// letters only.
fn mentions(word: &str) -> Expr {
    use account::Column as C;
    let escaped = |word: &str| {
        let word = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        LikeExpr::new(format!("%{word}%")).escape('\\')
    };
    let mut any = Expr::val(false);
    for column in [C::FirstName, C::LastName, C::Email] {
        any = any
            .or(lower(column).like(escaped(&word.to_lowercase())))
            .or(Expr::col((account::Entity, column)).like(escaped(word)));
    }
    any
}

fn lower(column: account::Column) -> Expr {
    Func::lower(Expr::col((account::Entity, column))).into()
}
