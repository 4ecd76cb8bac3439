//! `/account/data` and below: the download of all that is held on the person.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::domain::message::Message;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct AccountData {
    pub form: FormState,
    /// `none`, `building`, `ready`, `expired`, `failed`.
    pub stage: &'static str,
    /// `false` while one is being built or was built just now.
    pub may_request: bool,
    /// The file that is there, of this request or of one before.
    pub file: Option<DataFileState>,
    /// `true` if the login is recent, and strong, enough to open the file.
    pub is_admitted: bool,
    /// What comes before all else of the account, if anything does: `terms` or `deletion`.
    pub first: Option<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DataFileState {
    pub since: Time,
    pub until: Time,
}

impl Page for AccountData {
    const TEMPLATE: &'static str = "account_data";

    fn samples() -> Vec<Self> {
        let page = |stage, may_request, has_file: bool, is_admitted| Self {
            form: FormState::default(),
            stage,
            may_request,
            file: has_file.then(|| DataFileState {
                since: samples::at(),
                until: samples::at(),
            }),
            is_admitted,
            first: None,
        };
        vec![
            page("none", true, false, true),
            page("building", false, false, true),
            page("building", false, true, true),
            page("ready", false, true, true),
            page("ready", true, true, false),
            page("expired", true, false, false),
            page("failed", true, false, true),
            page("failed", true, true, false),
            Self {
                first: Some("terms"),
                ..page("ready", true, true, true)
            },
            Self {
                first: Some("deletion"),
                ..page("none", true, false, true)
            },
        ]
    }
}

/// One subject: `data.section.<name>` is its title.
#[derive(Clone, Debug, Serialize)]
pub struct DataSection {
    pub name: &'static str,
    /// The number of all records; the page may show fewer.
    pub count: u64,
    pub records: Vec<Vec<DataField>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DataField {
    /// The key of its name.
    pub label: &'static str,
    /// `text`, `time`, `yes_no`, `message`.
    pub kind: &'static str,
    /// The family of texts that has the values.
    pub family: Option<&'static str>,
    pub values: Vec<String>,
    /// What is said in place of values.
    pub message: Option<Message>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AccountDataRead {
    pub made_at: Time,
    pub sections: Vec<DataSection>,
    /// What comes before all else of the account, if anything does: `terms` or `deletion`.
    pub first: Option<&'static str>,
}

impl Page for AccountDataRead {
    const TEMPLATE: &'static str = "account_data_read";

    fn samples() -> Vec<Self> {
        let field = |label, kind, family, value: &str| DataField {
            label,
            kind,
            family,
            values: vec![value.to_owned()],
            message: None,
        };
        let account = vec![
            field("field.email", "text", None, "john.doe@company.com"),
            field("data.field.verified", "yes_no", None, "yes"),
            field("field.job_title", "text", None, "<b>Head</b> of Division"),
            field("field.gender", "text", Some("gender"), "undisclosed"),
            field("data.field.created", "time", None, "2026-03-04T09:05:00Z"),
        ];
        let section = |name, count, records| DataSection { name, count, records };
        let of = |names: &[&'static str]| -> Vec<DataSection> {
            let one = |name: &&'static str| {
                let since = field("data.field.since", "time", None, "2026-03-04T09:05:00Z");
                let said = DataField {
                    message: Some(Message::new("history.event.consent_given").with("service", "<Shop>")),
                    ..field("data.field.act", "message", None, "")
                };
                section(*name, 250, vec![vec![since.clone(), said], vec![since]])
            };
            names.iter().map(one).collect()
        };
        let mut sections = vec![section("accounts", 1, vec![account])];
        sections.extend(of(&[
            "account_deletions",
            "email_changes",
            "affiliations",
            "ties_rights",
            "focal_points",
            "organizations",
            "service_uses",
            "client_owners",
            "consents",
            "refresh_tokens",
            "authentication_requests",
            "sessions",
            "passkeys",
            "totp_factors",
            "outbox_mails",
            "events",
        ]));
        vec![Self {
            made_at: samples::at(),
            sections,
            first: None,
        }]
    }
}
