//! The modules of FAPI-CIBA (Implementer's Draft 1), plain profile: a client asks for a person who is elsewhere, by
//! poll or ping. `table.rs` lists them; the steps that they share are in `fapi/ciba.rs`.

mod discovery;
mod flows;
mod ping;
pub mod table;
