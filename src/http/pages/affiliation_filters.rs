//! The filters and the order of the lists of requests, as the addresses of the pages have them.

use super::{ListQuery, PageError};
use crate::affiliations::roster::{Only, PeopleOrder, RosterSearch, Show};

/// The parameters that stay from one page of a list to the next.
pub const FILTERS: [&str; 4] = ["q", "status", "only", "order"];
/// The filter of Focal Points who come without one.
pub const PENDING: &str = "pending";

/// Returns the requested filter. A person who comes without one looks for what waits.
pub fn status_or<'a>(query: &'a ListQuery, waiting: &'a str) -> &'a str {
    if query.has("status") {
        query.get("status")
    } else {
        waiting
    }
}

/// Returns what a filter shows; `None` if the lists do not offer it.
fn show_of(status: &str) -> Option<Show> {
    match status {
        "" => Some(Show::Everybody),
        PENDING => Some(Show::AffiliationRequests),
        "approved" => Some(Show::People),
        "rejected" => Some(Show::Rejected),
        _ => None,
    }
}

pub fn search_of_organization(query: &ListQuery) -> Result<RosterSearch<'_>, PageError> {
    let show = show_of(status_or(query, PENDING)).ok_or(PageError::NotFound)?;
    search(query, show)
}

pub fn search(query: &ListQuery, show: Show) -> Result<RosterSearch<'_>, PageError> {
    let only = match query.get("only") {
        "" => None,
        "overdue" => Some(Only::Overdue),
        "ties" => Some(Only::WithTies),
        "outside" => Some(Only::Outside),
        _ => return Err(PageError::NotFound),
    };
    let order = match query.get("order") {
        "" => PeopleOrder::Oldest,
        "newest" => PeopleOrder::Newest,
        "name" => PeopleOrder::Name,
        _ => return Err(PageError::NotFound),
    };
    Ok(RosterSearch {
        text: query.get("q"),
        show,
        only,
        order,
        page: query.page()?,
        ..RosterSearch::default()
    })
}
