//! `/admin/clients`: the registered services and their weaknesses.

use serde::{Deserialize, Serialize};

use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormChoice, FormState, Page};

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
    /// `true` if an owner looks: the rows are their own.
    pub is_owner: bool,
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
            is_owner: false,
        };
        let rows = vec![
            ClientRow::sample("ITU Events <&>", 0),
            ClientRow::sample("Bookshop", 1),
            ClientRow::sample("Mailing lists", 2),
        ];
        let of_owner = Self {
            is_owner: true,
            unknown: vec![],
            ..page(rows.clone(), 3)
        };
        vec![page(vec![], 0), page(rows, 60), of_owner]
    }
}

/// A finding of the report. Its texts are `client_report.<topic>.what` and `.mend`.
#[derive(Clone, Debug, Serialize)]
pub struct ClientFinding {
    pub topic: &'static str,
    pub weak: bool,
    /// `true` if it is usual for a service of this kind.
    pub ordinary: bool,
    /// `true` if a change of the registration alone ends it, and whoever looks may make it.
    pub has_mend: bool,
    /// The section of the standard.
    pub source: &'static str,
    pub value: String,
}

/// A secret that can be read this once (security.md AD-2), and the key of the text that says why it was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewSecret {
    pub secret: String,
    pub done: String,
}

/// `/admin/clients/{id}/secret`, for the account that made the secret.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClientSecret {
    pub id: String,
    pub name: String,
    pub settings: ClientSettings,
    pub new_secret: NewSecret,
}

impl Page for AdminClientSecret {
    const TEMPLATE: &'static str = "admin_client_secret";
    const HAS_LASTING_SECRET: bool = true;

    fn samples() -> Vec<Self> {
        let new_secret = NewSecret {
            secret: "Xo2pV9l-3mQ8_rT5yB7nC1wE4uK6iA0sD-zGfHjLqPM".into(),
            done: "flash.client_created".into(),
        };
        vec![Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            settings: ClientSettings {
                placeholder: None,
                ..ClientSettings::of_file()
            },
            new_secret,
        }]
    }
}

/// `/admin/clients/new`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClientNew {
    pub form: FormState,
    pub kinds: Vec<&'static str>,
    /// Common software, each with an address as it is to be given.
    pub software: Vec<FormChoice>,
}

impl AdminClientNew {
    /// The fields of the form, in their order.
    pub const FIELDS: [&str; 8] = [
        "kind",
        "software",
        "client_name",
        "client_uri",
        "redirect_uris",
        "scope",
        "client_id",
        "first_party",
    ];
}

impl Page for AdminClientNew {
    const TEMPLATE: &'static str = "admin_client_new";

    fn samples() -> Vec<Self> {
        let page = |form| Self {
            form,
            kinds: vec!["web", "single_page", "native", "machine", "device"],
            software: vec![FormChoice::new("indico", "Indico: https://indico.example.org")],
        };
        let wrong = FormState::new([
            ("kind", "machine"),
            ("redirect_uris", "https://<&>\nb"),
            ("offline", "on"),
        ])
        .error("kind", "error.choose")
        .error("redirect_uris", "error.invalid")
        .error("client_id", "admin.client.exists");
        vec![page(FormState::default()), page(wrong)]
    }
}

/// What is configured at the service, to be copied.
#[derive(Clone, Debug, Serialize)]
pub struct ClientSettings {
    /// The software that they are for; empty for any other.
    pub software: &'static str,
    pub options: Vec<FormChoice>,
    /// The file or page of the software, in its own words; empty for any other.
    pub place: &'static str,
    pub fields: Vec<(&'static str, String)>,
    pub file: Option<String>,
    /// The word that stands for the secret, which cannot be read any more.
    pub placeholder: Option<&'static str>,
}

impl ClientSettings {
    fn of_file() -> Self {
        Self {
            software: "indico",
            options: vec![
                FormChoice::new("indico", "Indico"),
                FormChoice::new("moodle", "Moodle"),
            ],
            place: "indico.conf",
            fields: vec![],
            file: Some("AUTH_PROVIDERS = {\n    \"itu\": {\"client_id\": \"<&>\"},\n}".into()),
            placeholder: Some("YOUR_SECRET_HERE"),
        }
    }

    fn of_fields() -> Self {
        Self {
            software: "",
            place: "",
            fields: vec![
                ("client_id", "events".into()),
                ("issuer", "https://id.example.org".into()),
            ],
            file: None,
            placeholder: None,
            ..Self::of_file()
        }
    }
}

/// A secret that works; its value is nowhere.
#[derive(Clone, Debug, Serialize)]
pub struct ClientSecretRow {
    pub created_at: Time,
    /// The end of a secret that was replaced.
    pub expires_at: Option<Time>,
    pub days_left: Option<u64>,
}

impl ClientSecretRow {
    fn samples() -> Vec<Self> {
        let new = Self {
            created_at: samples::at(),
            expires_at: None,
            days_left: None,
        };
        let old = Self {
            expires_at: Some(samples::at()),
            days_left: Some(3),
            ..new.clone()
        };
        vec![new, old]
    }
}

/// The use of a service in the last 30 days.
#[derive(Clone, Debug, Serialize)]
pub struct ClientUse {
    pub last_login_at: Option<Time>,
    pub logins: u64,
    pub days: Vec<DayOfUse>,
    /// The kind of what was refused, and how often. Their texts are `admin.usage.refused.<kind>`.
    pub refused: Vec<(&'static str, u64)>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DayOfUse {
    /// The day in UTC, as ISO 8601 writes it.
    pub day: String,
    pub logins: u64,
    /// The height of its bar, 0 to 100.
    pub height: u64,
}

impl ClientUse {
    fn sample(logins: u64) -> Self {
        let day = |number: u64| DayOfUse {
            day: format!("2026-11-{number:02}"),
            logins: logins * number,
            height: if logins == 0 { 0 } else { number * 3 },
        };
        let kinds = ["redirect_uri", "request", "authentication", "token"];
        Self {
            last_login_at: (logins > 0).then(samples::at),
            logins: logins * 465,
            days: (1..=30).map(day).collect(),
            refused: kinds.map(|it| (it, logins)).to_vec(),
        }
    }
}

/// `/admin/clients/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClient {
    pub row: ClientRow,
    /// `true` if an owner looks, who does not everything with it.
    pub is_owner: bool,
    pub profile: String,
    /// The method, or `None` for basic and post alike.
    pub auth_method: Option<String>,
    pub grant_types: Vec<String>,
    pub redirect_uris: Vec<String>,
    pub scope: String,
    pub updated_at: Time,
    pub settings: ClientSettings,
    /// `true` if it authenticates by a secret.
    pub uses_secret: bool,
    pub secrets: Vec<ClientSecretRow>,
    pub usage: ClientUse,
    pub people: u64,
    pub sessions: u64,
    pub refresh_tokens: u64,
    pub findings: Vec<ClientFinding>,
    pub refusals: Vec<ClientRefusal>,
}

impl Page for AdminClient {
    const TEMPLATE: &'static str = "admin_client";

    fn samples() -> Vec<Self> {
        let page = Self {
            row: ClientRow::sample("ITU Events <&>", 2),
            is_owner: false,
            profile: "oidc".into(),
            auth_method: None,
            grant_types: vec!["authorization_code".into(), "refresh_token".into()],
            redirect_uris: vec![format!("https://events.example.org/{}", "long/".repeat(20))],
            scope: "openid profile email itu_membership".into(),
            updated_at: samples::at(),
            settings: ClientSettings::of_file(),
            uses_secret: true,
            secrets: ClientSecretRow::samples(),
            usage: ClientUse::sample(3),
            people: 2,
            sessions: 1,
            refresh_tokens: 11,
            refusals: ClientRefusal::samples(),
            findings: vec![
                ClientFinding {
                    topic: "front_channel_tokens",
                    weak: true,
                    ordinary: false,
                    has_mend: true,
                    source: "RFC 9700 §2.1.2",
                    value: "code id_token".into(),
                },
                ClientFinding {
                    topic: "bearer_tokens",
                    weak: false,
                    ordinary: true,
                    has_mend: false,
                    source: "RFC 9700 §2.2.1",
                    value: String::new(),
                },
            ],
        };
        vec![
            page.clone(),
            Self {
                row: ClientRow::sample("Bookshop", 0),
                is_owner: true,
                auth_method: Some("private_key_jwt".into()),
                uses_secret: false,
                secrets: vec![],
                usage: ClientUse::sample(0),
                settings: ClientSettings::of_fields(),
                redirect_uris: vec![],
                findings: vec![],
                refusals: vec![],
                ..page
            },
        ]
    }
}
