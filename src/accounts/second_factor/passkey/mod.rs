//! Passkeys: `registration` makes, names and removes them, `assertion` verifies them at a login, `offer` decides to whom a
//! login offers one. The first two ask devices, and keep what they asked by `challenge`.

pub mod assertion;
mod challenge;
pub mod offer;
pub mod registration;
