//! Short-lived single-use state: in this process, or in Redis when there are several nodes
//! (security.md ST-1). Everything expires, and `take` gives a value to one caller only (G-8).

mod error;
mod kind;
mod memory;
mod redis;
mod servers;
mod store;
#[cfg(test)]
mod tests;
mod window;

pub use error::EphemeralError;
pub use kind::Kind;
pub use memory::Memory;
pub use redis::Redis;
pub use store::Ephemeral;
