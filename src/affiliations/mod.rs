//! A person's place in organizations: requests and the decisions about them, Focal Points, TIES rights,
//! and the directory they stand in (product.md, security.md 8.4).
//!
//! Who may do what is decided here, from `Context.actor` and what the database says now, whichever door
//! the act came through. What is another organization's does not exist (security.md G-4).

mod error;
mod standing;

pub use error::Error;
pub use standing::standing;
