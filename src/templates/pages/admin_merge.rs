//! The page before a proposed record is merged into another: both side by side, and what happens to the people.

use serde::Serialize;

use crate::templates::{FormState, Page};

/// A member of both records.
#[derive(Clone, Debug, Serialize)]
pub struct MergeMember {
    pub name: &'static str,
    /// The text with its label.
    pub label: &'static str,
    /// Empty where the record does not have it.
    pub proposed: String,
    pub existing: String,
    pub is_same: bool,
}

/// `/admin/proposals/{id}/confirm?decision=merge&organization_id=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminMerge {
    pub form: FormState,
    pub id: String,
    pub name: String,
    pub organization_id: String,
    pub organization: String,
    pub members: Vec<MergeMember>,
    /// The people who move as they are, and those of whom a new request is made.
    pub moved: u64,
    pub asked_again: u64,
}

impl Page for AdminMerge {
    const TEMPLATE: &'static str = "admin_merge";

    fn samples() -> Vec<Self> {
        let member = |name, label, proposed: &str, existing: &str| MergeMember {
            name,
            label,
            proposed: proposed.into(),
            existing: existing.into(),
            is_same: proposed == existing,
        };
        let page = Self {
            form: FormState::default(),
            id: "p1".into(),
            name: "Radio <Lab>".into(),
            organization_id: "kr-msit".into(),
            organization: "Ministry of Science & ICT".into(),
            members: vec![
                member(
                    "name",
                    "field.organization_name",
                    "Radio <Lab>",
                    "Ministry of Science & ICT",
                ),
                member("acronym", "field.organization_acronym", "", "MSIT"),
                member("member_state", "field.member_state", "KR", "KR"),
                member(
                    "website",
                    "field.organization_website",
                    "https://www.msit.example/",
                    "",
                ),
            ],
            moved: 1,
            asked_again: 12,
        };
        vec![
            page.clone(),
            Self {
                form: FormState::default().error("reason", "error.too_long"),
                moved: 0,
                asked_again: 0,
                ..page
            },
        ]
    }
}
