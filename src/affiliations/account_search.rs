//! Finds accounts for the staff: by any part of name, address, organization and identifier, by status, role and verification
//! (security.md AD-1, AD-4). `/admin/accounts` calls it. Who may look is decided in `accounts::staff`.

use std::collections::HashMap;

use super::Error;
use super::roster::LARGEST_PAGE;
use crate::accounts::{self, staff};
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::account::{Account, Status};
use crate::domain::account_search::{identifier, query};
use crate::domain::actor::Context;
use crate::domain::affiliation::Affiliation;
use crate::domain::message::FieldErrors;
use crate::domain::role::Role;
use crate::storage::account_search::{self, AccountFilter, Found, MOST};
use crate::storage::{self, affiliations, organizations};

/// The rows of one page, unless another number is asked for.
const SIZE: u64 = 25;

/// A search as it was typed; what is empty is no condition.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountSearch<'a> {
    pub text: &'a str,
    pub status: &'a str,
    pub role: &'a str,
    /// `yes` or `no`.
    pub verified: &'a str,
    /// The number of the page, from 1.
    pub page: u64,
    /// The rows of a page, 1 to 100; 0 is 25.
    pub size: u64,
}

/// An account with the name of the organization that its person belongs to or asks to.
#[derive(Clone, Debug)]
pub struct Entry {
    pub account: Account,
    pub organization: Option<String>,
}

#[derive(Clone, Debug)]
pub struct AccountPage {
    pub entries: Vec<Entry>,
    pub page: u64,
    pub size: u64,
    pub total: u64,
    /// `true` if more accounts fit than one search looks at.
    pub is_cut: bool,
}

pub async fn list(app: &App, context: &Context, search: AccountSearch<'_>) -> Result<AccountPage, Error> {
    staff::require_reader(app, context).await.map_err(refusal)?;
    let filter = filter(search)?;
    let page = search.page.max(1);
    let size = match search.size {
        0 => SIZE,
        some => some.min(LARGEST_PAGE),
    };
    let mut found = Found::default();
    // An identifier has signs that part words.
    if let Some(identifier) = identifier(search.text.trim()) {
        let by_identifier = AccountFilter {
            words: vec![identifier],
            ..filter.clone()
        };
        found = read(app, &by_identifier, (page, size)).await?;
    }
    if found.total == 0 {
        found = read(app, &filter, (page, size)).await?;
    }
    // A page after the last one is the last one.
    let last = found.total.div_ceil(size).max(1);
    if page > last {
        let search = AccountSearch { page: last, ..search };
        return Box::pin(list(app, context, search)).await;
    }
    Ok(AccountPage {
        entries: entries(app, &found.accounts).await?,
        page,
        size,
        total: found.total,
        is_cut: found.is_cut,
    })
}

async fn read(app: &App, filter: &AccountFilter, (page, size): (u64, u64)) -> Result<Found, Error> {
    let offset = (page - 1).min(MOST) * size;
    Ok(account_search::search(app.db.read(), filter, offset, size).await?)
}

fn filter(search: AccountSearch<'_>) -> Result<AccountFilter, Error> {
    let refused = |field| Error::Invalid(FieldErrors::from([(field, "error.choose")]));
    let typed = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let status = typed(search.status).map(|it| match Status::parse(&it) {
        Status::Deleted => Err(refused("status")),
        known if known.as_str() == it => Ok(known),
        _ => Err(refused("status")),
    });
    let role = typed(search.role).map(|it| Role::parse(&it).ok_or_else(|| refused("role")));
    let verified = typed(search.verified).map(|it| match it.as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(refused("verified")),
    });
    Ok(AccountFilter {
        words: query(search.text),
        status: status.transpose()?,
        role: role.transpose()?,
        verified: verified.transpose()?,
    })
}

async fn entries(app: &App, ids: &[AccountId]) -> Result<Vec<Entry>, Error> {
    let db = app.db.read();
    let mut accounts: HashMap<AccountId, Account> = storage::accounts::list_by_ids(db, ids)
        .await?
        .into_iter()
        .map(|it| (it.id.clone(), it))
        .collect();
    let of_them = affiliations::list_of_accounts(db, ids).await?;
    let named = organizations::list_by_ids(db, of_them.iter().map(|it| &it.organization)).await?;
    let name = |account: &AccountId| {
        let is_open = |it: &&Affiliation| !it.status().is_final();
        let its = of_them.iter().filter(|it| it.account == *account).filter(is_open);
        // The one in force before the one that is asked for.
        let its = its.max_by_key(|it| it.status().is_in_force())?;
        let organization = named.iter().find(|it| it.id == its.organization)?;
        Some(organization.name.clone())
    };
    let entries = ids.iter().filter_map(|id| {
        Some(Entry {
            organization: name(id),
            account: accounts.remove(id)?,
        })
    });
    Ok(entries.collect())
}

fn refusal(error: accounts::Error) -> Error {
    match error {
        accounts::Error::Storage(error) => error.into(),
        accounts::Error::SecondFactorRequired => Error::SecondFactorRequired,
        // G-11: what cannot be decided is refused.
        _ => Error::NotFound,
    }
}
