//! One struct per mail: all that it may say. Subjects and texts stand in the catalogs; links are
//! built by the templates from the issuer (security.md PW-5).

mod account;
mod affiliation;

pub use account::*;
pub use affiliation::*;

use super::MailTemplate;
use crate::domain::Time;

fn sample_time() -> Time {
    crate::clock::from_unix(1_772_623_800).unwrap_or_default()
}
