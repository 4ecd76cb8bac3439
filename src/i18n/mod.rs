//! The six languages of the Union: `Locale` and its direction, the catalogs of texts with their
//! plurals, names of countries, dates in words, and the choice among the languages that a reader
//! offers (OpenID Connect Core §3.1.2.1 `ui_locales`, RFC 9110 §12.5.4 `Accept-Language`).

mod catalog;
pub mod countries;
mod dates;
mod locale;
mod message;
mod plurals;

pub use catalog::{Arguments, exists, holes, text};
pub use dates::{date, date_and_time};
pub use locale::Locale;
pub use message::plain;
