//! Mails about deputies of Focal Points: to the deputy, and to the Focal Points of the organization.

use serde::Serialize;

use crate::domain::Time;
use crate::templates::MailTemplate;

#[derive(Clone, Debug, Serialize)]
pub struct DeputyMail {
    /// The name of the recipient.
    pub name: String,
    pub organization: String,
    pub deputy: String,
    /// `true` if the recipient is the deputy.
    pub is_own: bool,
    /// The first and the last day.
    pub from: Time,
    pub until: Time,
    /// The page of the offices.
    pub path: String,
}

impl DeputyMail {
    fn samples() -> [Self; 2] {
        let at = |day: &str| day.parse().unwrap_or_default();
        [true, false].map(|is_own| Self {
            name: "Mina Kim".into(),
            organization: "Ministry of Science & ICT".into(),
            deputy: "John <i>Doe</i>".into(),
            is_own,
            from: at("2026-12-21T00:00:00Z"),
            until: at("2027-01-03T00:00:00Z"),
            path: "/focal-point/kr-msit/office".into(),
        })
    }
}

/// The mail when a deputy is named.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct DeputyNamed(pub DeputyMail);

impl MailTemplate for DeputyNamed {
    const NAME: &'static str = "deputy_named";

    fn samples() -> Vec<Self> {
        DeputyMail::samples().map(Self).into()
    }
}

/// The mail when the term is over, or was ended.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct DeputyEnded(pub DeputyMail);

impl MailTemplate for DeputyEnded {
    const NAME: &'static str = "deputy_ended";

    fn samples() -> Vec<Self> {
        DeputyMail::samples().map(Self).into()
    }
}
