//! `/admin/revocations`: the end of all tokens that were issued until a moment.

use serde::Serialize;

use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

/// What ends, or has ended.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct EndedView {
    /// `None` if people are not counted.
    pub people: Option<u64>,
    /// `None` if sessions do not end.
    pub sessions: Option<u64>,
    pub grants: u64,
}

impl EndedView {
    const SAMPLE: Self = Self {
        people: Some(3),
        sessions: Some(100_000),
        grants: 12,
    };
}

#[derive(Clone, Debug, Serialize)]
pub struct RevocationRow {
    pub id: String,
    /// `account`, `client`, `organization`, `everything`.
    pub kind: &'static str,
    /// The identifier; everything has none.
    pub target: String,
    pub requested_at: Time,
    pub is_completed: bool,
    pub ended: EndedView,
}

/// `/admin/revocations?q=&page=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminRevocations {
    /// The search, and the form that begins a revocation.
    pub form: FormState,
    pub rows: Vec<RevocationRow>,
    pub paging: Paging,
}

impl AdminRevocations {
    /// The fields that begin a revocation, in their order.
    pub const FIELDS: [&str; 4] = ["kind", "target", "until", "sessions"];
}

impl Page for AdminRevocations {
    const TEMPLATE: &'static str = "admin_revocations";

    fn samples() -> Vec<Self> {
        let row = |kind, target: &str, is_completed| RevocationRow {
            id: "0123".into(),
            kind,
            target: target.into(),
            requested_at: samples::at(),
            is_completed,
            ended: EndedView::SAMPLE,
        };
        let page = |rows: Vec<RevocationRow>| Self {
            form: FormState::new([("q", "shop"), ("kind", "client"), ("target", "shop<&>")]),
            paging: Paging::new(1, 25, rows.len() as u64 * 20, "/admin/revocations", &[]),
            rows,
        };
        let rows = vec![
            row("account", &"long-".repeat(20), true),
            row("client", "shop<&>", true),
            row("organization", "telco", false),
            row("everything", "", true),
        ];
        let wrong = Self {
            form: FormState::new([("until", "yesterday"), ("sessions", "on")])
                .error("kind", "error.choose")
                .error("target", "admin.revocations.unknown")
                .error("until", "admin.revocations.moment"),
            ..page(vec![])
        };
        vec![page(rows), page(vec![]), wrong]
    }
}

/// `/admin/revocations/confirm`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminRevocationConfirm {
    pub kind: &'static str,
    pub target: String,
    /// The name of the target as people know it.
    pub name: String,
    pub until: Option<Time>,
    /// As it is typed again.
    pub typed_until: String,
    pub ends: EndedView,
    /// The number at which counting stops, if it did.
    pub most: Option<u64>,
    pub form: FormState,
}

impl Page for AdminRevocationConfirm {
    const TEMPLATE: &'static str = "admin_revocation_confirm";

    fn samples() -> Vec<Self> {
        let page = |kind, target: &str| Self {
            kind,
            target: target.into(),
            name: "ITU Events <&>".into(),
            until: None,
            typed_until: String::new(),
            ends: EndedView::SAMPLE,
            most: None,
            form: FormState::default(),
        };
        vec![
            page("account", "0123"),
            Self {
                until: Some(samples::at()),
                typed_until: "2026-11-30 10:00".into(),
                ends: EndedView {
                    people: None,
                    sessions: None,
                    grants: 0,
                },
                ..page("client", "shop")
            },
            Self {
                form: FormState::new([("reason", "<i>")]).error("reason", "error.required"),
                ..page("organization", "telco")
            },
            Self {
                most: Some(100_000),
                ..page("everything", "")
            },
        ]
    }
}

/// `/admin/revocations/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminRevocation {
    pub row: RevocationRow,
    pub name: String,
    pub until: Time,
    pub completed_at: Option<Time>,
    /// The address of its records in the audit trail.
    pub trail: String,
}

impl Page for AdminRevocation {
    const TEMPLATE: &'static str = "admin_revocation";

    fn samples() -> Vec<Self> {
        let page = |kind, completed_at: Option<Time>| Self {
            row: RevocationRow {
                id: "0123".into(),
                kind,
                target: "telco<&>".into(),
                requested_at: samples::at(),
                is_completed: completed_at.is_some(),
                ended: EndedView::SAMPLE,
            },
            name: "Telco <&>".into(),
            until: samples::at(),
            completed_at,
            trail: "/admin/audit?subject=organization%3Atelco".into(),
        };
        vec![
            page("account", Some(samples::at())),
            page("client", None),
            page("organization", None),
            page("everything", Some(samples::at())),
        ]
    }
}
