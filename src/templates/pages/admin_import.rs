//! `/admin/organizations/import`: a table of organizations, and what it would change.

use serde::Serialize;

use super::paging::Paging;
use crate::templates::{FormState, Page};

/// A line of the table that cannot be applied. The reason is technical, in English, as the names of columns are.
#[derive(Clone, Debug, Serialize)]
pub struct ImportProblem {
    pub line: u64,
    pub reason: String,
}

/// `/admin/organizations/import`: `table`, `prune`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminImport {
    pub form: FormState,
    /// The first problems, and how many there are.
    pub problems: Vec<ImportProblem>,
    pub total: usize,
    /// The names of the columns.
    pub columns: String,
}

impl Page for AdminImport {
    const TEMPLATE: &'static str = "admin_import";

    fn samples() -> Vec<Self> {
        let empty = Self {
            form: FormState::default(),
            problems: vec![],
            total: 0,
            columns: "id,name,acronym".into(),
        };
        let problem = |line| ImportProblem {
            line,
            reason: "membership_type is none of those that there are".into(),
        };
        vec![
            empty.clone(),
            Self {
                form: FormState::new([("table", "id,name\nx,<b>"), ("prune", "on")])
                    .error("table", "admin.import.refused"),
                problems: vec![problem(2), problem(20_000)],
                total: 3,
                ..empty
            },
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ImportMember {
    pub member: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A record that the table adds or changes, or does not name.
#[derive(Clone, Debug, Serialize)]
pub struct ImportRow {
    pub id: String,
    pub name: String,
    /// `added`, `changed`, `pruned`.
    pub effect: &'static str,
    pub is_new: bool,
    pub people: u64,
    pub members: Vec<ImportMember>,
}

/// `/admin/organizations/import/confirm?upload=&q=&effect=&page=`: what the table changes, before it is applied by the
/// form with `upload` and `seen`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminImportPreview {
    pub form: FormState,
    /// The table that waits.
    pub upload: String,
    /// Names what is shown: it is applied only if it is still so.
    pub seen: String,
    pub created: u64,
    pub changed: u64,
    pub ended: u64,
    pub unchanged: u64,
    /// The people whose affiliations end, or are asked about again.
    pub people: u64,
    pub prune: bool,
    /// `true` if it changes more records than a page may, which is `most`.
    pub is_too_large: bool,
    pub most: u64,
    pub rows: Vec<ImportRow>,
    pub paging: Paging,
}

impl Page for AdminImportPreview {
    const TEMPLATE: &'static str = "admin_import_preview";

    fn samples() -> Vec<Self> {
        let path = "/admin/organizations/import/confirm";
        let member = |before: Option<&str>, after: Option<&str>| ImportMember {
            member: "valid_until".into(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let row = |effect, members| ImportRow {
            id: "kr-msit".into(),
            name: "Ministry of <Science> & ICT".into(),
            effect,
            is_new: effect == "added",
            people: 12,
            members,
        };
        let page = Self {
            form: FormState::new([("upload", "d1"), ("q", ""), ("effect", "")]),
            upload: "d1".into(),
            seen: "d2".into(),
            created: 1,
            changed: 20_000,
            ended: 1,
            unchanged: 3,
            people: 24,
            prune: true,
            is_too_large: false,
            most: 2_000,
            rows: vec![
                row("added", vec![member(None, Some("2026-01-01"))]),
                row(
                    "changed",
                    vec![
                        member(Some("2026-01-01"), Some("2027-01-01")),
                        member(Some("a"), None),
                    ],
                ),
                row("pruned", vec![member(Some("active"), Some("ended"))]),
            ],
            paging: Paging::new(1, 50, 20_002, path, &[("upload", "d1")]),
        };
        vec![
            page.clone(),
            Self {
                is_too_large: true,
                prune: false,
                people: 0,
                ended: 0,
                ..page.clone()
            },
            Self {
                created: 0,
                changed: 0,
                ended: 0,
                people: 0,
                rows: vec![],
                paging: Paging::new(1, 50, 0, path, &[("upload", "d1")]),
                ..page
            },
        ]
    }
}
