//! `/admin` and below, as far as affiliations need it: requests without a Focal Point, proposed
//! organizations, the organizations and their Focal Points.

use serde::Serialize;

use super::focal_point::RequestRow;
use super::focal_point_office::OfficeRow;
use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormChoice, FormState, Page};

/// `/admin/requests?q=&status=&page=`: of organizations without a Focal Point.
#[derive(Clone, Debug, Serialize)]
pub struct AdminRequests {
    pub form: FormState,
    pub rows: Vec<RequestRow>,
    pub paging: Paging,
}

impl Page for AdminRequests {
    const TEMPLATE: &'static str = "admin_requests";

    fn samples() -> Vec<Self> {
        let row = RequestRow {
            organization: Some("Ministry of Science & ICT".into()),
            ..RequestRow::sample("pending")
        };
        let page = |rows: Vec<RequestRow>, total| Self {
            form: FormState::new([("status", "")]),
            rows,
            paging: Paging::new(1, 25, total, "/admin/requests", &[]),
        };
        vec![page(vec![], 0), page(vec![row], 1)]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct OrganizationRow {
    pub id: String,
    pub name: String,
    pub acronym: Option<String>,
    /// The label in the page's language.
    pub membership_type: String,
    pub category: String,
    pub member_state: Option<String>,
    /// `proposed`, `active`, `suspended`, `ended`.
    pub status: String,
    pub website: Option<String>,
}

impl OrganizationRow {
    pub(super) fn sample(status: &str) -> Self {
        Self {
            id: "kr-msit".into(),
            name: "Ministry of Science & ICT".into(),
            acronym: Some("MSIT".into()),
            membership_type: "Member State".into(),
            category: "ADMIN".into(),
            member_state: Some("KR".into()),
            status: status.into(),
            website: Some("https://www.msit.example/".into()),
        }
    }
}

/// `/admin/organizations?q=&membership_type=&status=&page=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminOrganizations {
    pub form: FormState,
    pub membership_types: Vec<FormChoice>,
    pub rows: Vec<OrganizationRow>,
    pub paging: Paging,
}

impl Page for AdminOrganizations {
    const TEMPLATE: &'static str = "admin_organizations";

    fn samples() -> Vec<Self> {
        let page = |rows: Vec<OrganizationRow>, total| Self {
            form: FormState::new([("q", "m"), ("membership_type", "academia")]),
            membership_types: vec![FormChoice::new("academia", "Academia")],
            rows,
            paging: Paging::new(3, 25, total, "/admin/organizations", &[]),
        };
        vec![
            page(vec![], 0),
            page(
                vec![
                    OrganizationRow::sample("active"),
                    OrganizationRow::sample("suspended"),
                    OrganizationRow::sample("ended"),
                ],
                20_000,
            ),
        ]
    }
}

/// `/admin/organizations/{id}`: `action=designate` with `email`, `action=undesignate` with `account_id`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminOrganization {
    pub form: FormState,
    pub organization: OrganizationRow,
    pub focal_points: Vec<OfficeRow>,
    pub deputies: Vec<OfficeRow>,
    /// `false` if its requests come to the administrators.
    pub is_somebody_there: bool,
    pub people: u64,
    /// `true` for a member organization. No other has Focal Points.
    pub needs_approval: bool,
}

impl Page for AdminOrganization {
    const TEMPLATE: &'static str = "admin_organization";

    fn samples() -> Vec<Self> {
        vec![
            Self {
                form: FormState::new([("email", "x@example.org")]).error("email", "admin.no_such_account"),
                organization: OrganizationRow::sample("active"),
                focal_points: vec![OfficeRow::sample(0), OfficeRow::sample(1)],
                deputies: vec![OfficeRow::sample(1), OfficeRow::sample(2)],
                is_somebody_there: true,
                people: 31,
                needs_approval: true,
            },
            Self {
                form: FormState::default(),
                organization: OrganizationRow {
                    acronym: None,
                    website: None,
                    member_state: None,
                    ..OrganizationRow::sample("ended")
                },
                focal_points: vec![],
                deputies: vec![],
                is_somebody_there: false,
                people: 0,
                needs_approval: false,
            },
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ProposalRow {
    pub id: String,
    pub name: String,
    pub member_state: Option<String>,
    pub proposed_at: Time,
    pub people: u64,
}

/// `/admin/proposals?page=`: organizations that people typed in.
#[derive(Clone, Debug, Serialize)]
pub struct AdminProposals {
    pub rows: Vec<ProposalRow>,
    pub paging: Paging,
}

impl Page for AdminProposals {
    const TEMPLATE: &'static str = "admin_proposals";

    fn samples() -> Vec<Self> {
        let row = ProposalRow {
            id: "p1".into(),
            name: "Radio Lab".into(),
            member_state: Some("ZZ".into()),
            proposed_at: samples::at(),
            people: 1,
        };
        let page = |rows: Vec<ProposalRow>, total| Self {
            rows,
            paging: Paging::new(1, 25, total, "/admin/proposals", &[]),
        };
        vec![page(vec![], 0), page(vec![row], 1)]
    }
}

/// `/admin/proposals/{id}`: `decision=accept` with the corrected `name`, `acronym`, `membership_type`,
/// `category`, `member_state`, `website`; `decision=merge` with `organization_id`; `decision=reject`;
/// each with an optional `reason`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminProposal {
    pub form: FormState,
    pub id: String,
    pub proposed_at: Time,
    pub city: Option<String>,
    pub people: u64,
    pub membership_types: Vec<FormChoice>,
    pub categories: Vec<String>,
    /// Existing organizations with a similar name, to merge into.
    pub similar: Vec<OrganizationRow>,
}

impl Page for AdminProposal {
    const TEMPLATE: &'static str = "admin_proposal";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::new([
                ("name", "Radio \"Lab\""),
                ("member_state", "KR"),
                ("membership_type", "non_member"),
                ("category", "OTHER"),
            ]),
            id: "p1".into(),
            proposed_at: samples::at(),
            city: Some("Seoul".into()),
            people: 1,
            membership_types: vec![FormChoice::new("non_member", "Not an ITU member")],
            categories: vec!["ADMIN".into(), "OTHER".into()],
            similar: vec![OrganizationRow::sample("active")],
        };
        vec![
            page.clone(),
            Self {
                form: FormState::default().error("name", "error.required"),
                city: None,
                similar: vec![],
                ..page
            },
        ]
    }
}
