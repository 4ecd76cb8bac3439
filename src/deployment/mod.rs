//! A whole deployment as files, for a directory in git (contract.md, `apply`, `export`): clients, organizations, membership
//! types, TIES rights, documents, and the policies that the settings name. The command line calls this. It reads and
//! writes no directory: files are names and bytes.
//!
//! What the database has is applied in one transaction, by the rooms that it belongs to. Policies, and documents that come from
//! files, are settings of the processes, which no transaction changes: those of the directory have to be the ones in force.
//!
//! How the deployment fares is in `overview`, for people, and in `measurements`, for Prometheus; what it stands on is examined in
//! `check`.

mod apply;
mod backup;
pub mod check;
mod documents;
mod error;
mod export;
mod files;
mod measurements;
mod overview;
mod settings;

pub use apply::{Applied, Deployment, apply, preview};
pub use backup::{BackupError, Manifest, Opener, Seal, back_up, restore};
pub use error::{Error, FileProblem};
pub use export::export;
pub use files::{Files, is_part};
pub use measurements::measure;
pub use overview::{
    Day, Events, FailingReceiver, FailingService, Late, Mail, NextKey, Overview, Requests, Waiting, overview,
};
