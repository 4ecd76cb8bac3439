//! Tests through the front door. A folder or file has the word of its specification; `journeys` are what people do from
//! page to page, `browser` the same in a real Chromium. `accounts`, `affiliations`, `authorization` and the files that
//! use `support::protocol` call a room itself. `house`, `readme` and `requirements` guard the tree. `support` has
//! `TestOp` and the actors.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets an absent value has failed, and so have its helpers"
)]

mod abuse_input;
mod access_token;
mod account_deletion;
mod accounts;
mod affiliations;
mod api;
mod audiences;
mod audit_trail;
mod authorization;
mod authorization_code;
mod authorization_request;
mod backup;
mod bot_defence;
mod browser;
mod check;
mod ciba;
mod circles;
mod client_authentication;
mod client_pages;
mod client_report;
mod crash_recovery;
mod deployment;
mod developers;
mod device_authorization;
mod dpop;
mod encryption;
mod fapi;
mod fetching;
mod foreign_hashes;
mod forwarding;
mod front_door;
mod fuzzing;
mod global_revocation;
mod grant_management;
mod house;
mod introspection;
mod jobs;
mod journeys;
mod jwks_uri;
mod leaving;
mod listener;
mod logout;
mod metrics;
mod mtls;
mod otlp;
mod outgoing_mails;
mod newsletter_subscribers;
mod overview;
mod packaging;
mod page_weight;
mod parameters_once;
mod personal_data;
mod pkce;
mod privacy_notice;
mod programs;
mod public_documents;
mod readme;
mod redis_servers;
mod refresh_token;
mod refusal_log;
mod registration;
mod requirements;
mod resource_indicators;
mod revocation;
mod rich_authorization_requests;
mod scim;
mod scim_push;
mod self_registered;
mod shared_signals;
mod signing_keys;
mod starting;
mod store_away;
mod support;
mod terms_console;
mod terms_published;
mod token_exchange;
mod typed_names;
mod viewing;
