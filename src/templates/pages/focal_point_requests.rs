//! `/focal-point/{organization}/requests` and the page that confirms a decision about several rows of a list.

use serde::{Deserialize, Serialize};

use super::focal_point::{RequestRow, Workspace};
use super::paging::Paging;
use crate::templates::{FormState, Page};

/// The outcome of deciding several requests together, by the names of the people.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DecidedTogether {
    /// What was decided: names the text `together.{act}.done`.
    pub act: String,
    pub done: Vec<String>,
    /// `true` if some of the approved ask for TIES rights, which is a second decision.
    pub ties_wait: bool,
    pub decided_meanwhile: Vec<String>,
    pub own: Vec<String>,
    pub failed: Vec<String>,
    /// The number of those that are not pending requests of this organization.
    pub unknown: u64,
}

/// `/focal-point/{organization}/requests?q=&status=&only=&order=&page=`: `decision=approve|reject` with `requests`, one for
/// each box that was ticked.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointRequests {
    pub organization: Workspace,
    /// The search, with the filters as requested.
    pub form: FormState,
    pub rows: Vec<RequestRow>,
    pub paging: Paging,
    pub decided_together: Option<DecidedTogether>,
    /// `true` if addresses can be compared with domains of the organization.
    pub has_domains: bool,
}

impl Page for FocalPointRequests {
    const TEMPLATE: &'static str = "focal_point_requests";

    fn samples() -> Vec<Self> {
        let page = |rows: Vec<RequestRow>, total| Self {
            organization: Workspace::sample(),
            form: FormState::new([("q", "do\"e"), ("status", "pending"), ("order", "newest")]),
            paging: Paging::new(2, 25, total, "/focal-point/kr-msit/requests", &[("q", "doe")]),
            rows,
            decided_together: None,
            has_domains: true,
        };
        let rows = ["pending", "approved", "rejected"]
            .map(RequestRow::sample)
            .to_vec();
        let many = (0..25).map(|number| RequestRow {
            id: format!("af{number}"),
            days: Some(number),
            is_overdue: number >= 7,
            foreign_address: false,
            ..RequestRow::sample("pending")
        });
        let names = |many: usize| vec!["Aïcha <i>Ndiaye</i>".to_owned(); many];
        vec![
            Self {
                has_domains: false,
                ..page(vec![], 0)
            },
            page(rows.clone(), 60),
            Self {
                form: FormState::default().notice("focal_point.bulk.none"),
                ..page(many.collect(), 60)
            },
            Self {
                decided_together: Some(DecidedTogether {
                    act: "approve".into(),
                    done: names(2),
                    ties_wait: true,
                    ..DecidedTogether::default()
                }),
                ..page(vec![], 0)
            },
            Self {
                decided_together: Some(DecidedTogether {
                    act: "reject".into(),
                    done: names(1),
                    ties_wait: false,
                    decided_meanwhile: names(1),
                    own: names(1),
                    failed: names(1),
                    unknown: 2,
                }),
                ..page(rows, 60)
            },
        ]
    }
}

/// Whether the page asks for a reason, which each of the people gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    None,
    Optional,
    Needed,
}

/// A person whom the decision is about.
#[derive(Clone, Debug, Serialize)]
pub struct TogetherRow {
    pub name: String,
    pub email: String,
    pub is_foreign: bool,
    pub asks_for_ties: bool,
    /// The labels of the rights that change.
    pub changes: Vec<String>,
}

/// `…/confirm` beside a list of an organization, for what was ticked in it: `act` names the texts `together.{act}.…`.
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmTogether {
    pub organization: Workspace,
    pub act: &'static str,
    pub form: FormState,
    pub rows: Vec<TogetherRow>,
    /// Those of whom nothing changes: decided in the meantime, the reader, of no row of this organization.
    pub decided_meanwhile: Vec<String>,
    pub own: Vec<String>,
    pub unknown: u64,
    /// The address of this page, which the form is sent to with these hidden fields.
    pub address: String,
    pub fields: Vec<(&'static str, String)>,
    pub reason: Reason,
    pub back: String,
}

impl Page for ConfirmTogether {
    const TEMPLATE: &'static str = "focal_point_confirm";

    fn samples() -> Vec<Self> {
        let row = |is_foreign| TogetherRow {
            name: "John <b>Doe</b>".into(),
            email: "john.doe@company.com".into(),
            is_foreign,
            asks_for_ties: is_foreign,
            changes: vec!["Documents".into(), "Mailing lists".into()],
        };
        let page = |act, reason| Self {
            organization: Workspace::sample(),
            act,
            form: FormState::default(),
            rows: vec![row(true), row(false)],
            decided_meanwhile: vec![],
            own: vec![],
            unknown: 0,
            address: "/focal-point/kr-msit/requests/confirm?decision=approve&requests=a+b".into(),
            fields: vec![("requests", "a b".into())],
            reason,
            back: "/focal-point/kr-msit/requests".into(),
        };
        let names = || vec!["Aïcha <i>Ndiaye</i>".to_owned()];
        vec![
            page("approve", Reason::None),
            Self {
                decided_meanwhile: names(),
                own: names(),
                unknown: 2,
                ..page("reject", Reason::Needed)
            },
            Self {
                form: FormState::new([("reason", "")]).error("reason", "error.required"),
                ..page("reject", Reason::Needed)
            },
            Self {
                rows: vec![],
                unknown: 1,
                ..page("reject", Reason::Needed)
            },
            page("grant", Reason::None),
            page("take_away", Reason::Optional),
        ]
    }
}
