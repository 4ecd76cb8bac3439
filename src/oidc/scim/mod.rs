//! SCIM 2.0 (RFC 7643, RFC 7644): a service reads the people whom it may know, ahead of their login and without it, and
//! learns from it who has left.
//!
//! `reader` says whom a client sees and what of them, `users` and `groups` find, `person` and `group` show, `listing` has
//! what all lists have, `patch` reads what is to be written, `discovery` describes all of it. The shapes are in
//! `domain::scim`. `push` makes the users of services that want it what `person` shows, `remote` talks to such a service,
//! `walk` finds everybody whom it is to know.

pub mod discovery;
pub mod error;
mod group;
mod group_id;
pub mod groups;
pub mod listing;
mod patch;
mod person;
pub mod push;
pub mod reader;
mod remembered;
pub mod remote;
mod resource;
mod user_plan;
pub mod users;
pub mod walk;
pub mod writing;

pub use error::{Error, Result, ScimType};
pub use listing::{ListRequest, Page};
pub use reader::Reader;
