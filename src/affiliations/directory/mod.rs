//! The directory of organizations: found by everybody (`search`), chosen by a person (`selection`), proposed by
//! visitors, and kept by administrators. Whatever changes an organization goes through `membership_change`, which
//! settles its people. What a person has to do with an organization is in `lifecycle`.

pub mod admin;
mod audit;
pub mod csv;
pub mod edit;
mod membership_change;
pub mod membership_types;
pub mod merge;
pub mod proposals;
mod search;
pub mod search_words;
pub(super) mod selection;
pub mod status;

pub use search::{DirectorySearch, Found, Page, find, members, suggest};
