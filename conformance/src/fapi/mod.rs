//! FAPI 2.0 from the side of two clients: what a flow is made of, each piece of it to be bent by itself, so that
//! a module is a row of a table: what is changed, and where it may end (see `modules/fapi2`).
//!
//! `keys.rs` keys and JWTs · `party.rs` a client with its keys and certificate · `flow.rs` one authorization and
//! what may be changed of it · `calls.rs` one request · `steps.rs` all of them · `expect.rs` where a flow may end

use serde_json::Value;

mod calls;
mod expect;
mod flow;
mod keys;
mod party;
mod steps;

pub use calls::post;
pub(crate) use expect::row;
pub use expect::{Expect, Row, judge};
pub use flow::{Around, Call, Flow, flow};
pub use keys::{Jwt, Key};
pub use party::{Party, endpoint};
pub use steps::{
    End, Granted, PAR, RESOURCE, client_credentials, in_query, is_let_in, keep_out, open, push, reference,
    resource, resource_url, returned, through, token, tokens_of, use_tokens,
};

/// By what a client proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    PrivateKeyJwt,
    Mtls,
}

/// To what its tokens are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    Dpop,
    Mtls,
}

/// What a plan is run for; the names are the suite's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fapi {
    pub name: &'static str,
    pub auth: Auth,
    pub constraint: Constraint,
    /// Else it is plain OAuth.
    pub openid: bool,
    /// Signed requests and responses (Message Signing).
    pub signed: bool,
    /// No person: the client credentials grant.
    pub machine: bool,
    /// Of CIBA: the client is told when to come.
    pub ping: bool,
}

impl Fapi {
    pub fn shows_certificates(&self) -> bool {
        self.auth == Auth::Mtls || self.constraint == Constraint::Mtls
    }

    /// Named by how tokens are delivered.
    pub fn is_ciba(&self) -> bool {
        self.name.ends_with(" poll") || self.name.ends_with(" ping")
    }

    pub fn scheme(&self) -> &'static str {
        match self.constraint {
            Constraint::Dpop => "DPoP",
            Constraint::Mtls => "Bearer",
        }
    }

    /// Whether the metadata names all that it is made of.
    pub fn is_offered_by(&self, metadata: &Value) -> bool {
        let lists = |name: &str, word: &str| {
            let list = metadata[name].as_array().into_iter().flatten();
            list.into_iter().any(|it| it == word)
        };
        let method = |it: &str| lists("token_endpoint_auth_methods_supported", it);
        let proved = match self.auth {
            Auth::PrivateKeyJwt => method("private_key_jwt"),
            Auth::Mtls => method("tls_client_auth") || method("self_signed_tls_client_auth"),
        };
        let bound = match self.constraint {
            Constraint::Dpop => metadata["dpop_signing_alg_values_supported"].is_array(),
            Constraint::Mtls => metadata["tls_client_certificate_bound_access_tokens"] == true,
        };
        if self.is_ciba() {
            let mode = if self.ping { "ping" } else { "poll" };
            return proved && bound && lists("backchannel_token_delivery_modes_supported", mode);
        }
        let pushed = metadata["pushed_authorization_request_endpoint"].is_string();
        let signed = !self.signed || lists("response_modes_supported", "jwt");
        let granted = match self.machine {
            true => lists("grant_types_supported", "client_credentials"),
            false => pushed,
        };
        proved && bound && signed && granted
    }

    pub fn scope(&self) -> &'static str {
        match self.openid {
            true => "openid profile",
            false => "profile",
        }
    }
}

/// What a module is only for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    Dpop,
    Key,
    Mtls,
    Ping,
    Openid,
    Signed,
    /// Somebody who logs in: not for client credentials.
    Person,
}

impl Only {
    pub fn fits(self, fapi: &Fapi) -> bool {
        match self {
            Self::Dpop => fapi.constraint == Constraint::Dpop,
            Self::Key => fapi.auth == Auth::PrivateKeyJwt,
            Self::Mtls => fapi.auth == Auth::Mtls,
            Self::Ping => fapi.ping,
            Self::Openid => fapi.openid,
            Self::Signed => fapi.signed,
            Self::Person => !fapi.machine,
        }
    }
}
