//! The directory as a file (contract.md, "Files that go in and out"). Called by `itu-account org` and the demo.

mod export;
mod import;
mod rows;

pub use export::export;
pub use import::{ImportError, Imported, import};
