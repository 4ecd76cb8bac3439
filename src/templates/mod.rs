//! The look of the service: minijinja over the files of `templates/`, compiled in. One struct per
//! page and per mail says what its template may use; each has samples, which tests render in all
//! six languages. Undefined names are errors, values are escaped for their place (security.md BR-5).

pub mod assets;
mod files;
mod form;
mod frame;
mod mail_styles;
pub mod mails;
pub mod pages;
mod qr;
mod render;
#[cfg(test)]
mod tests;
mod translator;

pub use files::documents;
pub use form::{FormChoice, FormGuard, FormState};
pub use frame::{Flash, Frame, Links, PersonInChrome, Service, Site, Tone, ViewInChrome};
pub use qr::Qr;
pub use render::{Error, MailTemplate, Opens, Page, RenderedMail, Templates};
