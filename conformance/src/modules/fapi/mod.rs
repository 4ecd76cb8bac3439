//! FAPI 2.0 Security Profile Final, Message Signing Final, and FAPI-CIBA (Implementer's Draft 1). `security_profile.rs`
//! has the table of the first two, `ciba/table.rs` that of the third. Most modules are a row of a table: one change of
//! a sound flow and where that may end. The others are in the files beside it.

pub mod ciba;
mod discovery;
mod error_codes;
mod happy;
mod proofs;
mod refresh;
mod repeated;
pub mod security_profile;
mod transport;
pub mod variants;
