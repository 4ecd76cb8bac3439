//! The modules, one function each, named after the suite's.

pub mod basic;
pub mod config;
pub mod dynamic;
pub mod rp_initiated_logout;

use crate::report::Step;
use crate::run::Run;
use std::pin::Pin;

pub type Check = for<'a> fn(&'a mut Run) -> Pin<Box<dyn Future<Output = Step> + Send + 'a>>;

/// A row of a plan: the suite's name, what it needs, and the function that does it.
macro_rules! module {
    ($name:literal, $needs:ident, $check:path) => {
        $crate::plans::Module {
            name: $name,
            needs: $crate::plans::Needs::$needs,
            check: |run| Box::pin($check(run)),
        }
    };
}
pub(crate) use module;
