//! The directory as a file (contract.md, "Files that go in and out"). Called by `itu-account org` and the demo.

mod import;
mod rows;

pub use import::{COLUMNS, ImportError, Imported, export, import};
