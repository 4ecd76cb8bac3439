//! The sea-orm models, private to storage.

pub mod account;
pub mod affiliation;
pub mod client;
pub mod client_secret;
pub mod code_attempt;
pub mod consent;
pub mod email_code;
pub mod event;
pub mod focal_point;
pub mod generation;
pub mod initial_access_token;
pub mod login_throttle;
pub mod membership_type;
pub mod organization;
pub mod organization_word;
pub mod outbox_mail;
pub mod password_reset;
pub mod pending_signup;
pub mod refresh_token;
pub mod registration;
pub mod revocation;
pub mod session;
pub mod signing_key;
pub mod terms_version;
pub mod ties_right;
pub mod ties_right_type;
