//! Pages for everyone: start, directory of members, questions and answers, accessibility.

use serde::Serialize;

use super::admin::OrganizationRow;
use super::paging::Paging;
use crate::templates::{FormChoice, FormState, Page};

/// `/`.
#[derive(Clone, Debug, Serialize)]
pub struct Start {}

impl Page for Start {
    const TEMPLATE: &'static str = "start";

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}

/// `/members?q=&membership_type=&member_state=&category=&page=`: the public directory.
#[derive(Clone, Debug, Serialize)]
pub struct Members {
    pub form: FormState,
    pub membership_types: Vec<FormChoice>,
    pub categories: Vec<String>,
    /// The results, or `None` before a search.
    pub rows: Option<Vec<OrganizationRow>>,
    pub paging: Paging,
}

impl Page for Members {
    const TEMPLATE: &'static str = "members";

    fn samples() -> Vec<Self> {
        let page = |rows: Option<Vec<OrganizationRow>>, total| Self {
            form: FormState::new([("q", "m"), ("member_state", "KR"), ("category", "ADMIN")]),
            membership_types: vec![FormChoice::new("academia", "Academia")],
            categories: vec!["ADMIN".into(), "ROA".into()],
            rows,
            paging: Paging::new(1, 25, total, "/members", &[("q", "m")]),
        };
        let international = OrganizationRow {
            acronym: None,
            member_state: None,
            website: None,
            ..OrganizationRow::sample("active")
        };
        vec![
            page(None, 0),
            page(Some(vec![]), 0),
            page(Some(vec![OrganizationRow::sample("active"), international]), 30),
        ]
    }
}

/// `/faq`.
#[derive(Clone, Debug, Serialize)]
pub struct Faq {}

impl Page for Faq {
    const TEMPLATE: &'static str = "faq";

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}

/// `/accessibility`.
#[derive(Clone, Debug, Serialize)]
pub struct Accessibility {}

impl Page for Accessibility {
    const TEMPLATE: &'static str = "accessibility";

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}
