//! Finds accounts for administrators, among any number: by words, status, role and verification.
//!
//! A search begins at the condition that the fewest accounts meet, of which the index is read to `MOST` rows and no further;
//! the others are asked of those, one look into an index each. So it costs the same with a million accounts as with a
//! thousand. If even that condition is met by more, the first of them are searched, and the caller is told.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait,
};

use super::entities::account::{Column, Entity};
use super::entities::{account_word, affiliation, organization_word};
use super::{constant, is};
use crate::domain::AccountId;
use crate::domain::account::Status;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::search::alternatives;
use crate::domain::role::Role;

/// The most rows of an index that one search reads; an account may have two of them.
pub const MOST: u64 = 1000;

/// The conditions of a search; each is optional.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// The folded beginnings of words of name, address, identifier, or of the name of the organization; all must be there.
    pub words: Vec<String>,
    pub status: Option<Status>,
    pub role: Option<Role>,
    pub verified: Option<bool>,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub accounts: Vec<AccountId>,
    /// The number of those that were found, on all pages.
    pub total: u64,
    /// `true` if more accounts meet each of the conditions than were looked at.
    pub is_cut: bool,
}

/// A condition that an index answers.
enum Way<'a> {
    Word(&'a str),
    /// All words in their order.
    Phrase(String),
    Status(Status),
    Role(Role),
    Unverified,
    Newest,
}

pub async fn search(
    db: &impl ConnectionTrait,
    filter: &AccountFilter,
    offset: u64,
    limit: u64,
) -> Result<Found, DbErr> {
    let (way, is_cut) = shortest(db, filter).await?;
    let mut found = matching(filter, &way).select_only().column(Column::Id);
    let query = QueryTrait::query(&mut found);
    if matches!(way, Way::Newest) {
        query.order_by(Column::CreatedAt, Order::Desc);
        query.order_by(Column::Id, Order::Desc);
    } else {
        query.order_by(Column::LastName, Order::Asc);
        query.order_by(Column::FirstName, Order::Asc);
        query.order_by(Column::Id, Order::Asc);
    }
    // All pages at once: they are no more than `MOST`, and are counted so.
    let ids: Vec<String> = found.into_tuple().all(db).await?;
    let total = ids.len() as u64;
    let as_usize = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let page = ids.into_iter().skip(as_usize(offset)).take(as_usize(limit));
    Ok(Found {
        accounts: page.map(AccountId::new).collect(),
        total,
        is_cut,
    })
}

/// Returns the way to the fewest accounts, and whether there are more than it may read.
async fn shortest<'a>(
    db: &impl ConnectionTrait,
    filter: &'a AccountFilter,
) -> Result<(Way<'a>, bool), DbErr> {
    let mut ways: Vec<Way<'a>> = filter.words.iter().map(|it| Way::Word(it)).collect();
    ways.extend(filter.status.filter(|it| *it != Status::Active).map(Way::Status));
    ways.extend(filter.role.filter(|it| *it != Role::User).map(Way::Role));
    if filter.verified == Some(false) {
        ways.push(Way::Unverified);
    }
    let mut best = (Way::Newest, MOST + 1);
    for way in ways {
        let count = count(db, &way).await?;
        if count < best.1 || matches!(best.0, Way::Newest) {
            best = (way, count);
        }
    }
    // Each word of a name may have thousands of people, and all of them together few.
    if best.1 > MOST && filter.words.len() > 1 {
        let phrase = Way::Phrase(filter.words.join(" "));
        let count = count(db, &phrase).await?;
        if count > 0 {
            return Ok((phrase, true));
        }
    }
    if matches!(best.0, Way::Newest) {
        best.1 = count(db, &best.0).await?;
    }
    Ok((best.0, best.1 > MOST))
}

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

/// Counts the rows of a way, one more than `MOST` at most.
async fn count(db: &impl ConnectionTrait, way: &Way<'_>) -> Result<u64, DbErr> {
    let statement = Query::select()
        .expr_as(Expr::col(Alias::new("account_id")).count(), "number")
        .from_subquery(way.select(MOST + 1), "found")
        .to_owned();
    let statement = db.get_database_backend().build(&statement);
    let found = Count::find_by_statement(statement).one(db).await?;
    Ok(found.map_or(0, |it| u64::try_from(it.number).unwrap_or_default()))
}

impl Way<'_> {
    /// Returns `true` if whoever it leads to has this word.
    fn has(&self, word: &str) -> bool {
        match self {
            Self::Word(its) => *its == word,
            Self::Phrase(_) => true,
            _ => false,
        }
    }

    /// Selects the identifiers of accounts, `limit` at most.
    fn select(&self, limit: u64) -> SelectStatement {
        let mut select = match self {
            Self::Word(word) => {
                let mut select = of_account(word);
                select.union(UnionType::All, of_organization(word));
                select
            }
            Self::Phrase(phrase) => of_account(phrase),
            Self::Status(status) => accounts()
                .and_where(Column::Status.into_expr().ne(constant(Status::Active.as_str())))
                .and_where(is(Column::Status, status.as_str()))
                .to_owned(),
            Self::Role(role) => accounts()
                // The index has this condition of its own.
                .and_where(Column::Role.into_expr().ne(constant(Role::User.as_str())))
                .and_where(Column::Role.eq(role.as_str()))
                .to_owned(),
            Self::Unverified => accounts()
                .and_where(Column::EmailVerified.into_expr().not())
                .order_by(Column::CreatedAt, Order::Desc)
                .to_owned(),
            Self::Newest => accounts()
                .order_by(Column::CreatedAt, Order::Desc)
                .order_by(Column::Id, Order::Desc)
                .to_owned(),
        };
        select.limit(limit);
        select
    }
}

fn accounts() -> SelectStatement {
    Query::select()
        .expr_as(Expr::col((Entity, Column::Id)), "account_id")
        .from(Entity)
        .to_owned()
}

/// Selects the accounts with a word that begins so.
fn of_account(begin: &str) -> SelectStatement {
    use account_word::Column as Word;
    let mut any = sea_orm::Condition::any();
    for begin in alternatives(begin) {
        any = any.add(range(Word::Word, &begin));
    }
    Query::select()
        .column((account_word::Entity, Word::AccountId))
        .from(account_word::Entity)
        .cond_where(any)
        .to_owned()
}

/// Selects the accounts that belong to an organization with a word that begins so, or ask to.
fn of_organization(begin: &str) -> SelectStatement {
    use affiliation::Column as Affiliation;
    use organization_word::Column as Word;
    let mut any = sea_orm::Condition::any();
    for begin in alternatives(begin) {
        any = any.add(range(Word::Word, &begin));
    }
    let open = [
        AffiliationStatus::Pending,
        AffiliationStatus::Approved,
        AffiliationStatus::SelfDeclared,
    ];
    let open = open.into_iter().fold(sea_orm::Condition::any(), |any, it| {
        any.add(is(Affiliation::Status, it.as_str()))
    });
    Query::select()
        .column((affiliation::Entity, Affiliation::AccountId))
        .from(organization_word::Entity)
        .join(
            JoinType::InnerJoin,
            affiliation::Entity,
            Expr::col((affiliation::Entity, Affiliation::OrganizationId))
                .equals((organization_word::Entity, Word::OrganizationId)),
        )
        .cond_where(any)
        .cond_where(open)
        .to_owned()
}

/// Returns the condition for everything that begins so: a range of an index in the order of bytes.
fn range(column: impl ColumnTrait, begin: &str) -> Expr {
    column.gte(begin).and(column.lt(format!("{begin}\u{10FFFF}")))
}

/// Selects the accounts that `way` leads to and that meet all conditions.
fn matching(filter: &AccountFilter, way: &Way<'_>) -> sea_orm::Select<Entity> {
    let led_to = Query::select()
        .column(Alias::new("account_id"))
        .from_subquery(way.select(MOST), "led_to")
        .to_owned();
    let mut select = Entity::find()
        .filter(Column::Id.in_subquery(led_to))
        // For everybody it is gone.
        .filter(Column::Status.into_expr().ne(constant(Status::Deleted.as_str())));
    for word in filter.words.iter().filter(|it| !way.has(it)) {
        let own = Expr::col((Entity, Column::Id));
        let of_account = of_account(word)
            .and_where(
                own.clone()
                    .equals((account_word::Entity, account_word::Column::AccountId)),
            )
            .to_owned();
        let of_organization = of_organization(word)
            .and_where(own.equals((affiliation::Entity, affiliation::Column::AccountId)))
            .to_owned();
        select = select.filter(
            sea_orm::Condition::any()
                .add(Expr::exists(of_account))
                .add(Expr::exists(of_organization)),
        );
    }
    if let Some(status) = filter.status {
        select = select.filter(is(Column::Status, status.as_str()));
    }
    if let Some(role) = filter.role {
        select = select.filter(Column::Role.eq(role.as_str()));
    }
    if let Some(verified) = filter.verified {
        select = select.filter(Column::EmailVerified.eq(verified));
    }
    select
}
