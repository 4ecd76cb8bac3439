//! `/focal-point/{organization}/ties`: the matrix of people and TIES rights.

use serde::Serialize;

use super::focal_point::Workspace;
use super::focal_point_requests::DecidedTogether;
use super::paging::Paging;
use crate::templates::{FormChoice, FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct TiesCell {
    /// The affiliation and the right, as the form names them.
    pub value: String,
    /// `none`, `requested` or `granted`.
    pub status: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub struct TiesRow {
    /// The account's id, for the path of the person's page.
    pub account: String,
    pub name: String,
    pub email: String,
    /// `true` for the reader, who cannot decide about themselves.
    pub own: bool,
    /// In the order of the rights.
    pub cells: Vec<TiesCell>,
}

/// `/focal-point/{organization}/ties?q=&filter=&right=&page=`: `decision=grant|take_away` with `cells`, one for each box that
/// was ticked.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointTies {
    pub organization: Workspace,
    /// The search, with the filters as requested.
    pub form: FormState,
    pub rights: Vec<FormChoice>,
    pub rows: Vec<TiesRow>,
    pub paging: Paging,
    /// `true` if the organization is active and its membership type has TIES rights.
    pub is_entitled: bool,
    pub decided_together: Option<DecidedTogether>,
}

impl Page for FocalPointTies {
    const TEMPLATE: &'static str = "focal_point_ties";

    fn samples() -> Vec<Self> {
        let rights = [
            ("documents", "Documents"),
            ("mailing_lists", "Mailing lists"),
            ("collaboration", "Collaboration tools"),
        ];
        let row = |number: usize| TiesRow {
            account: format!("ac{number}"),
            name: "John <b>Doe</b>".into(),
            email: "john.doe@company.com".into(),
            own: number == 1,
            cells: ["granted", "requested", "none"]
                .into_iter()
                .zip(rights)
                .map(|(status, (right, _))| TiesCell {
                    value: format!("af{number}:{right}"),
                    status,
                })
                .collect(),
        };
        let page = |rows: Vec<TiesRow>, total| Self {
            organization: Workspace::sample(),
            form: FormState::new([("q", "do\"e"), ("right", "documents")]),
            rights: rights
                .map(|(value, label)| FormChoice::new(value, label))
                .to_vec(),
            paging: Paging::new(1, 25, total, "/focal-point/kr-msit/ties", &[]),
            rows,
            is_entitled: true,
            decided_together: None,
        };
        vec![
            page(vec![], 0),
            page((0..15).map(row).collect(), 60),
            Self {
                form: FormState::default().notice("focal_point.ties.none"),
                decided_together: Some(DecidedTogether {
                    act: "take_away".into(),
                    done: vec!["Aïcha <i>Ndiaye</i>".into()],
                    own: vec!["John".into()],
                    ..DecidedTogether::default()
                }),
                ..page(vec![row(1)], 1)
            },
            Self {
                is_entitled: false,
                decided_together: Some(DecidedTogether {
                    act: "grant".into(),
                    done: vec!["Aïcha <i>Ndiaye</i>".into()],
                    ..DecidedTogether::default()
                }),
                ..page(vec![row(2)], 1)
            },
        ]
    }
}
