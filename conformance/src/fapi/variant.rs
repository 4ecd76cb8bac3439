//! The variants of FAPI: how a client authenticates, to what its tokens are bound, whether messages are signed. Plain
//! values that plans list; what a flow does with them is in the files beside this one.

use serde_json::Value;

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
pub struct FapiVariant {
    pub name: &'static str,
    pub auth: Auth,
    pub constraint: Constraint,
    /// Else it is plain OAuth.
    pub openid: bool,
    /// Signed requests and responses (Message Signing).
    pub signed: bool,
    /// No person: the client credentials grant.
    pub client_credentials: bool,
    /// Of CIBA: the client is told when to come.
    pub ping: bool,
}

impl FapiVariant {
    pub fn presents_certificates(&self) -> bool {
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
        let granted = if self.client_credentials {
            lists("grant_types_supported", "client_credentials")
        } else {
            pushed
        };
        proved && bound && signed && granted
    }

    pub fn scope(&self) -> &'static str {
        if self.openid { "openid profile" } else { "profile" }
    }
}

/// What a module is only for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restriction {
    Dpop,
    PrivateKeyJwt,
    Mtls,
    Ping,
    Openid,
    Signed,
    /// Somebody who logs in: not for client credentials.
    User,
}

impl Restriction {
    pub fn fits(self, fapi: &FapiVariant) -> bool {
        match self {
            Self::Dpop => fapi.constraint == Constraint::Dpop,
            Self::PrivateKeyJwt => fapi.auth == Auth::PrivateKeyJwt,
            Self::Mtls => fapi.auth == Auth::Mtls,
            Self::Ping => fapi.ping,
            Self::Openid => fapi.openid,
            Self::Signed => fapi.signed,
            Self::User => !fapi.client_credentials,
        }
    }
}
