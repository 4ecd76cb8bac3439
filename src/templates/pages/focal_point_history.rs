//! `/focal-point/{organization}/history`: what was decided in the organization, by whom, with before and after.

use serde::Serialize;

use super::focal_point::Workspace;
use super::samples;
use crate::domain::Time;
use crate::domain::message::Message;
use crate::templates::{FormState, Page};

/// The first and the last day of an absence or of a deputy.
#[derive(Clone, Debug, Serialize)]
pub struct Period {
    pub from: Time,
    pub until: Time,
}

#[derive(Clone, Debug, Serialize)]
pub struct DeedRow {
    pub at: Time,
    pub what: Message,
    /// `true` if the states are those of a TIES right.
    pub is_ties: bool,
    /// The person whom it is about; `None` if they are not, or no longer, here.
    pub person: Option<String>,
    pub is_about_somebody: bool,
    /// Who acted, if they are here; else the office says it.
    pub actor: Option<String>,
    pub office: Option<&'static str>,
    pub reason: Option<String>,
    /// The states of an affiliation or of a right.
    pub before: Option<String>,
    pub after: Option<String>,
    pub period_before: Option<Period>,
    pub period_after: Option<Period>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FocalPointHistory {
    pub organization: Workspace,
    pub form: FormState,
    pub topics: Vec<&'static str>,
    pub rows: Vec<DeedRow>,
    /// The pages before and after, if there are any.
    pub older: Option<String>,
    pub newest: Option<String>,
}

impl Page for FocalPointHistory {
    const TEMPLATE: &'static str = "focal_point_history";

    fn samples() -> Vec<Self> {
        let row = DeedRow {
            at: samples::at(),
            what: Message::new("history.affiliation.approved"),
            is_ties: false,
            person: Some("John <b>Doe</b>".into()),
            is_about_somebody: true,
            actor: Some("Mina & Kim".into()),
            office: Some("focal_point"),
            reason: Some("One <i>of</i> ours".into()),
            before: Some("pending".into()),
            after: Some("approved".into()),
            period_before: None,
            period_after: None,
        };
        let right = DeedRow {
            what: Message::new("history.ties.granted").with("right", "Documents"),
            is_ties: true,
            person: None,
            actor: None,
            office: Some("administrator"),
            reason: None,
            before: Some("requested".into()),
            after: Some("granted".into()),
            ..row.clone()
        };
        let term = DeedRow {
            what: Message::new("history.affiliation.deputy_named"),
            before: None,
            after: None,
            office: None,
            actor: None,
            is_about_somebody: false,
            period_before: Some(Period {
                from: samples::at(),
                until: samples::at(),
            }),
            period_after: Some(Period {
                from: samples::at(),
                until: samples::at(),
            }),
            ..row.clone()
        };
        let page = Self {
            organization: Workspace::sample(),
            form: FormState::new([("show", "ties")]),
            topics: vec!["affiliations", "ties", "offices"],
            rows: vec![],
            older: None,
            newest: None,
        };
        vec![
            page.clone(),
            Self {
                rows: vec![row, right, term],
                older: Some("/focal-point/kr-msit/history?after=1.2".into()),
                newest: Some("/focal-point/kr-msit/history".into()),
                ..page
            },
        ]
    }
}
