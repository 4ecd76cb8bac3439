//! The audit trail: records events in the transaction that caused them (security.md LG-1), seals them into a hash chain,
//! removes them at the end of their time (LG-2), verifies the chain (LG-5), searches it for those who may read it, and
//! counts entries by day.
//!
//! What can be recorded is in `domain::event`, what a seal covers in `domain::audit_trail`.

pub mod daily_counts;
mod heads;
mod recording;
mod retention;
mod sealing;
mod search;
mod verification;

pub use heads::{HeadError, LoggedHead, heads_of_log};
pub use recording::record;
pub use retention::sweep;
pub use sealing::seal;
pub use search::{Listing, Query, QueryError, Reader, Record, SealState, Shown, begin_export, show, status};
pub use verification::{Finding, FindingKind, Verified, VerifyError, verify};
