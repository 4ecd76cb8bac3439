//! Affiliations with their people, for the lists of Focal Points and administrators: fixed columns, fixed filters, fixed
//! orders (security.md AF-6, AD-4). `affiliations::roster` decides who may see them; the conditions are in `selection`.

mod selection;

use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Iterable, QueryFilter, QueryOrder,
    QuerySelect,
};

pub use self::selection::{Filter, PeopleOrder, Show};
use self::selection::{begins, people_by_word, select};
use super::entities::{account, affiliation, affiliation_word, focal_point, organization, ties_right};
use super::{account_words, affiliations, constant};
use crate::domain::account_search::SORTED;
use crate::domain::affiliation::Affiliation;
use crate::domain::profile::full_name;
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId, Time};

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
    if let Some(organization) = filter.whose_names_are_walked()
        && account_words::are_folded(db).await?
    {
        return list_by_name(db, filter, organization, offset, limit).await;
    }
    let requested = (affiliation::Entity, affiliation::Column::RequestedAt);
    let id = (affiliation::Entity, affiliation::Column::Id);
    let mut page = select(filter);
    page.column(id);
    match filter.order {
        PeopleOrder::Oldest => page.order_by(requested, Order::Asc),
        PeopleOrder::Newest => page.order_by(requested, Order::Desc),
        PeopleOrder::Name => join_accounts(&mut page)
            .order_by_expr(lower(account::Column::LastName), Order::Asc)
            .order_by_expr(lower(account::Column::FirstName), Order::Asc),
    };
    page.order_by(id, Order::Asc).offset(offset).limit(limit);
    let rows = db.query_all(&page).await?;
    let ids: Vec<String> = rows
        .iter()
        .map(|it| it.try_get("", "id"))
        .collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // What is shown is read of those on the page, not of all that are put in order.
    let mut of_page = Query::select();
    of_page.from(affiliation::Entity).and_where(is_one_of(id, &ids));
    let mut people = read(db, of_page).await?;
    people.sort_by_cached_key(|it| place(&ids, it.affiliation.id.as_str()));
    Ok(people)
}

fn is_one_of(column: (affiliation::Entity, affiliation::Column), values: &[String]) -> Expr {
    Expr::col(column).is_in(values.iter().map(String::as_str))
}

fn place(all: &[String], one: &str) -> Option<usize> {
    all.iter().position(|it| it == one)
}

/// Lists people in the order of their names, which an index has: nobody is read who is not shown.
async fn list_by_name(
    db: &impl ConnectionTrait,
    filter: &Filter,
    organization: &OrganizationId,
    offset: u64,
    limit: u64,
) -> Result<Vec<Person>, DbErr> {
    use affiliation_word::Column as W;
    let whole = Filter {
        words: Vec::new(),
        ..filter.clone()
    };
    let mut on_list = select(&whole);
    on_list.column((affiliation::Entity, affiliation::Column::AccountId));
    let mut names = affiliation_word::Entity::find()
        .select_only()
        .column(W::AccountId)
        .filter(W::OrganizationId.eq(organization.as_str()))
        .filter(begins(W::Word, &SORTED.to_string()))
        .filter(W::AccountId.in_subquery(on_list));
    for word in &filter.words {
        names = names.filter(W::AccountId.in_subquery(people_by_word(organization, word)));
    }
    let names = names.order_by_asc(W::Word).order_by_asc(W::AccountId);
    let accounts: Vec<String> = names.offset(offset).limit(limit).into_tuple().all(db).await?;
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let mut of_page = select(&whole);
    of_page.and_where(is_one_of(
        (affiliation::Entity, affiliation::Column::AccountId),
        &accounts,
    ));
    let mut people = read(db, of_page).await?;
    people.sort_by_cached_key(|it| place(&accounts, it.affiliation.account.as_str()));
    Ok(people)
}

/// Reads the people of the affiliations that are selected.
async fn read(db: &impl ConnectionTrait, mut select: SelectStatement) -> Result<Vec<Person>, DbErr> {
    let a = affiliation::Entity;
    join_accounts(&mut select)
        .join(
            JoinType::InnerJoin,
            organization::Entity,
            Expr::col((organization::Entity, organization::Column::Id))
                .equals((a, affiliation::Column::OrganizationId)),
        )
        .join(
            JoinType::LeftJoin,
            focal_point::Entity,
            Expr::col((focal_point::Entity, focal_point::Column::AffiliationId))
                .equals((a, affiliation::Column::Id)),
        )
        .columns(affiliation::Column::iter().map(|it| (a, it)))
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

/// Joins whom an affiliation is of.
fn join_accounts(select: &mut SelectStatement) -> &mut SelectStatement {
    select.join(
        JoinType::InnerJoin,
        account::Entity,
        Expr::col((account::Entity, account::Column::Id))
            .equals((affiliation::Entity, affiliation::Column::AccountId)),
    )
}

fn lower(column: account::Column) -> Expr {
    Func::lower(Expr::col((account::Entity, column))).into()
}
