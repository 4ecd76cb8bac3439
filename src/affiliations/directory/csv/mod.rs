//! The directory as a file (contract.md, "Files that go in and out"). `itu-account org` and the demo call this.

mod export;
mod import;
mod rows;

pub use export::export;
pub use import::{ImportError, Imported, import};
