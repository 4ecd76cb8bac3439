//! The modules, one function each, named after the suite's.

pub mod basic;
pub mod channel_logout;
pub mod ciba;
pub mod config;
pub mod dynamic;
pub mod fapi2;
pub mod rp_initiated_logout;
pub mod session_management;

use crate::report::Step;
use crate::run::Run;
use std::pin::Pin;

pub type Check = for<'a> fn(&'a mut Run) -> Pin<Box<dyn Future<Output = Step> + Send + 'a>>;

/// Every response type of OpenID Connect Core §3.
pub const ALL: &[&str] = &[
    "code",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];

/// A row of a plan: the suite's name, what it needs, and the function that does it.
macro_rules! module {
    ($name:literal, $needs:ident, $check:path) => {
        $crate::modules::module!($name, $needs, $check, $crate::modules::ALL)
    };
    ($name:literal, $needs:ident, $check:path, $on:expr) => {
        $crate::plans::Module {
            name: $name,
            needs: $crate::plans::Needs::$needs,
            on: $on,
            only: &[],
            check: |run| Box::pin($check(run)),
        }
    };
}
pub(crate) use module;
