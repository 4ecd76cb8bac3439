//! The links between the pages of a list, with the filters that lead to them.

use super::ListQuery;
use crate::accounts;
use crate::affiliations::roster::RosterPage;
use crate::affiliations::{self, directory};
use crate::oidc::{clients, global_revocation, signing_keys};
use crate::templates::pages::Paging;

/// The place of the shown page in a list.
#[derive(Clone, Copy)]
pub struct Position {
    /// The number of the page, from 1.
    pub page: u64,
    /// The rows of one page.
    pub size: u64,
    /// The rows of the whole list.
    pub total: u64,
}

impl Position {
    /// The only page of a list that is empty.
    pub const EMPTY: Self = Self {
        page: 1,
        size: 1,
        total: 0,
    };
}

impl From<&RosterPage> for Position {
    fn from(found: &RosterPage) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl From<&affiliations::account_search::AccountPage> for Position {
    fn from(found: &affiliations::account_search::AccountPage) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl From<&directory::Page> for Position {
    fn from(found: &directory::Page) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl From<&accounts::history::HistoryPage> for Position {
    fn from(found: &accounts::history::HistoryPage) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl From<&accounts::assisted_recovery::RecoveryPage> for Position {
    fn from(found: &accounts::assisted_recovery::RecoveryPage) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl From<&accounts::terms_versions::VersionPage> for Position {
    fn from(found: &accounts::terms_versions::VersionPage) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl From<&affiliations::history::HistoryPage> for Position {
    fn from(found: &affiliations::history::HistoryPage) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl From<&clients::ClientPage> for Position {
    fn from(found: &clients::ClientPage) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl From<&global_revocation::RevocationPage> for Position {
    fn from(found: &global_revocation::RevocationPage) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

impl<T> From<&signing_keys::Listed<T>> for Position {
    fn from(found: &signing_keys::Listed<T>) -> Self {
        Self {
            page: found.page,
            size: found.size,
            total: found.total,
        }
    }
}

/// Makes the links to the neighbours of a page.
pub fn paging(position: impl Into<Position>, path: &str, query: &ListQuery, filters: &[&str]) -> Paging {
    let Position { page, size, total } = position.into();
    let sent = filters.iter().filter(|name| query.has(name));
    let filters: Vec<_> = sent.map(|name| (*name, query.get(name))).collect();
    Paging::new(page, size, total, path, &filters)
}
