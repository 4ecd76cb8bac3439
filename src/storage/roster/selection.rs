//! The conditions of a list of affiliations, and its orders. Each is asked of the affiliation by an index: whoever counts
//! reads no other table whole, and joins none.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{
    Cond, DynIden, Expr, ExprTrait, Func, IntoIden, IntoTableRef, LikeExpr, Query, SelectStatement, UnionType,
};

use crate::domain::account::Status;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::search::alternatives;
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId, Time};
use crate::storage::constant;
use crate::storage::entities::{
    account, account_word, affiliation, affiliation_word, deputy, focal_point, ties_right,
};

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

impl Filter {
    /// Returns the organization, if most of its people are listed by their names. Of a few, a list is sorted.
    pub(super) fn whose_names_are_walked(&self) -> Option<&OrganizationId> {
        let is_of_most = matches!(self.show, Some(Show::People | Show::Everybody))
            && self.id.is_none()
            && self.right.is_none()
            && self.outside_of.is_none()
            && self.requested_before.is_none()
            && !self.asks_for_ties;
        let organization = self.organization.as_ref();
        organization.filter(|_| is_of_most && self.order == PeopleOrder::Name)
    }
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

pub(super) fn select(filter: &Filter) -> SelectStatement {
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
        select.and_where(match &filter.organization {
            Some(organization) => {
                Expr::col((a, A::AccountId)).in_subquery(people_by_word(organization, word))
            }
            // Not as a condition of its own, which PostgreSQL would begin at: many have the word, and few wait.
            None => Expr::exists(word_of_person(word)).or(Expr::val(false)),
        });
    }
    select
}

fn status(it: AffiliationStatus) -> Expr {
    Expr::col((affiliation::Entity, affiliation::Column::Status)).eq(constant(it.as_str()))
}

/// Selects what is to be shown. Of one organization, each affiliation is asked what waits on it; of all, few wait among
/// many, and an index has those alone. Each has a time of its request; asked for it, SQLite takes that index instead of one
/// of all.
fn show_only(select: &mut SelectStatement, show: Show, is_of_one: bool) {
    let id = || Expr::col((affiliation::Entity, affiliation::Column::Id));
    let requested = || Expr::col((affiliation::Entity, affiliation::Column::RequestedAt));
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
        Show::AffiliationRequests if is_of_one => select.and_where(status(AffiliationStatus::Pending)),
        Show::AffiliationRequests => select
            .and_where(status(AffiliationStatus::Pending))
            .and_where(requested().gte(Time::UNIX_EPOCH)),
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

/// Selects the affiliations that are requested, and those with a requested right.
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
        .and_where(Expr::col(("other", person.clone())).not_in_subquery(not_active()))
        .and_where(Expr::col(("other", organization)).equals((a, affiliation::Column::OrganizationId)))
        .and_where(Expr::col(("other", person)).ne(Expr::col((a, affiliation::Column::AccountId))))
        .cond_where(is_there)
        .to_owned()
}

/// Selects the accounts that are not active: few, which an index has.
fn not_active() -> SelectStatement {
    let status = || Expr::col((account::Entity, account::Column::Status));
    Query::select()
        .column((account::Entity, account::Column::Id))
        .from(account::Entity)
        .and_where(status().ne(constant(Status::Active.as_str())))
        // The index has no others and is read whole; SQLite calls that a search if there is a bound.
        .and_where(status().gt(constant("")))
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

/// Selects the people of one organization with a word of their name or address that begins so.
pub(super) fn people_by_word(organization: &OrganizationId, begin: &str) -> SelectStatement {
    use affiliation_word::Column as W;
    Query::select()
        .column((affiliation_word::Entity, W::AccountId))
        .from(affiliation_word::Entity)
        .and_where(W::OrganizationId.eq(organization.as_str()))
        .cond_where(begins(W::Word, begin))
        .to_owned()
}

/// Selects a word of the person's name or address that begins so.
fn word_of_person(begin: &str) -> SelectStatement {
    use account_word::Column as W;
    Query::select()
        .expr(Expr::val(1))
        .from(account_word::Entity)
        .and_where(
            Expr::col((account_word::Entity, W::AccountId))
                .equals((affiliation::Entity, affiliation::Column::AccountId)),
        )
        .cond_where(begins(W::Word, begin))
        .to_owned()
}

pub(super) fn begins(word: impl ColumnTrait, begin: &str) -> Cond {
    alternatives(begin).fold(Cond::any(), |any, begin| {
        let past = format!("{begin}\u{10FFFF}");
        any.add(word.gte(begin).and(word.lt(past)))
    })
}
