//! `/admin/clients`: the registered services and their weaknesses.

use serde::Serialize;

use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct ClientRow {
    pub id: String,
    pub name: String,
    pub enabled: bool,
    pub self_registered: bool,
    /// The findings of its report that are against the best current practice.
    pub weaknesses: u64,
}

impl ClientRow {
    fn sample(name: &str, weaknesses: u64) -> Self {
        Self {
            id: "events".into(),
            name: name.into(),
            enabled: weaknesses < 2,
            self_registered: weaknesses > 1,
            weaknesses,
        }
    }
}

/// `/admin/clients?q=&page=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClients {
    pub form: FormState,
    pub rows: Vec<ClientRow>,
    pub paging: Paging,
    /// Refused requests that name no service.
    pub unknown: Vec<ClientRefusal>,
}

/// A refused request, with what its owner and an administrator compare.
#[derive(Clone, Debug, Serialize)]
pub struct ClientRefusal {
    pub at: Time,
    /// The time of day, in UTC.
    pub time: String,
    pub reason: String,
    pub parameter: Option<String>,
    pub received: String,
    pub registered: Vec<String>,
    pub request_id: String,
}

impl ClientRefusal {
    fn samples() -> Vec<Self> {
        let refusal = Self {
            at: samples::at(),
            time: "14:05 UTC".into(),
            reason: "redirect_uri is not registered for this client".into(),
            parameter: Some("redirect_uri".into()),
            received: "https://events.example.org/callback/<&>".into(),
            registered: vec!["https://events.example.org/callback".into()],
            request_id: "0196f2b0-5f3e-7c3a-9c55-0123456789ab".into(),
        };
        let bare = Self {
            reason: "a wrong secret".into(),
            parameter: None,
            received: String::new(),
            registered: vec![],
            ..refusal.clone()
        };
        vec![refusal, bare]
    }
}

impl Page for AdminClients {
    const TEMPLATE: &'static str = "admin_clients";

    fn samples() -> Vec<Self> {
        let page = |rows: Vec<ClientRow>, total| Self {
            form: FormState::new([("q", "e")]),
            rows,
            paging: Paging::new(1, 25, total, "/admin/clients", &[("q", "e")]),
            unknown: if total > 0 {
                ClientRefusal::samples()
            } else {
                vec![]
            },
        };
        let rows = vec![
            ClientRow::sample("ITU Events <&>", 0),
            ClientRow::sample("Bookshop", 1),
            ClientRow::sample("Mailing lists", 2),
        ];
        vec![page(vec![], 0), page(rows, 60)]
    }
}

/// A finding of the report. Its texts are `client_report.<topic>.what` and `.mend`.
#[derive(Clone, Debug, Serialize)]
pub struct ClientFinding {
    pub topic: &'static str,
    pub weak: bool,
    /// `true` if it is usual for a service of this kind.
    pub ordinary: bool,
    /// The section of the standard.
    pub source: &'static str,
    pub value: String,
}

/// `/admin/clients/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClient {
    pub row: ClientRow,
    pub profile: String,
    /// The method, or `None` for basic and post alike.
    pub auth_method: Option<String>,
    pub grant_types: Vec<String>,
    pub redirect_uris: Vec<String>,
    pub scope: String,
    pub updated_at: Time,
    pub findings: Vec<ClientFinding>,
    pub refusals: Vec<ClientRefusal>,
}

impl Page for AdminClient {
    const TEMPLATE: &'static str = "admin_client";

    fn samples() -> Vec<Self> {
        let page = Self {
            row: ClientRow::sample("ITU Events <&>", 2),
            profile: "oidc".into(),
            auth_method: None,
            grant_types: vec!["authorization_code".into(), "refresh_token".into()],
            redirect_uris: vec![format!("https://events.example.org/{}", "long/".repeat(20))],
            scope: "openid profile email itu_membership".into(),
            updated_at: samples::at(),
            refusals: ClientRefusal::samples(),
            findings: vec![
                ClientFinding {
                    topic: "front_channel_tokens",
                    weak: true,
                    ordinary: false,
                    source: "RFC 9700 §2.1.2",
                    value: "code id_token".into(),
                },
                ClientFinding {
                    topic: "bearer_tokens",
                    weak: false,
                    ordinary: true,
                    source: "RFC 9700 §2.2.1",
                    value: String::new(),
                },
            ],
        };
        vec![
            page.clone(),
            Self {
                row: ClientRow::sample("Bookshop", 0),
                auth_method: Some("private_key_jwt".into()),
                redirect_uris: vec![],
                findings: vec![],
                refusals: vec![],
                ..page
            },
        ]
    }
}
