//! `/focal-point` and below: the requests and people of one organization. A Focal Point sees name,
//! e-mail, job title and dates, and nothing of other organizations (security.md AF-6).

use serde::{Deserialize, Serialize};

use super::account::{RightView, sample_rights};
use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormChoice, FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct OrganizationRef {
    pub id: String,
    pub name: String,
}

impl OrganizationRef {
    pub(super) fn sample() -> Self {
        Self {
            id: "kr-msit".into(),
            name: "Ministry of Science & ICT".into(),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct OrganizationSummary {
    pub organization: OrganizationRef,
    /// The number of pending requests.
    pub waiting: u64,
    pub people: u64,
}

/// `/focal-point`, for a person who is Focal Point of several organizations, or of none.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointChoose {
    pub organizations: Vec<OrganizationSummary>,
}

impl Page for FocalPointChoose {
    const TEMPLATE: &'static str = "focal_point_choose";

    fn samples() -> Vec<Self> {
        let of = |waiting, people| OrganizationSummary {
            organization: OrganizationRef::sample(),
            waiting,
            people,
        };
        vec![
            Self {
                organizations: vec![],
            },
            Self {
                organizations: vec![of(1, 2), of(0, 31)],
            },
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct RequestRow {
    pub id: String,
    pub name: String,
    pub email: String,
    pub job_title: String,
    pub requested_at: Time,
    /// An affiliation's status.
    pub status: String,
    pub request_ties: bool,
    /// The organization, shown to administrators.
    pub organization: Option<String>,
    /// `true` if the request is pending and not the reader's own.
    pub decidable: bool,
}

impl RequestRow {
    pub(super) fn sample(status: &str) -> Self {
        Self {
            id: "af1".into(),
            name: "John <b>Doe</b>".into(),
            email: "john.doe@company.com".into(),
            job_title: "General Manager".into(),
            requested_at: samples::at(),
            status: status.into(),
            request_ties: status == "pending",
            organization: None,
            decidable: status == "pending",
        }
    }
}

/// The outcome of approving several requests together, by the names of the people.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ApprovedTogether {
    pub approved: Vec<String>,
    /// `true` if some of them ask for TIES rights, which is a second decision.
    pub ties_wait: bool,
    pub decided_meanwhile: Vec<String>,
    pub own: Vec<String>,
    pub failed: Vec<String>,
    /// The number of those that are not pending requests of this organization.
    pub unknown: u64,
}

/// `/focal-point/{organization}/requests?q=&status=&page=`: `decision=approve` with `requests`, one for
/// each box that was ticked.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointRequests {
    pub organization: OrganizationRef,
    /// The search, with `q` and `status` as requested.
    pub form: FormState,
    pub rows: Vec<RequestRow>,
    pub paging: Paging,
    pub approved_together: Option<ApprovedTogether>,
}

impl Page for FocalPointRequests {
    const TEMPLATE: &'static str = "focal_point_requests";

    fn samples() -> Vec<Self> {
        let page = |rows: Vec<RequestRow>, total| Self {
            organization: OrganizationRef::sample(),
            form: FormState::new([("q", "do\"e"), ("status", "pending")]),
            paging: Paging::new(2, 25, total, "/focal-point/kr-msit/requests", &[("q", "doe")]),
            rows,
            approved_together: None,
        };
        let rows = ["pending", "approved", "rejected"]
            .map(RequestRow::sample)
            .to_vec();
        let many = (0..25).map(|number| RequestRow {
            id: format!("af{number}"),
            ..RequestRow::sample("pending")
        });
        let names = |many: usize| vec!["Aïcha <i>Ndiaye</i>".to_owned(); many];
        vec![
            page(vec![], 0),
            page(rows.clone(), 60),
            Self {
                form: FormState::default().notice("focal_point.bulk.none"),
                ..page(many.collect(), 60)
            },
            Self {
                approved_together: Some(ApprovedTogether {
                    approved: names(2),
                    ties_wait: true,
                    ..ApprovedTogether::default()
                }),
                ..page(vec![], 0)
            },
            Self {
                approved_together: Some(ApprovedTogether {
                    approved: names(1),
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

/// `/focal-point/{organization}/requests/{id}`, and `/admin/requests/{id}` for administrators:
/// `decision=approve|reject`, `reason`.
#[derive(Clone, Debug, Serialize)]
pub struct AffiliationRequest {
    /// `true` if the page is among those of administrators, and leads back to their list.
    pub for_administrators: bool,
    pub organization: OrganizationRef,
    pub form: FormState,
    pub request: RequestRow,
    pub decided_at: Option<Time>,
    pub reason: Option<String>,
    /// `true` if the request is pending and not the reader's own.
    pub decidable: bool,
    pub own: bool,
    /// The rights that were requested together.
    pub rights: Vec<FormChoice>,
}

impl AffiliationRequest {
    fn of(status: &str, own: bool) -> Self {
        let pending = status == "pending";
        Self {
            for_administrators: false,
            organization: OrganizationRef::sample(),
            form: FormState::default(),
            request: RequestRow::sample(status),
            decided_at: (!pending).then(samples::at),
            reason: (status == "rejected").then(|| "Not known here".into()),
            decidable: pending && !own,
            own,
            rights: vec![],
        }
    }
}

impl Page for AffiliationRequest {
    const TEMPLATE: &'static str = "affiliation_request";

    fn samples() -> Vec<Self> {
        let for_administrators = |page| Self {
            for_administrators: true,
            rights: vec![FormChoice::new("documents", "Documents")],
            ..page
        };
        vec![
            Self {
                rights: vec![
                    FormChoice::new("documents", "Documents"),
                    FormChoice::new("mailing_lists", "Mailing lists"),
                ],
                ..Self::of("pending", false)
            },
            Self {
                form: FormState::new([("reason", "x")]).error("reason", "error.too_long"),
                ..Self::of("pending", false)
            },
            Self::of("pending", true),
            Self::of("approved", false),
            Self::of("rejected", false),
            for_administrators(Self::of("pending", false)),
            for_administrators(Self::of("pending", true)),
            for_administrators(Self::of("approved", false)),
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct PersonRow {
    /// The account's id, for the page's path.
    pub id: String,
    pub name: String,
    pub email: String,
    pub job_title: String,
    /// The time of the approval.
    pub since: Time,
    /// The labels of the granted rights.
    pub rights: Vec<String>,
    pub is_focal_point: bool,
    /// `true` if TIES rights wait for a decision.
    pub waiting: bool,
}

impl PersonRow {
    fn sample() -> Self {
        Self {
            id: "ac1".into(),
            name: "John <b>Doe</b>".into(),
            email: "john.doe@company.com".into(),
            job_title: "General Manager".into(),
            since: samples::at(),
            rights: vec!["Documents".into(), "Mailing lists".into()],
            is_focal_point: false,
            waiting: true,
        }
    }
}

/// `/focal-point/{organization}/people?q=&filter=&page=`; `filter` is `focal_points` or `ties_waiting`.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointPeople {
    pub organization: OrganizationRef,
    pub form: FormState,
    pub rows: Vec<PersonRow>,
    pub paging: Paging,
}

impl Page for FocalPointPeople {
    const TEMPLATE: &'static str = "focal_point_people";

    fn samples() -> Vec<Self> {
        let page = |rows: Vec<PersonRow>, total| Self {
            organization: OrganizationRef::sample(),
            form: FormState::new([("q", "")]),
            rows,
            paging: Paging::new(1, 25, total, "/focal-point/kr-msit/people", &[]),
        };
        let focal_point = PersonRow {
            is_focal_point: true,
            waiting: false,
            rights: vec![],
            ..PersonRow::sample()
        };
        vec![
            page(vec![], 0),
            page(vec![PersonRow::sample(), focal_point], 2),
            page(vec![PersonRow::sample(); 25], 80),
        ]
    }
}

/// `/focal-point/{organization}/people/{account}`: `action=grant|refuse|revoke` with `right`,
/// `action=remove|designate|undesignate`, each with an optional `reason`.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointPerson {
    pub organization: OrganizationRef,
    pub form: FormState,
    pub person: PersonRow,
    pub rights: Vec<RightView>,
    /// `true` if this is the reader, who cannot decide about themselves.
    pub own: bool,
    /// `true` for the last Focal Point, who stays unless an administrator acts.
    pub is_last_focal_point: bool,
    /// `true` if the organization is active and its membership type has TIES rights.
    pub ties_entitled: bool,
}

impl Page for FocalPointPerson {
    const TEMPLATE: &'static str = "focal_point_person";

    fn samples() -> Vec<Self> {
        let page = Self {
            organization: OrganizationRef::sample(),
            form: FormState::default(),
            person: PersonRow::sample(),
            rights: sample_rights(),
            own: false,
            is_last_focal_point: false,
            ties_entitled: true,
        };
        let focal_point = PersonRow {
            is_focal_point: true,
            ..PersonRow::sample()
        };
        vec![
            page.clone(),
            Self {
                person: focal_point.clone(),
                form: FormState::default().notice("error.try_again"),
                ..page.clone()
            },
            Self {
                person: focal_point,
                own: true,
                is_last_focal_point: true,
                ..page.clone()
            },
            Self {
                ties_entitled: false,
                rights: vec![],
                ..page
            },
        ]
    }
}
