//! Mails about affiliations, TIES rights and Focal Points: to the deciders, and to the person concerned. A link leads
//! to a page and carries no power (security.md AF-2).

use serde::Serialize;

use crate::templates::MailTemplate;

/// The mail to the Focal Points, or to the administrators of an organization without one.
#[derive(Clone, Debug, Serialize)]
pub struct AffiliationRequested {
    /// The name of the recipient.
    pub name: String,
    pub organization: String,
    pub person_name: String,
    pub person_email: String,
    pub job_title: String,
    pub request_ties: bool,
    /// The path of the request's page: `/focal-point/…` or `/admin/…`.
    pub path: String,
}

impl MailTemplate for AffiliationRequested {
    const NAME: &'static str = "affiliation_requested";

    fn samples() -> Vec<Self> {
        let mail = Self {
            name: "Mina Kim".into(),
            organization: "Ministry of Science & ICT".into(),
            person_name: "John <i>Doe</i>".into(),
            person_email: "john.doe@company.com".into(),
            job_title: "General Manager".into(),
            request_ties: true,
            path: "/focal-point/kr-msit/requests/af1".into(),
        };
        vec![
            mail.clone(),
            Self {
                request_ties: false,
                ..mail
            },
        ]
    }
}

/// The mail to the person, at every change of an affiliation's status.
#[derive(Clone, Debug, Serialize)]
pub struct AffiliationChanged {
    pub name: String,
    pub organization: String,
    pub status: AffiliationNews,
    /// The reason that the decider wrote.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AffiliationNews {
    Pending,
    Approved,
    Rejected,
    Withdrawn,
    Removed,
    Lapsed,
}

impl AffiliationNews {
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Approved,
        Self::Rejected,
        Self::Withdrawn,
        Self::Removed,
        Self::Lapsed,
    ];
}

impl MailTemplate for AffiliationChanged {
    const NAME: &'static str = "affiliation_changed";

    fn samples() -> Vec<Self> {
        let of = |status| Self {
            name: "John Doe".into(),
            organization: "Ministry of Science & ICT".into(),
            status,
            reason: (status == AffiliationNews::Rejected).then(|| "Not <i>known</i> here".into()),
        };
        AffiliationNews::ALL.map(of).into()
    }
}

/// The mail to the person about what became of TIES rights. Labels are in the mail's language.
#[derive(Clone, Debug, Serialize)]
pub struct TiesChanged {
    pub name: String,
    pub organization: String,
    pub granted: Vec<String>,
    pub refused: Vec<String>,
    pub revoked: Vec<String>,
    pub reason: Option<String>,
}

impl MailTemplate for TiesChanged {
    const NAME: &'static str = "ties_changed";

    fn samples() -> Vec<Self> {
        let mail = Self {
            name: "John Doe".into(),
            organization: "Ministry of Science & ICT".into(),
            granted: vec!["documents".into(), "mailing_lists".into()],
            refused: vec!["collaboration".into()],
            revoked: vec![],
            reason: None,
        };
        vec![
            mail.clone(),
            Self {
                granted: vec![],
                refused: vec![],
                revoked: vec!["documents".into()],
                reason: Some("Left the team".into()),
                ..mail
            },
        ]
    }
}

/// The mail to the person who became a Focal Point.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointDesignated {
    pub name: String,
    pub organization: String,
}

impl MailTemplate for FocalPointDesignated {
    const NAME: &'static str = "focal_point_designated";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John Doe".into(),
            organization: "Ministry of Science & ICT".into(),
        }]
    }
}

/// The mail to the person who is no Focal Point any more.
#[derive(Clone, Debug, Serialize)]
pub struct FocalPointRemoved {
    pub name: String,
    pub organization: String,
    pub reason: Option<String>,
}

impl MailTemplate for FocalPointRemoved {
    const NAME: &'static str = "focal_point_removed";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John Doe".into(),
            organization: "Ministry of Science & ICT".into(),
            reason: None,
        }]
    }
}

/// One request in a digest.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingRequest {
    pub person_name: String,
    pub person_email: String,
    pub organization: String,
    pub path: String,
}

/// The mail about further requests of one person within the hour, or many at once (security.md AF-5).
#[derive(Clone, Debug, Serialize)]
pub struct RequestsDigest {
    pub name: String,
    pub requests: Vec<WaitingRequest>,
}

impl MailTemplate for RequestsDigest {
    const NAME: &'static str = "requests_digest";

    fn samples() -> Vec<Self> {
        let request = WaitingRequest {
            person_name: "John Doe".into(),
            person_email: "john.doe@company.com".into(),
            organization: "Ministry of Science & ICT".into(),
            path: "/focal-point/kr-msit/requests/af1".into(),
        };
        vec![
            Self {
                name: "Mina Kim".into(),
                requests: vec![request.clone()],
            },
            Self {
                name: "Mina Kim".into(),
                requests: vec![request; 7],
            },
        ]
    }
}

/// The mail to the Focal Points after 7 days.
#[derive(Clone, Debug, Serialize)]
pub struct RequestsReminder {
    pub name: String,
    pub organization: String,
    pub waiting: u64,
    pub path: String,
}

impl MailTemplate for RequestsReminder {
    const NAME: &'static str = "requests_reminder";

    fn samples() -> Vec<Self> {
        [1, 3]
            .map(|waiting| Self {
                name: "Mina Kim".into(),
                organization: "Ministry of Science & ICT".into(),
                waiting,
                path: "/focal-point/kr-msit/requests".into(),
            })
            .into()
    }
}

/// The mail to the administrators about all that nobody has decided in time, after 21 days, or 7 where they decide
/// themselves.
#[derive(Clone, Debug, Serialize)]
pub struct RequestsOverdue {
    pub name: String,
    pub waiting: u64,
    /// The organizations, those with the most requests first.
    pub organizations: Vec<OverdueOrganization>,
    /// The number of organizations that are not named.
    pub further: u64,
    pub path: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct OverdueOrganization {
    pub name: String,
    pub waiting: u64,
}

impl MailTemplate for RequestsOverdue {
    const NAME: &'static str = "requests_overdue";

    fn samples() -> Vec<Self> {
        [(1, 0), (25, 3)]
            .map(|(waiting, further)| Self {
                name: "Ada Min".into(),
                waiting: waiting + further,
                organizations: vec![OverdueOrganization {
                    name: "Ministry of Science & ICT".into(),
                    waiting,
                }],
                further,
                path: "/admin/requests".into(),
            })
            .into()
    }
}

/// The mail to the person who typed in an organization: it was accepted, merged into another, or rejected.
#[derive(Clone, Debug, Serialize)]
pub struct OrganizationDecided {
    pub name: String,
    pub typed: String,
    /// The organization that it became, or `None` if it was rejected.
    pub organization: Option<String>,
    pub reason: Option<String>,
}

impl MailTemplate for OrganizationDecided {
    const NAME: &'static str = "organization_decided";

    fn samples() -> Vec<Self> {
        let mail = Self {
            name: "John Doe".into(),
            typed: "Radio Lab".into(),
            organization: Some("Seoul Radio Laboratory".into()),
            reason: None,
        };
        vec![
            mail.clone(),
            Self {
                organization: None,
                reason: Some("No such organization".into()),
                ..mail
            },
        ]
    }
}
