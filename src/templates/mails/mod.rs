//! One struct per mail: all that it may say. Subjects and texts are in the catalogs; the templates build links from the
//! issuer (security.md PW-5).

mod account;
mod account_administered;
mod account_deletion;
mod affiliation;
mod assisted_recovery;
mod client_ownership;
mod deputies;
mod email_change;
mod newsletter;
mod not_me;
pub mod previews;
mod weekly_digest;

pub use account::*;
pub use account_administered::*;
pub use account_deletion::*;
pub use affiliation::*;
pub use assisted_recovery::*;
pub use client_ownership::*;
pub use deputies::*;
pub use email_change::*;
pub use newsletter::*;
pub use not_me::*;
pub use weekly_digest::*;
