//! `/focal-point/{organization}/office`: who holds the offices of an organization, who is away and who stands in.

use serde::Serialize;

use super::focal_point::Workspace;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormState, Page};

/// A Focal Point, or a deputy.
#[derive(Clone, Debug, Serialize)]
pub struct OfficeRow {
    pub account_id: String,
    pub name: String,
    pub email: String,
    pub since: Time,
    /// The first and the last day on which a Focal Point is away, or a deputy stands in.
    pub term: Option<(Time, Time)>,
    /// `true` if the term is running.
    pub is_now: bool,
    /// `true` if this is the reader.
    pub own: bool,
}

impl OfficeRow {
    pub(super) fn sample(number: u32) -> Self {
        Self {
            account_id: format!("ac{number}"),
            name: "John <b>Doe</b>".into(),
            email: "john.doe@company.com".into(),
            since: samples::at(),
            term: (number > 0).then(|| (samples::at(), samples::at())),
            is_now: number == 1,
            own: false,
        }
    }
}

/// `action=away` with `account_id`, `away_from`, `away_until`; `action=back` with `account_id`; `action=name` with `email` or
/// `account_id`, `from`, `until`; `action=end` with `account_id`; `action=hand_over` with `colleague` or `account_id`;
/// `action=stop_digest|resume_digest` with `account_id`.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointOffice {
    pub organization: Workspace,
    pub form: FormState,
    pub focal_points: Vec<OfficeRow>,
    pub deputies: Vec<OfficeRow>,
    /// `true` if the reader may change the offices: Focal Points and administrators, not deputies.
    pub may_change: bool,
    /// `true` if the reader may say of every Focal Point when they are away.
    pub is_administrator: bool,
    /// The identifier of the reader's account, if it holds the office of Focal Point.
    pub own: Option<String>,
    /// `false` if requests go to the administrators.
    pub is_somebody_there: bool,
    /// Whether the reader gets the weekly digest; absent for one without an office.
    pub digest: Option<DigestChoice>,
}

/// Whether a holder of an office gets the weekly digest.
#[derive(Clone, Debug, Serialize)]
pub struct DigestChoice {
    pub account_id: String,
    pub is_wanted: bool,
}

impl Page for FocalPointOffice {
    const TEMPLATE: &'static str = "focal_point_office";

    fn samples() -> Vec<Self> {
        let own = |number| OfficeRow {
            own: true,
            ..OfficeRow::sample(number)
        };
        let digest = |is_wanted| {
            Some(DigestChoice {
                account_id: "ac0".into(),
                is_wanted,
            })
        };
        let page = Self {
            organization: Workspace::sample(),
            form: FormState::default(),
            focal_points: vec![own(0), OfficeRow::sample(1), OfficeRow::sample(2)],
            deputies: vec![OfficeRow::sample(1), OfficeRow::sample(2)],
            may_change: true,
            is_administrator: false,
            own: Some("ac0".into()),
            is_somebody_there: true,
            digest: digest(true),
        };
        vec![
            page.clone(),
            Self {
                focal_points: vec![own(1)],
                deputies: vec![],
                is_somebody_there: false,
                form: FormState::new([("email", "x@\"y"), ("from", "2026-12-01")])
                    .error("email", "error.office.not_here")
                    .error("until", "error.date_order")
                    .notice("error.form"),
                ..page.clone()
            },
            Self {
                form: FormState::new([("colleague", "z")])
                    .error("away_from", "error.date_past")
                    .error("colleague", "error.office.focal_point")
                    .notice("error.form"),
                ..page.clone()
            },
            // A deputy reads it.
            Self {
                deputies: vec![own(1)],
                may_change: false,
                own: None,
                digest: digest(false),
                ..page.clone()
            },
            Self {
                focal_points: vec![],
                deputies: vec![],
                is_administrator: true,
                own: None,
                digest: None,
                is_somebody_there: false,
                ..page.clone()
            },
            Self {
                focal_points: vec![OfficeRow::sample(0), OfficeRow::sample(1)],
                is_administrator: true,
                own: None,
                ..page
            },
        ]
    }
}
