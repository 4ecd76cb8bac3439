//! Our own keys: the master key and what derives from it, the signing keys, their files and their rotation (security.md
//! JW-6, JW-7). Doors call `rotation`; rooms sign and seal with the `Keyring` of `App`.
//!
//! The formats of JOSE and the keys of clients are in `jose`.

pub mod copies;
mod error;
mod files;
mod keyring;
mod master;
pub mod rotation;
#[cfg(test)]
pub(crate) mod tests;

pub use error::{Error, RotationError};
pub use keyring::Keyring;
pub use master::Master;
