//! The pages below `/admin/clients/{id}` that change a client: its form, and the page before an act.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

/// `/admin/clients/{id}/edit`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClientEdit {
    pub id: String,
    pub name: String,
    pub self_registered: bool,
    /// `true` if an owner looks, who changes a part of it.
    pub is_owner: bool,
    /// The version of the client that is shown; the form brings it back.
    pub seen: String,
    pub form: FormState,
    pub sections: Vec<ClientSection>,
}

/// A part of the form that can be folded. Its title is `admin.client_edit.section.<name>`.
#[derive(Clone, Debug, Serialize)]
pub struct ClientSection {
    pub name: &'static str,
    pub is_open: bool,
    pub fields: Vec<ClientField>,
}

/// A field of the form. Its help is `admin.member.<name>`.
#[derive(Clone, Debug, Serialize)]
pub struct ClientField {
    pub name: &'static str,
    /// The names of its members in the standards.
    pub members: Vec<String>,
    /// `text`, `lines`, `json`, `number`, `flag`, `choice`, `always` or `boxes`.
    pub input: &'static str,
    pub options: Vec<String>,
    /// The values of a field with boxes.
    pub ticked: Vec<String>,
    /// `true` if it is shown and cannot be changed.
    pub is_fixed: bool,
    /// The lines that are stored now, if they differ from what was typed before somebody else stored them.
    pub stored: Option<Vec<String>>,
}

impl ClientField {
    fn sample(name: &'static str, input: &'static str) -> Self {
        Self {
            name,
            members: vec![name.into()],
            input,
            options: vec![],
            ticked: vec![],
            is_fixed: false,
            stored: None,
        }
    }
}

impl Page for AdminClientEdit {
    const TEMPLATE: &'static str = "admin_client_edit";

    fn samples() -> Vec<Self> {
        let chosen = |name, input| ClientField {
            options: vec!["authorization_code".into(), "refresh_token".into()],
            ticked: vec!["refresh_token".into()],
            ..ClientField::sample(name, input)
        };
        let fields = vec![
            ClientField::sample("client_name", "text"),
            ClientField::sample("redirect_uris", "lines"),
            chosen("grant_types", "boxes"),
            ClientField::sample("default_max_age", "number"),
            ClientField::sample("jwks", "json"),
            ClientField::sample("first_party", "flag"),
            chosen("application_type", "always"),
            ClientField {
                members: vec![
                    "id_token_encrypted_response_alg".into(),
                    "id_token_encrypted_response_enc".into(),
                ],
                ..chosen("id_token_encrypted_response_alg", "choice")
            },
            chosen("tls_client_auth", "choice"),
            ClientField::sample("tls_client_auth_value", "text"),
        ];
        let form = FormState::new([
            ("client_name", "ITU Events <&>"),
            ("redirect_uris", "https://events.example.org/cb"),
            ("first_party", "on"),
            ("jwks", "{\"keys\": []}"),
        ]);
        let page = Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            self_registered: false,
            is_owner: false,
            seen: "1764500000000000".into(),
            form: form.clone(),
            sections: vec![ClientSection {
                name: "service",
                is_open: true,
                fields: fields.clone(),
            }],
        };
        let mut stale = fields;
        stale[0].stored = Some(vec!["Events".into()]);
        stale[1].stored = Some(vec![]);
        stale[5].stored = Some(vec!["on".into()]);
        let other = Self {
            self_registered: true,
            form: form
                .error("client_name", "error.invalid")
                .error("grant_types", "error.invalid")
                .error("first_party", "error.invalid")
                .error("jwks", "error.invalid")
                .notice("admin.client_edit.conflict"),
            sections: vec![ClientSection {
                name: "login",
                is_open: false,
                fields: stale,
            }],
            ..page.clone()
        };
        let fixed = |name, input, ticked: &[&str]| ClientField {
            is_fixed: true,
            ticked: ticked.iter().map(|it| (*it).to_owned()).collect(),
            ..ClientField::sample(name, input)
        };
        let of_owner = Self {
            is_owner: true,
            sections: vec![ClientSection {
                name: "access",
                is_open: true,
                fields: vec![
                    fixed("first_party", "flag", &["on"]),
                    fixed("access_policy.membership_types", "lines", &["academia", "<&>"]),
                    fixed("profile", "always", &[]),
                ],
            }],
            ..page.clone()
        };
        vec![page, other, of_owner]
    }
}

/// `/admin/clients/{id}/confirm?action=…`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminClientConfirm {
    pub id: String,
    pub name: String,
    /// `rotate_secret`, `disable`, `enable` or `delete`: the texts are `admin.client_act.<action>.…`.
    pub action: &'static str,
    pub people: u64,
    pub sessions: u64,
    pub refresh_tokens: u64,
    pub has_secret: bool,
    /// The time until which the present secret works, once there is a new one.
    pub works_until: Time,
    /// The end of the secret before it, which a new one ends at once.
    pub ends_at_once: Option<Time>,
    pub form: FormState,
}

impl Page for AdminClientConfirm {
    const TEMPLATE: &'static str = "admin_client_confirm";

    fn samples() -> Vec<Self> {
        let page = |action, ends_at_once| Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            action,
            people: 3,
            sessions: 1,
            refresh_tokens: 0,
            has_secret: action != "enable",
            works_until: samples::at(),
            ends_at_once,
            form: FormState::default(),
        };
        let without = Self {
            has_secret: false,
            ..page("rotate_secret", None)
        };
        vec![
            page("rotate_secret", Some(samples::at())),
            page("disable", None),
            page("enable", None),
            page("delete", None),
            without,
        ]
    }
}
