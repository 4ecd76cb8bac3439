//! Checks that modules share. Each looks at one thing and writes what it finds into the report. They are pure functions
//! of what was received, so that their tests can feed them tampered input.

pub mod common;
pub mod discovery;
pub mod id_token;
pub mod jarm;
pub mod jwks;
pub mod logout_token;
pub mod response;
pub mod token;
pub mod userinfo;
