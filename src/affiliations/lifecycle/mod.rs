//! The life of an affiliation: requested, decided, withdrawn or ended by others, and who may do so (security.md AF-1,
//! AF-2). Pages and commands call `requests`, `decisions` and `withdrawal`; every move of a row goes through
//! `transitions`. The directory that affiliations point to is in `directory`.

pub(super) mod authority;
pub mod decisions;
pub mod requests;
pub(super) mod transitions;
pub mod withdrawal;
