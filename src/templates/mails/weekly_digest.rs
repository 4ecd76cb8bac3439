//! The weekly digest of those who hold an office.

use serde::Serialize;

use crate::domain::Time;
use crate::paths;
use crate::templates::MailTemplate;

/// The mail, with the link by which it is stopped in its text and in its head (RFC 8058).
#[derive(Clone, Serialize)]
pub struct WeeklyDigest {
    pub name: String,
    pub organization: String,
    /// The time that it sums up.
    pub from: Time,
    pub until: Time,
    pub waiting: Vec<DigestWaiting>,
    pub counts: Vec<DigestCount>,
    pub deciders: Vec<DigestDecider>,
    pub ends: Vec<DigestEnd>,
    /// The page of the requests.
    pub path: String,
    /// The token of `/weekly-digest/stop/{token}`.
    pub token: String,
}

/// Requests that wait.
#[derive(Clone, Debug, Serialize)]
pub struct DigestWaiting {
    /// `affiliations` or `ties`
    pub what: &'static str,
    pub number: u64,
    /// The days that the oldest has waited.
    pub days: u64,
}

/// How often something happened.
#[derive(Clone, Debug, Serialize)]
pub struct DigestCount {
    /// The end of the key of its text.
    pub what: &'static str,
    pub number: u64,
}

/// How much somebody decided.
#[derive(Clone, Debug, Serialize)]
pub struct DigestDecider {
    /// The name; `None` for all who are not of the organization.
    pub name: Option<String>,
    pub number: u64,
}

/// What ends soon.
#[derive(Clone, Debug, Serialize)]
pub struct DigestEnd {
    /// The name of the deputy; `None` for the membership of the organization.
    pub deputy: Option<String>,
    /// The last day.
    pub on: Time,
}

impl std::fmt::Debug for WeeklyDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeeklyDigest").finish_non_exhaustive()
    }
}

impl MailTemplate for WeeklyDigest {
    const NAME: &'static str = "weekly_digest";

    fn samples() -> Vec<Self> {
        let at = |day: &str| day.parse().unwrap_or_default();
        let count = |what, number| DigestCount { what, number };
        let mail = Self {
            name: "Mina Kim".into(),
            organization: "Ministry of Science & ICT".into(),
            from: at("2026-11-23T06:00:00Z"),
            until: at("2026-11-30T06:00:00Z"),
            waiting: vec![
                DigestWaiting {
                    what: "affiliations",
                    number: 3,
                    days: 12,
                },
                DigestWaiting {
                    what: "ties",
                    number: 1,
                    days: 0,
                },
            ],
            counts: vec![
                count("requested", 4),
                count("approved", 2),
                count("rejected", 1),
                count("withdrawn", 1),
                count("removed", 1),
                count("lapsed", 1),
                count("ties_requested", 5),
                count("ties_granted", 3),
                count("ties_refused", 1),
                count("ties_revoked", 1),
            ],
            deciders: vec![
                DigestDecider {
                    name: Some("John <i>Doe</i>".into()),
                    number: 7,
                },
                DigestDecider {
                    name: None,
                    number: 1,
                },
            ],
            ends: vec![
                DigestEnd {
                    deputy: Some("John <i>Doe</i>".into()),
                    on: at("2026-12-10T00:00:00Z"),
                },
                DigestEnd {
                    deputy: None,
                    on: at("2026-12-20T00:00:00Z"),
                },
            ],
            path: "/focal-point/kr-msit/requests".into(),
            token: "wd_0123456789.0123456789".into(),
        };
        vec![
            mail.clone(),
            Self {
                waiting: vec![DigestWaiting {
                    what: "affiliations",
                    number: 1,
                    days: 1,
                }],
                counts: vec![],
                deciders: vec![],
                ends: vec![],
                ..mail
            },
        ]
    }

    fn unsubscribe(&self) -> Option<String> {
        Some(paths::weekly_digest_stop_link(&self.token))
    }
}
