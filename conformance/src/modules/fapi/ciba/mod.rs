//! FAPI-CIBA (Implementer's Draft 1), its plain profile: a client asks for a person who is elsewhere, by poll or ping.

mod discovery;
mod flows;
mod ping;
pub mod table;
