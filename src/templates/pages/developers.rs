//! Pages for service owners: how to connect, sample code, claims, errors, logout.

use serde::Serialize;

use crate::templates::Page;

/// A member of the discovery document, with its one value or the values of its list.
#[derive(Clone, Debug, Serialize)]
pub struct MetadataMember {
    pub name: String,
    pub values: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SigningKey {
    pub kid: String,
    pub alg: String,
}

/// `/developers`.
#[derive(Clone, Debug, Serialize)]
pub struct Developers {
    pub issuer: String,
    pub discovery: String,
    pub scopes: Vec<String>,
    /// The members that have one value, and those that have lists.
    pub values: Vec<MetadataMember>,
    pub lists: Vec<MetadataMember>,
    /// The keys that are announced now.
    pub keys: Vec<SigningKey>,
}

impl Page for Developers {
    const TEMPLATE: &'static str = "developers";

    fn samples() -> Vec<Self> {
        let member = |name: &str, values: &[&str]| MetadataMember {
            name: name.into(),
            values: values.iter().map(|it| (*it).to_owned()).collect(),
        };
        vec![Self {
            issuer: "https://account.example.org".into(),
            discovery: "https://account.example.org/.well-known/openid-configuration".into(),
            scopes: vec!["openid".into(), "email".into()],
            values: vec![member("token_endpoint", &["https://account.example.org/token"])],
            lists: vec![member("scopes_supported", &["openid", "<email>"])],
            keys: vec![SigningKey {
                kid: "k1".into(),
                alg: "ES256".into(),
            }],
        }]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct SampleCode {
    pub id: &'static str,
    pub name: &'static str,
    pub code: String,
}

/// `/developers/code`.
#[derive(Clone, Debug, Serialize)]
pub struct DeveloperCode {
    pub samples: Vec<SampleCode>,
}

impl Page for DeveloperCode {
    const TEMPLATE: &'static str = "developers_code";

    fn samples() -> Vec<Self> {
        vec![Self {
            samples: vec![SampleCode {
                id: "go",
                name: "Go (go-oidc)",
                code: "if a < b && c {\n}\n".into(),
            }],
        }]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ScopeClaims {
    pub scope: &'static str,
    pub claims: Vec<&'static str>,
}

/// `/developers/claims`.
#[derive(Clone, Debug, Serialize)]
pub struct DeveloperClaims {
    pub scopes: Vec<ScopeClaims>,
    /// An answer of userinfo.
    pub sample: String,
}

impl Page for DeveloperClaims {
    const TEMPLATE: &'static str = "developers_claims";

    fn samples() -> Vec<Self> {
        vec![Self {
            scopes: vec![
                ScopeClaims {
                    scope: "openid",
                    claims: vec!["sub"],
                },
                ScopeClaims {
                    scope: "email",
                    claims: vec!["email", "email_verified"],
                },
            ],
            sample: "{\"sub\": \"a\"}".into(),
        }]
    }
}

/// A code of the protocol, with the status of an answer that is no redirect.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorCode {
    pub code: &'static str,
    pub status: u16,
}

/// `/developers/errors`: `#{code}` leads to a code.
#[derive(Clone, Debug, Serialize)]
pub struct DeveloperErrors {
    pub codes: Vec<ErrorCode>,
}

impl Page for DeveloperErrors {
    const TEMPLATE: &'static str = "developers_errors";

    fn samples() -> Vec<Self> {
        vec![Self {
            codes: vec![ErrorCode {
                code: "invalid_request",
                status: 400,
            }],
        }]
    }
}

/// `/developers/logout`.
#[derive(Clone, Debug, Serialize)]
pub struct DeveloperLogout {
    pub end_session_endpoint: String,
    pub userinfo_endpoint: String,
}

impl Page for DeveloperLogout {
    const TEMPLATE: &'static str = "developers_logout";

    fn samples() -> Vec<Self> {
        vec![Self {
            end_session_endpoint: "https://account.example.org/end-session".into(),
            userinfo_endpoint: "https://account.example.org/userinfo".into(),
        }]
    }
}
