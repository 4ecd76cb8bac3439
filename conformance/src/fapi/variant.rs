//! The variants of FAPI: how a client authenticates, to what its tokens are bound, whether messages are signed. They
//! are plain values; the files beside this one say what a flow does with them.

use serde_json::Value;

/// The client authentication method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    PrivateKeyJwt,
    Mtls,
}

/// The sender constraint of access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    Dpop,
    Mtls,
}

/// A variant of a plan of FAPI, under the suite's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FapiVariant {
    pub name: &'static str,
    pub auth: Auth,
    pub constraint: Constraint,
    /// `false` is plain OAuth.
    pub openid: bool,
    /// Requests and responses are signed (Message Signing).
    pub signed: bool,
    /// Has no person who logs in: the client credentials grant.
    pub client_credentials: bool,
    /// CIBA: the provider notifies the client when the tokens are ready.
    pub ping: bool,
}

impl FapiVariant {
    pub fn presents_certificates(&self) -> bool {
        self.auth == Auth::Mtls || self.constraint == Constraint::Mtls
    }

    /// Returns `true` for the variants that are named by how tokens are delivered.
    pub fn is_ciba(&self) -> bool {
        self.name.ends_with(" poll") || self.name.ends_with(" ping")
    }

    pub fn scheme(&self) -> &'static str {
        match self.constraint {
            Constraint::Dpop => "DPoP",
            Constraint::Mtls => "Bearer",
        }
    }

    /// Returns `true` if the metadata names all that the variant is made of.
    pub fn is_offered_by(&self, metadata: &Value) -> bool {
        let lists = |name: &str, word: &str| {
            let list = metadata[name].as_array().into_iter().flatten();
            list.into_iter().any(|it| it == word)
        };
        let method = |it: &str| lists("token_endpoint_auth_methods_supported", it);
        let authenticates = match self.auth {
            Auth::PrivateKeyJwt => method("private_key_jwt"),
            Auth::Mtls => method("tls_client_auth") || method("self_signed_tls_client_auth"),
        };
        let bound = match self.constraint {
            Constraint::Dpop => metadata["dpop_signing_alg_values_supported"].is_array(),
            Constraint::Mtls => metadata["tls_client_certificate_bound_access_tokens"] == true,
        };
        if self.is_ciba() {
            let mode = if self.ping { "ping" } else { "poll" };
            return authenticates && bound && lists("backchannel_token_delivery_modes_supported", mode);
        }
        let pushed = metadata["pushed_authorization_request_endpoint"].is_string();
        let signed = !self.signed || lists("response_modes_supported", "jwt");
        let granted = if self.client_credentials {
            lists("grant_types_supported", "client_credentials")
        } else {
            pushed
        };
        authenticates && bound && signed && granted
    }

    pub fn scope(&self) -> &'static str {
        if self.openid { "openid profile" } else { "profile" }
    }
}

/// Restricts a module to some variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restriction {
    Dpop,
    PrivateKeyJwt,
    Mtls,
    Ping,
    Openid,
    Signed,
    /// Somebody logs in: not for client credentials.
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
