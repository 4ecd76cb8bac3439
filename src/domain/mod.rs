//! The nouns of the service and their rules: pure, without I/O; `now` is an argument.

pub mod aaguid;
pub mod account;
pub mod account_deletion;
pub mod account_search;
pub mod account_view;
pub mod actor;
pub mod affiliation;
pub mod assisted_recovery;
pub mod audit_trail;
pub mod authentication;
pub mod authorization;
pub mod authorization_details;
pub mod backchannel_authentication;
pub mod blocklist;
pub mod disposable_domains;
pub mod browser;
pub mod claim;
pub mod client;
pub mod client_use;
pub mod daily_count;
pub mod data_download;
pub mod device;
pub mod difference;
pub mod document;
pub mod document_difference;
pub mod email_change;
pub mod event;
pub mod global_revocation;
pub mod event_receiver;
pub mod grant_management;
pub mod message;
pub mod newsletter;
pub mod not_me;
pub mod office;
pub mod organization;
pub mod outgoing_mail;
pub mod password;
pub mod polling;
pub mod powers;
pub mod profile;
pub mod public_document;
pub mod reserved_name;
pub mod resource;
pub mod role;
pub mod scim;
pub mod scim_target;
pub mod scope;
pub mod second_factor;
pub mod secret;
pub mod session;
pub mod signal;
pub mod signing_key;
pub mod signup;
pub mod text;
pub mod ties;
pub mod token;
pub mod typed_code;

/// An instant, UTC, in whole microseconds.
pub type Time = chrono::DateTime<chrono::Utc>;

/// Makes a newtype for an identifier, so that an account's is never taken for a client's.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

pub(crate) use id;

id! {
    /// The account's key in our database; services see its `Subject`.
    AccountId,
    /// The `sub`: 128 random bits, never given to a second person (security.md JW-5).
    Subject,
    /// A session's key in our database; never the cookie's value.
    SessionId,
    /// The `sid`, which names the session to services, and outlives a change of the cookie.
    Sid,
    OrganizationId,
    AffiliationId,
    TiesRightId,
    MembershipTypeId,
    ClientId,
    /// Names one authorization: a code and every token that descends from it.
    AuthorizationId,
    /// Names one test login of a client; only the browser that began it has it.
    TestLoginId,
    /// Names one request of a service to a person who is elsewhere (CIBA).
    AuthenticationRequestId,
    /// Names one access token (`jti`).
    TokenId,
    /// Names a family of refresh tokens; only those who hold one of them have it.
    RefreshFamilyId,
    /// Names a stream or a webhook.
    ReceiverId,
}
