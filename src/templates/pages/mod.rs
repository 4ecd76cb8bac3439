//! One struct per page: all that its template may use. Families as the doors have them; fields
//! and paths as contract.md names them.

mod account;
mod account_data;
mod account_email;
mod account_history;
mod account_requests;
mod admin;
mod admin_clients;
mod authorization;
mod confirm;
mod device;
mod errors;
mod focal_point;
mod login;
mod not_me;
mod outbox;
mod paging;
mod public;
mod recovery;
mod samples;
mod second_factor;
mod signup;
mod verify_email;

pub use account::*;
pub use account_data::*;
pub use account_email::*;
pub use account_history::*;
pub use account_requests::*;
pub use admin::*;
pub use admin_clients::*;
pub use authorization::*;
pub use confirm::Confirm;
pub use device::*;
pub use errors::*;
pub use focal_point::*;
pub use login::*;
pub use not_me::*;
pub use outbox::*;
pub use paging::Paging;
pub use public::*;
pub use recovery::*;
pub use second_factor::*;
pub use signup::*;
pub use verify_email::VerifyEmail;
