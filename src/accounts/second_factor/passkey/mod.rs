//! Passkeys: `registration` makes, names and removes them, `assertion` verifies them at a login. Both ask devices, and
//! keep what they asked by `challenge`.

pub mod assertion;
mod challenge;
pub mod registration;
