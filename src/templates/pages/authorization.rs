//! Pages inside an authorization request: consent, refusal by policy, choice of account, and the
//! ways an answer or an error leaves (OpenID Connect Core §3.1.2, Form Post Response Mode).

use serde::Serialize;

use super::samples;
use crate::domain::claim;
use crate::templates::{Page, Service};

/// `/consent`: `decision=allow` or `deny` (security.md AZ-13).
#[derive(Clone, Debug, Serialize)]
pub struct Consent {
    pub service: Service,
    pub email: String,
    /// The scopes, shown by the catalog's words (`scope.<name>`), or by their names if it has none.
    pub scopes: Vec<String>,
    /// Claims that were requested one by one, shown by the catalog's words (`claim.<name>`).
    pub claims: Vec<String>,
    /// The days for which `offline_access` gives access while the person is away.
    pub offline_days: Option<u64>,
    /// The `authorization_details` of the request (RFC 9396).
    pub details: Vec<Detail>,
}

/// One of the details: its type in the person's language, and all that it says, by the names of the request.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    pub label: String,
    pub lines: Vec<(String, String)>,
}

impl Detail {
    pub(super) fn samples() -> Vec<Self> {
        let lines = [
            ("actions", "read, print"),
            (
                "document",
                "ITU-T G.9804.3 (2021) Amd. 2: 50-Gigabit-capable passive optical networks",
            ),
            ("fee.amount", "62.00"),
            ("fee.currency", "CHF"),
            (
                "locations",
                "https://www.itu.int/api/publications/with/a/rather/long/address/indeed",
            ),
        ];
        vec![
            Self {
                label: "Order a document".into(),
                lines: lines.map(|(name, value)| (name.into(), value.into())).to_vec(),
            },
            Self {
                label: "document_reading".into(),
                lines: Vec::new(),
            },
        ]
    }
}

impl Page for Consent {
    const TEMPLATE: &'static str = "consent";

    fn samples() -> Vec<Self> {
        let all =
            "openid profile email offline_access itu_membership itu_professional itu_newsletter books:read";
        vec![
            Self {
                service: samples::service(),
                email: "john.doe@company.com".into(),
                scopes: all.split(' ').map(str::to_owned).collect(),
                claims: Vec::new(),
                offline_days: Some(30),
                details: Vec::new(),
            },
            Self {
                service: samples::plain_service(),
                email: "john.doe@company.com".into(),
                scopes: vec!["openid".into()],
                claims: claim::BY_SCOPE
                    .iter()
                    .flat_map(|it| it.1)
                    .map(|it| (*it).to_owned())
                    .collect(),
                offline_days: None,
                details: Detail::samples(),
            },
        ]
    }
}

/// The requirement of a service's access policy that the person does not meet.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Unmet {
    /// An affiliation is missing. `status` is the claim `affiliation_status`.
    Affiliation {
        status: String,
        organization: Option<String>,
    },
    /// The labels of the types that the policy accepts.
    MembershipType { wanted: Vec<String> },
    /// The labels of the rights that are missing.
    TiesRights { wanted: Vec<String> },
}

/// The page in place of a token, which says why and what to do next. *Back to the service* posts `decision=back` to
/// `/access-refused`.
#[derive(Clone, Debug, Serialize)]
pub struct AccessRefused {
    pub service: Service,
    pub unmet: Vec<Unmet>,
}

impl Page for AccessRefused {
    const TEMPLATE: &'static str = "access_refused";

    fn samples() -> Vec<Self> {
        let organization = || Some("Ministry of Science & ICT".to_owned());
        let statuses = [
            "none",
            "pending",
            "rejected",
            "removed",
            "lapsed",
            "self_declared",
            "approved",
        ];
        let mut all: Vec<_> = statuses
            .into_iter()
            .map(|status| Self {
                service: samples::service(),
                unmet: vec![Unmet::Affiliation {
                    status: status.into(),
                    organization: (status != "none").then(organization).flatten(),
                }],
            })
            .collect();
        all.push(Self {
            service: samples::plain_service(),
            unmet: vec![
                Unmet::MembershipType {
                    wanted: vec!["Member State".into(), "Academia".into()],
                },
                Unmet::TiesRights {
                    wanted: vec!["Documents".into()],
                },
            ],
        });
        all
    }
}

/// `/select-account`: `decision=continue` or `decision=other`.
#[derive(Clone, Debug, Serialize)]
pub struct SelectAccount {
    pub service: Service,
    pub name: String,
    pub email: String,
}

impl Page for SelectAccount {
    const TEMPLATE: &'static str = "select_account";

    fn samples() -> Vec<Self> {
        vec![Self {
            service: samples::service(),
            name: "John Doe".into(),
            email: "john.doe@company.com".into(),
        }]
    }
}

/// An error that must not be redirected (security.md AZ-1), or an interaction that is over. The code is on the page in
/// ASCII whatever the language, for the person who reports it.
#[derive(Clone, Debug, Serialize)]
pub struct AuthorizationError {
    pub error: String,
    /// The protocol's description, in English. It is safe to show.
    pub description: Option<String>,
    pub service: Option<Service>,
    pub request_id: String,
}

impl Page for AuthorizationError {
    const TEMPLATE: &'static str = "authorization_error";

    fn samples() -> Vec<Self> {
        vec![
            Self {
                error: "invalid_request".into(),
                description: Some("redirect_uri is not registered for this client".into()),
                service: None,
                request_id: "01J9ZK".into(),
            },
            Self {
                error: "interaction_expired".into(),
                description: None,
                service: Some(samples::service()),
                request_id: "01J9ZK".into(),
            },
        ]
    }
}

/// The page in place of a redirect to a service that registered itself and that the person has not allowed: what was
/// refused, and the way back (security.md AZ-13).
#[derive(Clone, Debug, Serialize)]
pub struct WayBack {
    pub service: Service,
    pub host: String,
    pub error: String,
    /// The protocol's description, in English. It is safe to show.
    pub description: String,
    /// The address of the answer, or `None` if it goes by `form`.
    pub address: Option<String>,
    pub form: FormPost,
    pub request_id: String,
}

impl Page for WayBack {
    const TEMPLATE: &'static str = "way_back";

    fn samples() -> Vec<Self> {
        let form = FormPost {
            action: "https://tracker.example.org/cb?a=1&b=\"2\"".into(),
            parameters: vec![("error".into(), "invalid_scope".into())],
        };
        let address = "https://tracker.example.org/cb#error=invalid_scope".to_owned();
        let of = |address| Self {
            service: samples::plain_service(),
            host: "tracker.example.org".into(),
            error: "invalid_scope".into(),
            description: "no scope remains that this client may have".into(),
            address,
            form: form.clone(),
            request_id: "01J9ZK".into(),
        };
        vec![of(Some(address)), of(None)]
    }
}

/// The answer as a form that sends itself, or by its button (security.md AZ-12).
#[derive(Clone, Debug, Serialize)]
pub struct FormPost {
    pub action: String,
    pub parameters: Vec<(String, String)>,
}

impl Page for FormPost {
    const TEMPLATE: &'static str = "form_post";

    fn samples() -> Vec<Self> {
        vec![Self {
            action: "https://events.example.org/callback?a=1&b=\"2\"".into(),
            parameters: vec![
                ("code".into(), "ac_0123".into()),
                ("state".into(), "\"><script>alert(1)</script>".into()),
                ("iss".into(), "https://account.example.org".into()),
            ],
        }]
    }
}

/// The page for a request of a service that is over: answered, or too old. `service` has the way back to it; `email` is
/// that of the account that is logged in.
#[derive(Clone, Debug, Serialize)]
pub struct RequestOver {
    pub service: Option<Service>,
    pub email: Option<String>,
}

impl Page for RequestOver {
    const TEMPLATE: &'static str = "request_over";

    fn samples() -> Vec<Self> {
        let services = [Some(samples::service()), Some(samples::plain_service()), None];
        let people = [Some("a.very.long.address@ministry.example.org".to_owned()), None];
        let all = services.iter().flat_map(|service| {
            people.iter().map(|email| Self {
                service: service.clone(),
                email: email.clone(),
            })
        });
        all.collect()
    }
}
