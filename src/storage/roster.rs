//! Affiliations with their people, for the lists of Focal Points and administrators: fixed columns, fixed filters, fixed
//! orders (security.md AF-6, AD-4). `affiliations::roster` decides who may see them.
//!
//! Each condition is asked of the affiliation by an index: whoever counts reads no other table whole, and joins none.

use sea_orm::sea_query::{
    Cond, DynIden, Expr, ExprTrait, Func, IntoIden, IntoTableRef, JoinType, LikeExpr, Order, Query,
    SelectStatement, UnionType,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, FromQueryResult, Iterable};

use super::entities::{account, account_word, affiliation, deputy, focal_point, organization, ties_right};
use super::{affiliations, constant};
use crate::domain::account::Status;
use crate::domain::affiliation::{Affiliation, AffiliationStatus};
use crate::domain::organization::search::alternatives;
use crate::domain::profile::full_name;
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId, Time};

#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub id: Option<AffiliationId>,
    /// The organization; `None` is all organizations.
    pub organization: Option<OrganizationId>,
    /// The time at which nobody of the organization but its own subject is there to decide.
    pub without_decider_at: Option<Time>,
    /// The folded beginnings of words of name or address; all must be there.
    pub words: Vec<String>,
    /// The time that the request is older than.
    pub requested_before: Option<Time>,
    /// `true` for only those with a request for TIES rights.
    pub asks_for_ties: bool,
    /// The domains that the address belongs to none of.
    pub outside_of: Option<Vec<String>>,
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
    join_people(&mut select);
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

/// Returns the time of the oldest request for an affiliation that the filter finds.
pub async fn oldest_request(db: &impl ConnectionTrait, filter: &Filter) -> Result<Option<Time>, DbErr> {
    let requested = (affiliation::Entity, affiliation::Column::RequestedAt);
    let mut select = select(filter);
    select
        .expr_as(Expr::col(requested), "at")
        .order_by(requested, Order::Asc)
        .limit(1);
    time(db, &select).await
}

/// Returns the time of the oldest request for a TIES right on what the filter finds.
pub async fn oldest_right(db: &impl ConnectionTrait, filter: &Filter) -> Result<Option<Time>, DbErr> {
    let requested = ("waits", ties_right::Column::RequestedAt);
    let mut select = select(filter);
    select
        .join_as(
            JoinType::InnerJoin,
            ties_right::Entity,
            "waits",
            Expr::col(("waits", ties_right::Column::AffiliationId))
                .equals((affiliation::Entity, affiliation::Column::Id)),
        )
        .and_where(
            Expr::col(("waits", ties_right::Column::Status)).eq(constant(TiesStatus::Requested.as_str())),
        )
        .expr_as(Expr::col(requested), "at")
        .order_by(requested, Order::Asc)
        .limit(1);
    time(db, &select).await
}

async fn time(db: &impl ConnectionTrait, select: &SelectStatement) -> Result<Option<Time>, DbErr> {
    let row = db.query_one(select).await?;
    row.map(|it| it.try_get("", "at")).transpose()
}

/// Joins whom an affiliation is of, and with which organization.
fn join_people(select: &mut SelectStatement) {
    use affiliation::Column as A;
    let a = affiliation::Entity;
    select
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
}

fn select(filter: &Filter) -> SelectStatement {
    use affiliation::Column as A;
    let a = affiliation::Entity;
    let mut select = Query::select();
    select.from(a);
    if let Some(show) = filter.show {
        show_only(&mut select, show, filter.organization.is_some());
    }
    if let Some(id) = &filter.id {
        select.and_where(Expr::col((a, A::Id)).eq(id.as_str()));
    }
    if let Some(organization) = &filter.organization {
        select.and_where(Expr::col((a, A::OrganizationId)).eq(organization.as_str()));
    }
    if let Some(now) = filter.without_decider_at {
        select
            .and_where(Expr::exists(other_focal_point(now)).not())
            .and_where(Expr::exists(other_deputy(now)).not());
    }
    if let Some(right) = &filter.right {
        let mut granted = rights(TiesStatus::Granted);
        granted.and_where(Expr::col((ties_right::Entity, ties_right::Column::RightType)).eq(right.as_str()));
        select.and_where(Expr::exists(granted));
    }
    if filter.asks_for_ties {
        select.and_where(Expr::exists(rights(TiesStatus::Requested)));
    }
    if let Some(before) = filter.requested_before {
        select.and_where(Expr::col((a, A::RequestedAt)).lte(before));
    }
    if let Some(domains) = &filter.outside_of {
        select.and_where(Expr::exists(address_outside_of(domains)));
    }
    for word in &filter.words {
        select.and_where(Expr::exists(word_of_person(word)));
    }
    select
}

fn status(it: AffiliationStatus) -> Expr {
    Expr::col((affiliation::Entity, affiliation::Column::Status)).eq(constant(it.as_str()))
}

/// Selects what is to be shown. Of one organization, each affiliation is asked what waits on it; of all, few wait among
/// many, and an index has those alone.
fn show_only(select: &mut SelectStatement, show: Show, is_of_one: bool) {
    let id = || Expr::col((affiliation::Entity, affiliation::Column::Id));
    let either = |one: AffiliationStatus, other: AffiliationStatus| {
        Expr::col((affiliation::Entity, affiliation::Column::Status))
            .is_in([one, other].map(|it| constant(it.as_str())))
    };
    match show {
        Show::Requests if is_of_one => select.cond_where(
            Cond::any()
                .add(status(AffiliationStatus::Pending))
                .add(status(AffiliationStatus::Approved).and(Expr::exists(rights(TiesStatus::Requested)))),
        ),
        Show::TiesRequests if is_of_one => select
            .and_where(status(AffiliationStatus::Approved))
            .and_where(Expr::exists(rights(TiesStatus::Requested))),
        Show::Requests => select
            .and_where(id().in_subquery(all_that_wait()))
            .and_where(either(AffiliationStatus::Pending, AffiliationStatus::Approved)),
        Show::AffiliationRequests => select.and_where(status(AffiliationStatus::Pending)),
        Show::TiesRequests => select
            .and_where(id().in_subquery(with_requested_rights()))
            .and_where(status(AffiliationStatus::Approved)),
        Show::People => select.and_where(status(AffiliationStatus::Approved)),
        Show::Everybody => select.and_where(either(AffiliationStatus::Pending, AffiliationStatus::Approved)),
        Show::Rejected => select.and_where(status(AffiliationStatus::Rejected)),
        Show::FocalPoints => {
            let office = Query::select()
                .column((focal_point::Entity, focal_point::Column::AffiliationId))
                .from(focal_point::Entity)
                .and_where(
                    Expr::col((focal_point::Entity, focal_point::Column::AffiliationId))
                        .equals((affiliation::Entity, affiliation::Column::Id)),
                )
                .to_owned();
            select.and_where(Expr::exists(office))
        }
    };
}

/// Selects the affiliations that are requested, and those with a requested right. Each has a time of its request; asked for
/// it, SQLite takes the index of what waits instead of one of all.
fn all_that_wait() -> SelectStatement {
    let mut waiting = Query::select()
        .expr(Expr::col(("waiting", affiliation::Column::Id)))
        .from_as(affiliation::Entity, "waiting")
        .and_where(
            Expr::col(("waiting", affiliation::Column::Status))
                .eq(constant(AffiliationStatus::Pending.as_str())),
        )
        .and_where(Expr::col(("waiting", affiliation::Column::RequestedAt)).gte(Time::UNIX_EPOCH))
        .to_owned();
    waiting.union(UnionType::All, with_requested_rights());
    waiting
}

fn with_requested_rights() -> SelectStatement {
    Query::select()
        .column((ties_right::Entity, ties_right::Column::AffiliationId))
        .from(ties_right::Entity)
        .and_where(
            Expr::col((ties_right::Entity, ties_right::Column::Status))
                .eq(constant(TiesStatus::Requested.as_str())),
        )
        .and_where(Expr::col((ties_right::Entity, ties_right::Column::RequestedAt)).gte(Time::UNIX_EPOCH))
        .to_owned()
}

/// Selects a Focal Point of the organization who is there to decide: not the person of the affiliation, nor who is away,
/// suspended or leaves.
fn other_focal_point(now: Time) -> SelectStatement {
    use focal_point::Column as F;
    let of_other = |column: F| Expr::col(("other", column));
    other(
        focal_point::Entity,
        F::AccountId.into_iden(),
        F::OrganizationId.into_iden(),
        Cond::any()
            .add(of_other(F::AbsentFrom).is_null())
            .add(of_other(F::AbsentFrom).gt(now))
            .add(of_other(F::AbsentUntil).lte(now)),
    )
}

/// Does the same for a deputy whose term is running.
fn other_deputy(now: Time) -> SelectStatement {
    use deputy::Column as D;
    other(
        deputy::Entity,
        D::AccountId.into_iden(),
        D::OrganizationId.into_iden(),
        Cond::all()
            .add(Expr::col(("other", D::StartsAt)).lte(now))
            .add(Expr::col(("other", D::EndsAt)).gt(now)),
    )
}

fn other(
    office: impl IntoTableRef,
    person: DynIden,
    organization: DynIden,
    is_there: Cond,
) -> SelectStatement {
    let a = affiliation::Entity;
    Query::select()
        .expr(Expr::val(1))
        .from_as(office, "other")
        .join_as(
            JoinType::InnerJoin,
            account::Entity,
            "holder",
            Expr::col(("holder", account::Column::Id)).equals(("other", person.clone())),
        )
        .and_where(Expr::col(("holder", account::Column::Status)).eq(constant(Status::Active.as_str())))
        .and_where(Expr::col(("other", organization)).equals((a, affiliation::Column::OrganizationId)))
        .and_where(Expr::col(("other", person)).ne(Expr::col((a, affiliation::Column::AccountId))))
        .cond_where(is_there)
        .to_owned()
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

/// Selects the person if their address is of none of the domains, nor below one.
fn address_outside_of(domains: &[String]) -> SelectStatement {
    let address = || Expr::from(Func::lower(Expr::col(("person", account::Column::Email))));
    let mut inside = Cond::any().add(Expr::val(false));
    for domain in domains {
        let escaped = domain
            .to_lowercase()
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        for ending in [format!("%@{escaped}"), format!("%@%.{escaped}")] {
            inside = inside.add(address().like(LikeExpr::new(ending).escape('\\')));
        }
    }
    Query::select()
        .expr(Expr::val(1))
        .from_as(account::Entity, "person")
        .and_where(
            Expr::col(("person", account::Column::Id))
                .equals((affiliation::Entity, affiliation::Column::AccountId)),
        )
        .cond_where(inside.not())
        .to_owned()
}

/// Selects a word of the person's name or address that begins so.
fn word_of_person(begin: &str) -> SelectStatement {
    use account_word::Column as W;
    let mut any = Cond::any();
    for begin in alternatives(begin) {
        any = any.add(
            W::Word
                .gte(begin.as_str())
                .and(W::Word.lt(format!("{begin}\u{10FFFF}"))),
        );
    }
    Query::select()
        .expr(Expr::val(1))
        .from(account_word::Entity)
        .and_where(
            Expr::col((account_word::Entity, W::AccountId))
                .equals((affiliation::Entity, affiliation::Column::AccountId)),
        )
        .cond_where(any)
        .to_owned()
}

fn lower(column: account::Column) -> Expr {
    Func::lower(Expr::col((account::Entity, column))).into()
}
