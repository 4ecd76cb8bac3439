//! `/account/history` and its second view, the history of affiliation and TIES rights.

use serde::Serialize;

use super::account::sample_affiliation;
use super::{Paging, samples};
use crate::domain::Time;
use crate::domain::message::Message;
use crate::templates::{FormState, Page};

/// One thing that happened in the account.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryRow {
    pub at: Time,
    /// `logins`, `security`, `account`, `services`.
    pub topic: String,
    pub what: Message,
    pub failed: bool,
    /// `true` if it is about the session in which the person reads this.
    pub current: bool,
    /// The office of another who acted: `visitor`, `focal_point`, `administrator`, `client`, `system`.
    pub by: Option<String>,
    /// Empty where it is not known, or not the person's own.
    pub browser: String,
    pub network: String,
}

/// `/account/history`: `show`, `page`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountHistory {
    pub form: FormState,
    /// The values of `show`.
    pub topics: Vec<String>,
    /// How far back it goes.
    pub days: i64,
    pub rows: Vec<HistoryRow>,
    pub paging: Paging,
}

impl Page for AccountHistory {
    const TEMPLATE: &'static str = "account_history";

    fn samples() -> Vec<Self> {
        let row = |topic: &str, what: Message| HistoryRow {
            at: samples::at(),
            topic: topic.into(),
            what,
            failed: false,
            current: false,
            by: None,
            browser: "Firefox, Windows".into(),
            network: "2001:db8:85a3::".into(),
        };
        let elsewhere = |by: &str, row: HistoryRow| HistoryRow {
            by: Some(by.into()),
            browser: String::new(),
            network: String::new(),
            ..row
        };
        let service = |key: &'static str| Message::new(key).with("service", "Bookshop <&>");
        let paging = |total| Paging::new(1, 25, total, "/account/history", &[]);
        let topics = ["logins", "security", "account", "services"];
        let page = Self {
            form: FormState::new([("show", "")]),
            topics: topics.map(str::to_owned).into(),
            days: 90,
            rows: vec![],
            paging: paging(0),
        };
        vec![
            page.clone(),
            Self {
                form: FormState::new([("show", "logins")]),
                rows: vec![
                    HistoryRow {
                        current: true,
                        ..row("logins", "history.event.login.password".into())
                    },
                    HistoryRow {
                        failed: true,
                        by: Some("visitor".into()),
                        browser: String::new(),
                        ..row("logins", "history.event.login_failed".into())
                    },
                    elsewhere("administrator", row("security", "history.event.unlocked".into())),
                    elsewhere("client", row("services", service("history.event.request_made"))),
                    elsewhere("system", row("account", "history.event.role_changed".into())),
                    row("services", service("history.event.consent_given")),
                ],
                paging: paging(60),
                ..page
            },
        ]
    }
}

/// One step of an affiliation or of a right on it.
#[derive(Clone, Debug, Serialize)]
pub struct AffiliationStepView {
    pub at: Time,
    pub what: Message,
    /// The office of whoever decided: `person`, `focal_point`, `administrator`, `system`.
    pub by: Option<String>,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AffiliationHistoryView {
    pub organization: String,
    pub acronym: Option<String>,
    pub status: String,
    /// The newest first.
    pub steps: Vec<AffiliationStepView>,
}

/// `/account/history/organization`: `page`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountOrganizationHistory {
    pub affiliations: Vec<AffiliationHistoryView>,
    pub paging: Paging,
}

impl Page for AccountOrganizationHistory {
    const TEMPLATE: &'static str = "account_organization_history";

    fn samples() -> Vec<Self> {
        let step = |what: Message, by: &str| AffiliationStepView {
            at: samples::at(),
            what,
            by: Some(by.into()),
            reason: None,
        };
        let right = |key: &'static str| Message::new(key).with("right", "Documents");
        let sample = sample_affiliation("removed");
        let one = AffiliationHistoryView {
            organization: sample.organization,
            acronym: sample.acronym,
            status: sample.status,
            steps: vec![
                AffiliationStepView {
                    reason: Some("Left the <ministry>".into()),
                    ..step("history.affiliation.removed".into(), "focal_point")
                },
                step(right("history.ties.revoked"), "focal_point"),
                step(right("history.ties.granted"), "administrator"),
                AffiliationStepView {
                    by: None,
                    ..step("history.affiliation.designated".into(), "")
                },
                step("history.affiliation.merged".into(), "system"),
                step("history.affiliation.requested".into(), "person"),
            ],
        };
        let other = AffiliationHistoryView {
            acronym: None,
            status: "self_declared".into(),
            steps: vec![step("history.affiliation.declared".into(), "person")],
            ..one.clone()
        };
        let paging = |total| Paging::new(1, 10, total, "/account/history/organization", &[]);
        vec![
            Self {
                affiliations: vec![],
                paging: paging(0),
            },
            Self {
                affiliations: vec![one, other],
                paging: paging(12),
            },
        ]
    }
}
