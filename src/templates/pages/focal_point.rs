//! `/focal-point` and below: the requests and people of one organization. A Focal Point sees name,
//! e-mail, job title and dates, and nothing of other organizations (security.md AF-6).

use serde::Serialize;

use super::account::{RightView, sample_rights};
use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::templates::{FormChoice, FormState, Page};

/// The head of the pages about an organization, with what waits under each tab.
#[derive(Clone, Debug, Serialize)]
pub struct Workspace {
    pub id: String,
    pub name: String,
    /// The number of pending requests.
    pub requests: u64,
    /// The number of people who ask for TIES rights.
    pub ties: u64,
}

impl Workspace {
    pub(super) fn sample() -> Self {
        Self {
            id: "kr-msit".into(),
            name: "Ministry of Science & ICT".into(),
            requests: 12,
            ties: 0,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct OrganizationSummary {
    pub organization: Workspace,
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
            organization: Workspace::sample(),
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
    /// The whole days that it waits; `None` if it is decided.
    pub days: Option<u64>,
    /// `true` if it waits since before the reminder.
    pub is_overdue: bool,
    /// An affiliation's status.
    pub status: String,
    pub request_ties: bool,
    /// `true` if the address belongs to no domain of the organization.
    pub foreign_address: bool,
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
            days: (status == "pending").then_some(9),
            is_overdue: true,
            status: status.into(),
            request_ties: status == "pending",
            foreign_address: status == "pending",
            organization: None,
            decidable: status == "pending",
        }
    }
}

/// `/focal-point/{organization}/requests/{id}`, and `/admin/requests/{id}` for administrators:
/// `decision=approve|reject`, `reason`.
#[derive(Clone, Debug, Serialize)]
pub struct AffiliationRequest {
    /// `true` if the page is among those of administrators, and leads back to their list.
    pub for_administrators: bool,
    pub organization: Workspace,
    pub form: FormState,
    pub request: RequestRow,
    pub decided_at: Option<Time>,
    pub reason: Option<String>,
    /// `true` if the request is pending and not the reader's own.
    pub decidable: bool,
    pub own: bool,
    /// The rights that were requested together.
    pub rights: Vec<FormChoice>,
    /// What helps to decide; `None` if it is decided.
    pub help: Option<RequestHelp>,
}

/// What helps to decide about a request, and nothing of other organizations.
#[derive(Clone, Debug, Serialize)]
pub struct RequestHelp {
    /// Whether the address belongs to a domain of the organization: `own`, `foreign`, or `unknown` without domains.
    pub address: &'static str,
    pub domains: Vec<String>,
    pub was_affiliated: bool,
    /// The earlier requests of the person here, the newest first.
    pub earlier: Vec<Earlier>,
    pub days: u64,
    /// The number of other requests that wait.
    pub others: u64,
    /// The path of the one of them that waits longest.
    pub next: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Earlier {
    pub requested_at: Time,
    pub status: String,
    /// The times of approval and end.
    pub since: Option<Time>,
    pub until: Option<Time>,
    pub reason: Option<String>,
}

impl RequestHelp {
    fn sample(address: &'static str) -> Self {
        let earlier = |status: &str| Earlier {
            requested_at: samples::at(),
            status: status.into(),
            since: (status == "removed").then(samples::at),
            until: Some(samples::at()),
            reason: Some("Not <i>known</i> here".into()),
        };
        let is_new = address == "unknown";
        Self {
            address,
            domains: if is_new {
                vec![]
            } else {
                vec!["msit.example".into()]
            },
            was_affiliated: !is_new,
            earlier: if is_new {
                vec![]
            } else {
                ["removed", "rejected"].map(earlier).to_vec()
            },
            days: 9,
            others: if is_new { 0 } else { 3 },
            next: (!is_new).then(|| "/focal-point/kr-msit/requests/af2".into()),
        }
    }
}

impl AffiliationRequest {
    fn of(status: &str, own: bool) -> Self {
        let pending = status == "pending";
        Self {
            for_administrators: false,
            organization: Workspace::sample(),
            form: FormState::default(),
            request: RequestRow::sample(status),
            decided_at: (!pending).then(samples::at),
            reason: (status == "rejected").then(|| "Not known here".into()),
            decidable: pending && !own,
            own,
            rights: vec![],
            help: pending.then(|| RequestHelp::sample(if own { "unknown" } else { "foreign" })),
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
                help: Some(RequestHelp::sample("own")),
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
    pub organization: Workspace,
    pub form: FormState,
    pub rows: Vec<PersonRow>,
    pub paging: Paging,
    /// The address of the same people as a file.
    pub file: String,
}

impl Page for FocalPointPeople {
    const TEMPLATE: &'static str = "focal_point_people";

    fn samples() -> Vec<Self> {
        let page = |rows: Vec<PersonRow>, total| Self {
            organization: Workspace::sample(),
            form: FormState::new([("q", "")]),
            rows,
            paging: Paging::new(1, 25, total, "/focal-point/kr-msit/people", &[]),
            file: "/focal-point/kr-msit/people.csv?q=do%22e".into(),
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
    pub organization: Workspace,
    pub form: FormState,
    pub person: PersonRow,
    pub rights: Vec<RightView>,
    /// `true` if this is the reader, who cannot decide about themselves.
    pub own: bool,
    /// `false` for a deputy, who decides about TIES rights alone.
    pub may_change_offices: bool,
    /// `true` for the last Focal Point, who stays unless an administrator acts.
    pub is_last_focal_point: bool,
    /// `true` if the organization is active and its membership type has TIES rights.
    pub ties_entitled: bool,
}

impl Page for FocalPointPerson {
    const TEMPLATE: &'static str = "focal_point_person";

    fn samples() -> Vec<Self> {
        let page = Self {
            organization: Workspace::sample(),
            form: FormState::default(),
            person: PersonRow::sample(),
            rights: sample_rights(),
            own: false,
            may_change_offices: true,
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
                ..page.clone()
            },
            Self {
                may_change_offices: false,
                ..page
            },
        ]
    }
}
