//! The settings that administrators decide about a client, under the names of contract.md, "Clients, JSON". No client
//! sets any of them: a client's own document is read as [`Metadata`](super::Metadata), which has none of these members.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::AccessPolicy;
use super::algorithms::SigningAlg;
use super::macros::{members, named_values};

members! {
    /// Settings of a client that administrators decide (security.md DR-2).
    pub struct AdministratorSettings {
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        first_party: bool,
        profile: Profile,
        pkce: Pkce,
        #[serde(skip_serializing_if = "Option::is_none")]
        id_token_claims: Option<IdTokenClaims>,
        access_token_format: AccessTokenFormat,
        #[serde(skip_serializing_if = "AccessPolicy::is_open")]
        access_policy: AccessPolicy,
        /// `true` if it may introspect tokens of other clients (security.md UI-3).
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        introspect_all: bool,
        /// The resources that its access tokens may be for (RFC 8707).
        #[serde(skip_serializing_if = "Vec::is_empty")]
        resources: Vec<String>,
        /// The types of rich authorization requests that it may send (RFC 9396 §10).
        #[serde(skip_serializing_if = "Vec::is_empty")]
        authorization_details_types: Vec<String>,
        /// The resources that it serves itself; it may introspect their tokens (security.md UI-3).
        #[serde(skip_serializing_if = "Vec::is_empty")]
        protected_resources: Vec<String>,
        /// The members that an administrator has changed since the client registered itself; the client no longer
        /// decides about them. Only the product writes it, see `Definition::changed_by_administrator`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        administered: Vec<String>,
    }
}

impl AdministratorSettings {
    /// Returns `true` if an administrator has changed this member.
    pub fn is_administered(&self, member: &str) -> bool {
        self.administered.iter().any(|it| it == member)
    }
}

named_values! {
    #[derive(Default)]
    Profile {
        #[default] Oidc = "oidc",
        Fapi2 = "fapi2",
        Fapi2MessageSigning = "fapi2_message_signing",
        Ciba = "ciba",
    }
}

impl Profile {
    /// Returns `true` for FAPI 2.0, with or without signed messages.
    pub const fn is_fapi(self) -> bool {
        matches!(self, Self::Fapi2 | Self::Fapi2MessageSigning)
    }

    /// Returns those of the signatures that the profile permits.
    pub fn permitted(self, mut algs: Vec<SigningAlg>) -> Vec<SigningAlg> {
        algs.retain(|alg| match self {
            Self::Oidc => true,
            Self::Fapi2 | Self::Fapi2MessageSigning => alg.is_for_fapi(),
            // FAPI-CIBA §7.10
            Self::Ciba => matches!(alg, SigningAlg::PS256 | SigningAlg::ES256),
        });
        algs
    }
}

named_values! {
    /// Optional is for confidential clients only (security.md AZ-5).
    #[derive(Default)]
    Pkce { Required = "required", #[default] Optional = "optional" }
}

named_values! {
    IdTokenClaims { Lean = "lean", Scopes = "scopes" }
}

named_values! {
    #[derive(Default)]
    AccessTokenFormat { #[default] Opaque = "opaque", Jwt = "jwt" }
}
