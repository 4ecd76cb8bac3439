//! One struct per mail: all that it may say. Subjects and texts stand in the catalogs; links are
//! built by the templates from the issuer (security.md PW-5).

mod account;
mod affiliation;

pub use account::*;
pub use affiliation::*;
