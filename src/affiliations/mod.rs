//! A person's place in organizations: requests and the decisions about them, Focal Points, TIES rights,
//! and the directory they stand in (product.md, security.md 8.4).
//!
//! Who may do what is decided here, from `Context.actor` and what the database says now, whichever door
//! the act came through. What is another organization's does not exist (security.md G-4).

mod announcements;
mod choice;
pub mod directory;
mod error;
pub mod focal_points;
pub mod merging;
pub mod lifecycle;
mod notices;
pub mod organizations;
pub mod organizations_csv;
mod organizations_csv_rows;
pub mod people;
pub mod people_import;
mod place;
pub mod records;
pub mod reminders;
mod settling;
mod standing;
pub mod ties;

pub use announcements::send_digests;
pub use choice::{ChoiceInput, choose};
pub use error::Error;
pub use lifecycle::authority::{LONGEST_REASON, organization_of};
pub use place::{Place, Tie, by_kind, place};
pub use standing::standing;
