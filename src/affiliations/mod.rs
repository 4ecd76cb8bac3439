//! A person's place in organizations: requests and the decisions about them, Focal Points, TIES rights,
//! and the directory they stand in (product.md, security.md 8.4).
//!
//! Who may do what is decided here, from `Context.actor` and what the database says now, whichever door
//! the act came through. What is another organization's does not exist (security.md G-4).

pub mod accounts_import;
pub mod directory;
mod error;
pub mod focal_points;
pub mod lifecycle;
mod membership_claims;
pub mod notifications;
mod overview;
pub mod roster;
pub mod ties;

pub use directory::selection::{ChoiceInput, choose};
pub use error::Error;
pub use lifecycle::authority::{LONGEST_REASON, organization_of};
pub use membership_claims::membership_claims;
pub use overview::{AffiliationDetail, Overview, by_kind, overview};
