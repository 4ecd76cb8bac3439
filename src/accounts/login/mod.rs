//! Login: with a password (`password`), with a second factor after it (`second_step`), or with a passkey in place of both
//! (`passkey`). Each verifies, then calls `completion`.

mod completion;
mod new_browser;
pub mod passkey;
mod password;
pub mod second_step;

pub use completion::{Browser, LoggedIn};
pub use password::{LoginForm, Second, attempt};
