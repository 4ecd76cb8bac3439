//! The handlers of pages: one file for each family. `http::router` gives each its address and audience.
//!
//! **How a page is written.** Its look is a struct in `crate::templates::pages` and a template of the
//! same name. Its handlers take what they may rely on and answer with the page:
//!
//! ```ignore
//! async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
//!     let form = ctx.form_or(as_it_is(person.account())); // what was typed, after a POST that was refused
//!     ctx.page(&pages::Profile { form }).await
//! }
//!
//! #[derive(Default, Deserialize)]
//! #[serde(default, deny_unknown_fields)] // a String for each field, no field but these
//! struct Fields { first_name: String, last_name: String }
//!
//! async fn save(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
//!     let PageForm { ctx, fields, typed } = form;
//!     match accounts::profile::change(&ctx.app, &ctx.actor_context(), person.account(), (&fields).into()).await {
//!         Ok(_) => ctx.done(paths::ACCOUNT_PROFILE, "saved").await, // 303; shows the text `flash.saved`
//!         Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, &wrong)).await, // 303 to `show`
//!         Err(other) => Err(other.into()), // becomes a page in `errors`
//!     }
//! }
//! ```
//!
//! - `PageForm` has checked the form's token, its origin, its encoding and its field names; it comes last
//!   among the arguments. Every POST is answered by a redirect (`http::outcome`): a form that is wrong is shown
//!   again by the GET, with 422 and what was typed.
//! - The audience in the route is checked before the handler runs. Which organization, which request a
//!   person may touch is asked of the room, whose *not found* becomes `PageError::NotFound`.
//! - A handler decides nothing: it calls one room function and shows the outcome.
//! - `ctx.in_flow()` before answering, on pages inside a service's request (see `flow`).

pub mod account;
pub mod admin;
mod affiliation_filters;
mod affiliation_refusal;
pub mod affiliation_requests;
mod affiliation_rows;
pub mod authorization;
mod authorization_response;
pub mod deletion_stop;
mod developer_samples;
pub mod developers;
pub mod device;
pub mod documents;
pub mod email_undo;
pub mod errors;
pub mod flow;
pub mod focal_point;
mod form_guard;
pub mod keep_account;
pub mod login;
mod login_outcome;
pub mod logout;
mod mail_link;
pub mod mail_part;
pub mod newsletter;
pub mod not_me;
mod one_click;
mod onward;
mod organization_lists;
pub mod organizations;
mod paging;
pub mod passkey;
pub mod passkey_offer;
pub mod public;
pub mod recovery;
pub mod recovery_stop;
mod render;
mod repeated_answer;
mod resumption;
pub mod second_factor;
mod service;
pub mod signup;
mod test_login_answer;
pub mod verify_email;
pub mod weekly_digest;
pub mod viewing;

use std::fmt::Display;

use crate::domain::message::Message;
pub use crate::http::error::PageError;
pub use crate::http::extract::{ListQuery, PageContext, PageForm, SignedIn, Tick};
use crate::templates::FormState;

/// Returns the form as it was typed, with what is wrong in it.
pub fn refused<F: Display, M: Into<Message>>(
    typed: FormState,
    wrong: impl IntoIterator<Item = (F, M)>,
) -> FormState {
    let mut form = typed;
    for (field, message) in wrong {
        form.add_error(&field.to_string(), message);
    }
    form
}
