//! Extractors, on which handlers rely: each has checked what its name says before the handler runs.

pub mod actor_context;
pub mod client;
pub mod form;
pub mod page_context;
pub mod page_form;
pub mod program;
pub mod query;
pub mod session;

pub use client::Authenticated;
pub use page_context::PageContext;
pub use page_form::{PageForm, Tick, TypedForm};
pub use program::Program;
pub use query::ListQuery;
pub use session::{BrowserSession, SignedIn};
