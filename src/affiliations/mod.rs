//! Decides who belongs to which organization: requests and decisions, Focal Points, TIES rights, and the directory of
//! organizations (product.md, security.md 8.4).
//!
//! Checks who may act, from `Context.actor` and the database as it is now, whichever door the act came through. Another
//! organization's data is not found (security.md G-4).

pub mod absences;
pub mod account_search;
pub mod accounts_export;
pub mod accounts_import;
pub mod departure;
pub mod deputies;
pub mod digest_preference;
pub mod directory;
mod error;
pub mod focal_points;
pub mod handover;
pub mod history;
pub mod kinds;
pub mod lifecycle;
mod membership_claims;
pub mod notifications;
pub mod offices;
mod overview;
pub mod organization_history;
pub mod people_file;
pub mod request_facts;
pub mod roster;
pub mod ties;
pub mod ties_matrix;

pub use directory::selection::{ChoiceInput, choose};
pub use error::Error;
pub use lifecycle::authority::{LONGEST_REASON, may_change_offices, organization_of, require_administrator};
pub use membership_claims::{membership_claims, membership_claims_of};
pub use overview::{AffiliationDetail, Overview, by_kind, overview};
