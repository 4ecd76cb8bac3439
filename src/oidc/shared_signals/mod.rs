//! Shared Signals: what services hear of people between two logins. A client with the scope `ssf.manage` has a stream
//! (OpenID Shared Signals Framework 1.0), which is pushed (RFC 8935) or polled (RFC 8936); administrators give a client
//! webhooks (Standard Webhooks), and targets of SCIM (RFC 7644), whose users are made what people are. What is to be told was written in the transaction of its cause (`signals`); here it is
//! put into words for one receiver, signed, and sent.

mod delivery;
mod error;
mod message;
pub mod metadata;
mod poll;
mod receivers;
mod scim_targets;
mod status;
mod streams;
mod subjects;
mod verification;
mod webhook;

pub use delivery::{DEAD_KEPT, TRIED, begin_round, sweep};
pub use error::{ReceiverError, StreamError};
pub use poll::poll;
pub use receivers::{
    DeadLetters, IssuedWebhook, NewWebhook, Overview, PAGE, add_webhook, dead_letters, delete, discard, list,
    list_of_client, replay, rotate_secret, set_status, show, test,
};
pub use scim_targets::{NewScimTarget, add_scim_target, set_token};
pub use status::{change as change_status, read as read_status};
pub use streams::{create, delete as delete_stream, read as read_streams, replace, update};
pub use subjects::{add as add_subject, remove as remove_subject};
pub use verification::request as request_verification;

/// The purposes for which keys are derived (security.md G-7).
const AUTHORIZATION: &str = "event receiver authorization";
const SECRET: &str = "webhook secret";

/// The time between two verifications of a stream.
const VERIFICATION_INTERVAL: chrono::Duration = chrono::Duration::seconds(10);

/// The longest reason and description.
const LONGEST_TEXT: usize = 1000;
