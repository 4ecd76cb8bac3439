//! `/admin/newsletter`: the subscribers, and the page before they are taken along as a file.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct SubscriberRow {
    pub account_id: String,
    pub name: String,
    pub email: String,
    pub language: String,
    pub since: Time,
    /// `false` for the own subscription, which its person stops in the profile.
    pub can_be_stopped: bool,
}

impl SubscriberRow {
    fn sample(can_be_stopped: bool) -> Self {
        Self {
            account_id: "a1".into(),
            name: "Ana <i>Müller</i>".into(),
            email: "ana@example.org".into(),
            language: "es".into(),
            since: samples::at(),
            can_be_stopped,
        }
    }
}

/// `/admin/newsletter?q=&language=&since=&after=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminNewsletter {
    pub form: FormState,
    pub rows: Vec<SubscriberRow>,
    /// The number of subscriptions that the search finds.
    pub total: u64,
    /// `true` if more accounts match than one search looks at.
    pub is_cut: bool,
    pub is_filtered: bool,
    /// The addresses of the older rows, of the newest ones, and of the page before the file.
    pub older: Option<String>,
    pub newest: Option<String>,
    pub export: String,
}

impl Page for AdminNewsletter {
    const TEMPLATE: &'static str = "admin_newsletter";

    fn samples() -> Vec<Self> {
        let empty = Self {
            form: FormState::default(),
            rows: vec![],
            total: 0,
            is_cut: false,
            is_filtered: false,
            older: None,
            newest: None,
            export: "/admin/newsletter/export".into(),
        };
        let wrong = FormState::new([("since", "soon")]).error("since", "error.date");
        vec![
            Self {
                form: FormState::new([("q", "ana"), ("language", "es")]),
                rows: vec![SubscriberRow::sample(true), SubscriberRow::sample(false)],
                total: 12_000,
                is_cut: true,
                older: Some("/admin/newsletter?after=1.x".into()),
                newest: Some("/admin/newsletter".into()),
                ..empty.clone()
            },
            Self {
                form: wrong,
                is_filtered: true,
                ..empty.clone()
            },
            empty,
        ]
    }
}

/// `/admin/newsletter/export`: says what the file has before it is taken along.
#[derive(Clone, Debug, Serialize)]
pub struct AdminNewsletterExport {
    pub total: u64,
    /// The conditions, which the form sends again.
    pub fields: Vec<(&'static str, String)>,
    /// The list, with the same conditions.
    pub back: String,
}

impl Page for AdminNewsletterExport {
    const TEMPLATE: &'static str = "admin_newsletter_export";

    fn samples() -> Vec<Self> {
        let of = |total| Self {
            total,
            fields: vec![("language", "es".into())],
            back: "/admin/newsletter?language=es".into(),
        };
        vec![of(0), of(1), of(12_000)]
    }
}
