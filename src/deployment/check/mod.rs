//! Examines what a deployment stands on, for the command `check` (contract.md, `itu-account check`): clock and name of the
//! issuer, certificates, mail, files, database, keys. It writes nothing, and nothing holds it up: each examination has its
//! time, and what could not be asked is a hint that says so.

mod certificates;
mod database;
mod dns;
mod examination;
mod files;
mod finding;
mod issuer;
mod keys;
mod mail;
mod skew;

pub use examination::examine;
pub use finding::{Finding, Severity};
