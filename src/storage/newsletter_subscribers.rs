//! Lists the subscriptions to the newsletter that are in force, with their people, for administrators: the newest first,
//! by language and time. `newsletter_subscriptions` keeps them; `accounts::newsletter_subscribers` decides who may read.

use chrono::DateTime;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

use super::accounts;
use super::entities::newsletter_subscription::{Column, Entity};
use crate::domain::account::Account;
use crate::domain::newsletter::ConsentPage;
use crate::domain::profile::Language;
use crate::domain::{AccountId, Time};
use crate::storage::corrupt;

/// The conditions of a list; each is optional.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The language in which the person agreed.
    pub language: Option<Language>,
    pub since: Option<Time>,
    /// The accounts among which is looked, as a search has found them.
    pub among: Option<Vec<AccountId>>,
}

/// The place of a subscription in the order of time: a list goes on after it, with what is older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub given_at: Time,
    pub id: String,
}

/// A subscription in force with its person.
#[derive(Clone, Debug)]
pub struct Subscriber {
    pub place: Cursor,
    pub account: Account,
    pub language: Language,
    pub page: ConsentPage,
}

/// Returns `true` if a search has found no account.
fn finds_nobody(filter: &Filter) -> bool {
    filter.among.as_ref().is_some_and(Vec::is_empty)
}

fn matching(filter: &Filter) -> Select<Entity> {
    let mut found = Entity::find().filter(Column::StoppedAt.is_null());
    if let Some(language) = filter.language {
        found = found.filter(Column::Language.eq(language.as_str()));
    }
    found = match &filter.among {
        Some(ids) => found.filter(Column::AccountId.is_in(ids.iter().map(AccountId::as_str))),
        None => found,
    };
    // The index is read from here: a statement without a bound would read it as a table.
    found.filter(Column::GivenAt.gte(filter.since.unwrap_or(DateTime::UNIX_EPOCH)))
}

/// Counts what a list finds.
pub async fn count(db: &impl ConnectionTrait, filter: &Filter) -> Result<u64, DbErr> {
    if finds_nobody(filter) {
        return Ok(0);
    }
    matching(filter).count(db).await
}

/// Lists subscriptions after the cursor. Who is suspended or leaves gets no newsletter, and is left out: the second value
/// is the place of the last one that was looked at, `None` at the end.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<(Vec<Subscriber>, Option<Cursor>), DbErr> {
    if finds_nobody(filter) {
        return Ok((Vec::new(), None));
    }
    let mut found = matching(filter);
    if let Some(Cursor { given_at, id }) = after {
        // The first condition bounds the walk of the index.
        found = found
            .filter(Column::GivenAt.lte(*given_at))
            .filter(Column::GivenAt.lt(*given_at).or(Column::Id.lt(id.as_str())));
    }
    let rows = found
        .order_by_desc(Column::GivenAt)
        .order_by_desc(Column::Id)
        .limit(limit + 1)
        .all(db)
        .await?;
    let has_more = rows.len() as u64 > limit;
    let rows: Vec<_> = rows
        .into_iter()
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .collect();
    let last = rows.last().filter(|_| has_more).map(|it| Cursor {
        given_at: it.given_at,
        id: it.id.clone(),
    });
    let ids: Vec<AccountId> = rows
        .iter()
        .map(|it| AccountId::new(it.account_id.as_str()))
        .collect();
    let mut people: std::collections::HashMap<String, Account> = accounts::list_by_ids(db, &ids)
        .await?
        .into_iter()
        .filter(|it| it.is_active() && it.email_verified)
        .map(|it| (it.id.to_string(), it))
        .collect();
    let mut subscribers = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(account) = people.remove(&row.account_id) else {
            continue;
        };
        let corrupt = || corrupt("newsletter_subscriptions", &row.id);
        subscribers.push(Subscriber {
            language: Language::parse(&row.language).ok_or_else(corrupt)?,
            page: ConsentPage::parse(&row.page).ok_or_else(corrupt)?,
            place: Cursor {
                given_at: row.given_at,
                id: row.id,
            },
            account,
        });
    }
    Ok((subscribers, last))
}
