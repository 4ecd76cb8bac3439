//! The front door: takes requests, calls the rooms, answers. No rule of the product is here.
//!
//! `router` lists every URL with its audience (security.md G-4), `layers` holds what is true of every
//! answer (sections 9 and 11), `extract` what a handler may rely on, `error` how a refusal travels.

pub mod api;
pub mod assets;
mod check_session;
mod client_certificates;
mod compression;
mod cookies;
pub mod cors;
mod csrf;
mod dpop;
pub mod error;
pub mod extract;
mod grants;
pub mod health;
mod interaction_id;
mod language;
pub mod layers;
pub mod network;
pub mod outcome;
mod page_headers;
pub mod pages;
pub mod problem;
pub mod protocol;
mod public_document;
mod registration;
mod return_path;
pub mod router;
pub mod routes;
mod scim;
mod security_policy;
pub mod server;
mod shared_signals;
mod submission;
mod unread_body;
pub mod viewing;
