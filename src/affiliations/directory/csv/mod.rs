//! The directory as a file (contract.md, "Files that go in and out"). `itu-account org`, the pages of administrators,
//! `deployment` and the demo call this.

mod export;
mod import;
mod plan;
mod rows;

pub use export::{export, export_accepted};
pub use import::{ImportError, MOST_CHANGES, Preview, Table, import, import_as_seen, import_with, preview};
pub(super) use plan::{Cells, settles_people};
pub use plan::{Imported, Plan};
pub use rows::{COLUMNS, LineError};
