//! The accounts that a client sees by SCIM: all, or those that used its service, consented to it, or are named by its
//! access policy. `oidc::scim` says which, and what of an account is shown.
//!
//! Lists walk one index in the order of their sorting and ask of each account whether it is visible. A client that few
//! accounts are visible to would make that walk long: [`list_few`] finds all of them from the other side.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::accounts::account;
use super::entities::account::{Column, Entity};
use super::entities::{affiliation, consent, membership_type, organization, service_use, ties_right};
use super::{constant, is};
use crate::domain::account::{Account, EmailKey, Status};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::client::{AccessPolicy, RequiredAffiliation};
use crate::domain::organization::OrganizationStatus;
use crate::domain::ties::TiesStatus;
use crate::domain::{ClientId, Subject, Time};

/// Whom a client sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    Everybody,
    /// Those who agreed to it.
    ConsentedTo(ClientId),
    /// Those who logged in to it, and those whom its policy lets in, if it has one.
    UsersOf(ClientId, Option<AccessPolicy>),
    /// Those whom a policy lets in, whether they were there or not.
    NamedBy(AccessPolicy),
}

/// The index that a list walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorting {
    Subject,
    UserName,
    Created,
    LastModified,
}

/// The accounts of a list, in their order.
#[derive(Clone, Debug)]
pub struct Selection {
    pub visible: Visible,
    /// `true` if those who are visible are so few that they are read first and ordered then. Otherwise the index of the
    /// sorting is walked, and each account on the way is asked for.
    pub is_narrow: bool,
    pub sorting: Sorting,
    pub descending: bool,
    /// The beginning of the address, in lower case.
    pub prefix: Option<String>,
    /// Bounds of the time of the last change; `true`: the bound itself is among them.
    pub changed_from: Option<(Time, bool)>,
    pub changed_to: Option<(Time, bool)>,
}

/// The place in a list after which a page begins.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The value by which the list is sorted, if that is a text.
    pub name: Option<String>,
    pub time: Option<Time>,
    pub id: String,
}

#[derive(Clone, Debug)]
pub enum From {
    Offset(u64),
    After(Place),
}

impl Place {
    pub fn of(account: &Account, sorting: Sorting) -> Self {
        Self {
            name: match sorting {
                Sorting::Subject => Some(account.sub.to_string()),
                Sorting::UserName => Some(account.email.key().as_str().to_owned()),
                Sorting::Created | Sorting::LastModified => None,
            },
            time: match sorting {
                Sorting::Created => Some(account.created_at),
                Sorting::LastModified => Some(account.updated_at),
                Sorting::Subject | Sorting::UserName => None,
            },
            id: account.id.to_string(),
        }
    }
}

/// Returns everybody who is visible, or `None` if there are more than `most`.
pub async fn list_few(
    db: &impl ConnectionTrait,
    visible: &Visible,
    most: u64,
) -> Result<Option<Vec<Account>>, DbErr> {
    match count_visible(db, visible, most).await? {
        some if some > most => Ok(None),
        _ => list_all(db, visible).await.map(Some),
    }
}

/// Returns everybody who is visible.
pub async fn list_all(db: &impl ConnectionTrait, visible: &Visible) -> Result<Vec<Account>, DbErr> {
    let mut ids = Vec::new();
    for way in ways(visible) {
        ids.extend(Id::all(db, &way).await?);
    }
    ids.sort_unstable();
    ids.dedup();
    list_among(db, visible, Column::Id, ids).await
}

/// Counts those who are visible, until there are more than `most`. Whoever is so in two ways counts twice, and who is being
/// deleted counts too.
pub async fn count_visible(db: &impl ConnectionTrait, visible: &Visible, most: u64) -> Result<u64, DbErr> {
    let mut number = 0;
    for way in ways(visible) {
        if number <= most {
            number += Count::of(db, way, most).await?;
        }
    }
    Ok(number)
}

/// Returns the selections of accounts that together are those who are visible.
fn ways(visible: &Visible) -> Vec<SelectStatement> {
    match visible {
        Visible::Everybody => vec![accounts()],
        Visible::ConsentedTo(client) => vec![consented(client)],
        Visible::UsersOf(client, policy) => {
            let named = policy.as_ref().map(named_by);
            std::iter::once(used(client)).chain(named).collect()
        }
        Visible::NamedBy(policy) => vec![named_by(policy)],
    }
}

/// Returns those with these subjects who are visible.
pub async fn list_by_subjects(
    db: &impl ConnectionTrait,
    visible: &Visible,
    subjects: &[Subject],
) -> Result<Vec<Account>, DbErr> {
    let values = subjects.iter().map(|it| it.as_str().to_owned()).collect();
    list_among(db, visible, Column::Sub, values).await
}

/// Returns those with these addresses who are visible.
pub async fn list_by_addresses(
    db: &impl ConnectionTrait,
    visible: &Visible,
    addresses: &[EmailKey],
) -> Result<Vec<Account>, DbErr> {
    let values = addresses.iter().map(|it| it.as_str().to_owned()).collect();
    list_among(db, visible, Column::EmailKey, values).await
}

/// Returns those of one organization who are visible, or `None` if there are more than `most` in it.
pub async fn list_of_organization(
    db: &impl ConnectionTrait,
    visible: &Visible,
    organization: &str,
    most: u64,
) -> Result<Option<Vec<Account>>, DbErr> {
    let mut way = Query::select()
        .column((affiliation::Entity, affiliation::Column::AccountId))
        .from(affiliation::Entity)
        .and_where(affiliation::Column::OrganizationId.eq(organization))
        .cond_where(in_force())
        .to_owned();
    list_by_way(db, visible, &mut way, most).await
}

/// Returns those with a TIES right who are visible, or `None` if more than `most` have it.
pub async fn list_of_right(
    db: &impl ConnectionTrait,
    visible: &Visible,
    right: &str,
    most: u64,
) -> Result<Option<Vec<Account>>, DbErr> {
    let mut way = Query::select()
        .column((ties_right::Entity, ties_right::Column::AccountId))
        .from(ties_right::Entity)
        .and_where(ties_right::Column::RightType.eq(right))
        .and_where(is(ties_right::Column::Status, TiesStatus::Granted.as_str()))
        .to_owned();
    list_by_way(db, visible, &mut way, most).await
}

async fn list_by_way(
    db: &impl ConnectionTrait,
    visible: &Visible,
    way: &mut SelectStatement,
    most: u64,
) -> Result<Option<Vec<Account>>, DbErr> {
    let ids = Id::all(db, way.limit(most + 1)).await?;
    if ids.len() as u64 > most {
        return Ok(None);
    }
    list_among(db, visible, Column::Id, ids).await.map(Some)
}

async fn list_among(
    db: &impl ConnectionTrait,
    visible: &Visible,
    column: Column,
    values: Vec<String>,
) -> Result<Vec<Account>, DbErr> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(column.is_in(values))
        .filter(condition(visible))
        .order_by_asc(Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(account).collect()
}

/// Returns one page of a list.
pub async fn list(
    db: &impl ConnectionTrait,
    selection: &Selection,
    from: &From,
    limit: u64,
) -> Result<Vec<Account>, DbErr> {
    let backend = db.get_database_backend();
    let mut select = Entity::find().filter(selected(selection, backend));
    let order = if selection.descending {
        Order::Desc
    } else {
        Order::Asc
    };
    if let From::Offset(offset) = from {
        select = select.offset(*offset);
    }
    if let From::After(place) = from {
        select = select.filter(after(selection, place, backend));
    }
    select = match selection.sorting {
        Sorting::Subject => select.order_by(Column::Sub, order.clone()),
        Sorting::UserName => select.order_by(in_bytes(Column::EmailKey, backend), order.clone()),
        Sorting::Created => select.order_by(Column::CreatedAt, order.clone()),
        Sorting::LastModified => select.order_by(Column::UpdatedAt, order.clone()),
    };
    // Subjects and addresses are unique.
    if matches!(selection.sorting, Sorting::Created | Sorting::LastModified) {
        select = select.order_by(Column::Id, order);
    }
    let rows = select.limit(limit).all(db).await?;
    rows.into_iter().map(account).collect()
}

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

impl Count {
    /// Counts what a selection finds, one more than `most` at the most.
    async fn of(db: &impl ConnectionTrait, mut some: SelectStatement, most: u64) -> Result<u64, DbErr> {
        // Nobody asks whom it finds, so that an index without them suffices.
        some.clear_selects().expr(Expr::val(1)).limit(most + 1);
        let all = Query::select()
            .expr_as(Func::count(Expr::cust("*")), "number")
            .from_subquery(some, "found")
            .to_owned();
        let statement = db.get_database_backend().build(&all);
        let found = Self::find_by_statement(statement).one(db).await?;
        Ok(found.map_or(0, |it| u64::try_from(it.number).unwrap_or_default()))
    }
}

/// Counts the accounts of a list, one more than `most` at the most.
pub async fn count(db: &impl ConnectionTrait, selection: &Selection, most: u64) -> Result<u64, DbErr> {
    let backend = db.get_database_backend();
    let mut some = accounts().cond_where(selected(selection, backend)).to_owned();
    // PostgreSQL would collect all of a range before it counts the first of them.
    match selection.sorting {
        _ if selection.is_narrow => {}
        Sorting::UserName => drop(some.order_by_expr(in_bytes(Column::EmailKey, backend), Order::Asc)),
        Sorting::LastModified => drop(some.order_by(Column::UpdatedAt, Order::Asc)),
        Sorting::Subject | Sorting::Created => {}
    }
    Count::of(db, some, most).await
}

fn selected(selection: &Selection, backend: DbBackend) -> Condition {
    let mut all = if selection.is_narrow {
        condition_of_few(&selection.visible)
    } else {
        condition(&selection.visible)
    };
    if let Some(prefix) = &selection.prefix {
        let key = || in_bytes(Column::EmailKey, backend);
        all = all
            .add(key().gte(prefix.as_str()))
            .add(key().lt(format!("{prefix}\u{10FFFF}")));
    }
    if let Some((time, with)) = selection.changed_from {
        let column = Column::UpdatedAt;
        all = all.add(if with { column.gte(time) } else { column.gt(time) });
    }
    if let Some((time, with)) = selection.changed_to {
        let column = Column::UpdatedAt;
        all = all.add(if with { column.lte(time) } else { column.lt(time) });
    }
    all
}

fn after(selection: &Selection, place: &Place, backend: DbBackend) -> Expr {
    let (columns, values) = match selection.sorting {
        Sorting::Subject => (Column::Sub.into_expr(), Expr::value(place.name.as_deref())),
        Sorting::UserName => (
            in_bytes(Column::EmailKey, backend),
            Expr::value(place.name.as_deref()),
        ),
        Sorting::Created | Sorting::LastModified => {
            let column = match selection.sorting {
                Sorting::Created => Column::CreatedAt,
                _ => Column::UpdatedAt,
            };
            // One comparison of rows, which an index of both columns answers.
            let columns = [column.into_expr(), Column::Id.into_expr()];
            let values = [Expr::value(place.time), Expr::value(place.id.as_str())];
            (Expr::tuple(columns), Expr::tuple(values))
        }
    };
    if selection.descending {
        columns.lt(values)
    } else {
        columns.gt(values)
    }
}

/// Returns a column in the order of bytes: a beginning is then a range of its index.
fn in_bytes(column: Column, backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::cust("\"accounts\".\"email_key\" COLLATE \"C\""),
        _ => column.into_expr(),
    }
}

/// One that is being deleted is gone for everybody.
fn not_deleted() -> Condition {
    Condition::all().add(Column::Status.into_expr().ne(constant(Status::Deleted.as_str())))
}

/// Returns the condition that an account is visible, which leads to all that are.
fn condition_of_few(visible: &Visible) -> Condition {
    let together = ways(visible).into_iter().reduce(|mut all, way| {
        all.union(UnionType::Distinct, way);
        all
    });
    match together {
        Some(ids) if *visible != Visible::Everybody => not_deleted().add(Column::Id.in_subquery(ids)),
        _ => not_deleted(),
    }
}

/// Returns the condition that an account is visible, which is asked of each.
fn condition(visible: &Visible) -> Condition {
    let all = not_deleted();
    let own = || Expr::col((Entity, Column::Id));
    match visible {
        Visible::Everybody => all,
        Visible::ConsentedTo(client) => {
            let column = (consent::Entity, consent::Column::AccountId);
            all.add(Expr::exists(
                consented(client).and_where(own().equals(column)).to_owned(),
            ))
        }
        Visible::UsersOf(client, policy) => {
            let column = (service_use::Entity, service_use::Column::AccountId);
            let used = used(client).and_where(own().equals(column)).to_owned();
            let mut any = Condition::any().add(Expr::exists(used));
            if let Some(policy) = policy {
                let column = (affiliation::Entity, affiliation::Column::AccountId);
                let named = named_by(policy).and_where(own().equals(column)).to_owned();
                any = any.add(Expr::exists(named));
            }
            all.add(any)
        }
        Visible::NamedBy(policy) => {
            let column = (affiliation::Entity, affiliation::Column::AccountId);
            let named = named_by(policy).and_where(own().equals(column)).to_owned();
            all.add(Expr::exists(named))
        }
    }
}

fn accounts() -> SelectStatement {
    Query::select()
        .expr_as(Expr::col((Entity, Column::Id)), "account_id")
        .from(Entity)
        .to_owned()
}

fn consented(client: &ClientId) -> SelectStatement {
    Query::select()
        .column((consent::Entity, consent::Column::AccountId))
        .from(consent::Entity)
        .and_where(consent::Column::ClientId.eq(client.as_str()))
        .to_owned()
}

fn used(client: &ClientId) -> SelectStatement {
    Query::select()
        .column((service_use::Entity, service_use::Column::AccountId))
        .from(service_use::Entity)
        .and_where(service_use::Column::ClientId.eq(client.as_str()))
        .to_owned()
}

fn in_force() -> Condition {
    [AffiliationStatus::Approved, AffiliationStatus::SelfDeclared]
        .into_iter()
        .fold(Condition::any(), |any, it| {
            any.add(is(affiliation::Column::Status, it.as_str()))
        })
}

/// Selects the accounts whose membership meets an access policy: the claims about it are those of
/// `affiliations::membership_claims`, and the judgement is that of `oidc::access_policy`, which has the last word.
fn named_by(policy: &AccessPolicy) -> SelectStatement {
    use affiliation::Column as A;
    use membership_type::Column as M;
    use organization::Column as O;
    let active = || is(O::Status, OrganizationStatus::Active.as_str());
    let approved = Condition::all()
        .add(is(A::Status, AffiliationStatus::Approved.as_str()))
        .add(Expr::col((membership_type::Entity, M::NeedsApproval)).eq(true))
        .add(active());
    let mut any = Condition::any().add(approved);
    if policy.affiliation != Some(RequiredAffiliation::Approved) {
        let self_declared = Condition::all()
            .add(is(A::Status, AffiliationStatus::SelfDeclared.as_str()))
            .add(Expr::col((membership_type::Entity, M::NeedsApproval)).eq(false))
            .add(
                Condition::any()
                    .add(active())
                    .add(is(O::Status, OrganizationStatus::Proposed.as_str())),
            );
        any = any.add(self_declared);
    }
    let mut select = Query::select();
    select
        .column((affiliation::Entity, A::AccountId))
        .from(affiliation::Entity)
        .join(
            JoinType::InnerJoin,
            organization::Entity,
            Expr::col((organization::Entity, O::Id)).equals((affiliation::Entity, A::OrganizationId)),
        )
        .join(
            JoinType::InnerJoin,
            membership_type::Entity,
            Expr::col((membership_type::Entity, M::Id)).equals((organization::Entity, O::MembershipType)),
        )
        .cond_where(in_force())
        .cond_where(any);
    if !policy.membership_types.is_empty() {
        let types = policy.membership_types.iter().map(String::as_str);
        select.and_where(Expr::col((organization::Entity, O::MembershipType)).is_in(types));
    }
    for (number, right) in policy.ties_rights.iter().enumerate() {
        use ties_right::Column as T;
        // A right is live once on an affiliation. Joined, the few who have it lead to their affiliations.
        let held = Alias::new(format!("right_{number}"));
        let column = |it: T| Expr::col((held.clone(), it));
        let granted = Condition::all()
            .add(column(T::AffiliationId).equals((affiliation::Entity, A::Id)))
            .add(column(T::RightType).eq(right.as_str()))
            .add(column(T::Status).eq(constant(TiesStatus::Granted.as_str())));
        select
            .join_as(JoinType::InnerJoin, ties_right::Entity, held.clone(), granted)
            .and_where(Expr::col((membership_type::Entity, M::TiesEntitled)).eq(true));
    }
    select
}

#[derive(FromQueryResult)]
struct Id {
    account_id: String,
}

impl Id {
    async fn all(db: &impl ConnectionTrait, select: &SelectStatement) -> Result<Vec<String>, DbErr> {
        let statement = db.get_database_backend().build(select);
        let found = Self::find_by_statement(statement).all(db).await?;
        Ok(found.into_iter().map(|it| it.account_id).collect())
    }
}
