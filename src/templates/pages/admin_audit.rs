//! `/admin/audit`: the audit trail.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct AuditRow {
    pub id: i64,
    pub at: Time,
    pub action: String,
    pub actor: String,
    pub object: String,
    pub organization: Option<String>,
    pub success: bool,
    pub reason: Option<String>,
    pub is_sealed: bool,
}

impl AuditRow {
    fn samples() -> Vec<Self> {
        let row = Self {
            id: 7,
            at: samples::at(),
            action: "affiliation.approved".into(),
            actor: "account:6h0LxSBFBqnVn6wUA5Dfaw".into(),
            object: "affiliation:0Yv9XUuC8h1eLkJm2nQ4rA".into(),
            organization: Some("telco".into()),
            success: true,
            reason: None,
            is_sealed: true,
        };
        let refused = Self {
            action: "authorization.redirect_uri_refused".into(),
            actor: "visitor".into(),
            object: format!("client:{}", "long-".repeat(20)),
            organization: None,
            success: false,
            reason: Some("redirect_uri <&> is not registered".into()),
            is_sealed: false,
            ..row.clone()
        };
        vec![refused, row]
    }
}

/// `/admin/audit?actor=&subject=&kind=&since=&until=&after=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminAudit {
    pub form: FormState,
    /// All kinds of events, as the trail names them.
    pub kinds: Vec<String>,
    pub rows: Vec<AuditRow>,
    /// The addresses of the neighbours, where there are any.
    pub older: Option<String>,
    pub newest: Option<String>,
    /// The address of the search as a file.
    pub export: Option<String>,
    pub is_filtered: bool,
    /// The position of the newest seal, from 1; 0 if there is none.
    pub position: i64,
    pub sealed_at: Option<Time>,
    /// `true` if entries wait for their seal.
    pub waits: bool,
}

impl Page for AdminAudit {
    const TEMPLATE: &'static str = "admin_audit";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::new([("actor", "ada@example.org"), ("kind", "session.sign_in")]),
            kinds: vec!["session.sign_in".into(), "affiliation.approved".into()],
            rows: AuditRow::samples(),
            older: Some("/admin/audit?actor=ada%40example.org&after=1.2".into()),
            newest: Some("/admin/audit?actor=ada%40example.org".into()),
            export: Some("/admin/audit/export?actor=ada%40example.org".into()),
            is_filtered: true,
            position: 1_234_567,
            sealed_at: Some(samples::at()),
            waits: true,
        };
        vec![
            page.clone(),
            Self {
                form: FormState::new([("since", "x")]).error("since", "error.date"),
                rows: vec![],
                older: None,
                newest: None,
                export: None,
                waits: false,
                ..page.clone()
            },
            Self {
                form: FormState::default(),
                rows: vec![],
                older: None,
                newest: None,
                export: None,
                is_filtered: false,
                position: 0,
                sealed_at: None,
                ..page
            },
        ]
    }
}

/// A member of what an entry has before and after.
#[derive(Clone, Debug, Serialize)]
pub struct AuditChange {
    /// Its name; empty if the whole is one text.
    pub member: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub is_same: bool,
}

/// The place of an entry in the chain.
#[derive(Clone, Debug, Serialize)]
pub struct AuditSeal {
    pub position: i64,
    pub sealed_at: Time,
    pub digest: String,
    /// `true` if the entry is as it was sealed.
    pub holds: bool,
    /// `true` if parts of it were emptied with a deleted account.
    pub is_emptied: bool,
}

/// `/admin/audit/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminAuditEntry {
    pub row: AuditRow,
    pub acted_as: String,
    pub account: Option<String>,
    pub network: String,
    pub browser: String,
    pub request_id: String,
    /// `false` if there are circumstances alone.
    pub is_change: bool,
    pub changes: Vec<AuditChange>,
    pub seal: Option<AuditSeal>,
    /// The addresses of searches.
    pub same_actor: String,
    pub same_subject: String,
}

impl Page for AdminAuditEntry {
    const TEMPLATE: &'static str = "admin_audit_entry";

    fn samples() -> Vec<Self> {
        let change = |member: &str, before: Option<&str>, after: Option<&str>| AuditChange {
            member: member.into(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            is_same: before == after,
        };
        let rows = AuditRow::samples();
        let page = Self {
            row: rows[1].clone(),
            acted_as: "focal_point".into(),
            account: Some("6h0LxSBFBqnVn6wUA5Dfaw".into()),
            network: "192.0.2.1".into(),
            browser: "Firefox, Linux".into(),
            request_id: "0196f2b0-5f3e-7c3a-9c55-0123456789ab".into(),
            is_change: true,
            changes: vec![
                change("status", Some("pending"), Some("approved <&>")),
                change(
                    "metadata.redirect_uris",
                    None,
                    Some("https://events.example.org/callback"),
                ),
                change("decided_by", Some("a"), None),
                change("organization", Some("telco"), Some("telco")),
            ],
            seal: Some(AuditSeal {
                position: 1_234_567,
                sealed_at: samples::at(),
                digest: "ab".repeat(32),
                holds: true,
                is_emptied: true,
            }),
            same_actor: "/admin/audit?actor=account%3A6h0".into(),
            same_subject: "/admin/audit?subject=account%3A6h0".into(),
        };
        vec![
            page.clone(),
            Self {
                row: rows[0].clone(),
                account: None,
                network: String::new(),
                browser: String::new(),
                request_id: String::new(),
                is_change: false,
                changes: vec![change("", None, Some("text"))],
                seal: None,
                ..page.clone()
            },
            Self {
                changes: vec![],
                seal: page.seal.clone().map(|it| AuditSeal {
                    holds: false,
                    is_emptied: false,
                    ..it
                }),
                ..page
            },
        ]
    }
}
