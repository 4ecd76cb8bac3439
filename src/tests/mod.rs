//! Tests through the front door, grouped by specification and by journey.

mod accounts;
mod affiliations;
mod authorization;
mod browser;
mod client_report;
mod encrypted;
mod device_authorization;
mod fapi;
mod fetching;
mod front_door;
mod fuzzing;
mod hostile_input;
mod house;
mod listener;
mod logging_out;
mod joining_an_organization;
mod mutual_tls;
mod sender_constrained;
mod signing_in;
mod signing_up;
mod reading;
mod readme;
mod registration;
pub mod support;
mod surviving;
mod requests;
mod tokens;
