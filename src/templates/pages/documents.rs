//! Pages of the Terms of Use and the Privacy Notice: the text, its acceptance, and the way of a person who refuses.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::domain::document::Block;
use crate::templates::{FormState, Page, Service};

/// A version, for a link to it.
#[derive(Clone, Debug, Serialize)]
pub struct DocumentVersion {
    /// `terms` or `privacy`: also the address.
    pub kind: &'static str,
    pub version: String,
    pub effective_from: Time,
}

impl DocumentVersion {
    pub(super) fn sample(version: &str) -> Self {
        Self {
            kind: "terms",
            version: version.into(),
            effective_from: samples::at(),
        }
    }
}

/// `/terms` and `/privacy`: the version in force, or that of `?version=`.
#[derive(Clone, Debug, Serialize)]
pub struct DocumentPage {
    pub kind: &'static str,
    pub version: String,
    pub effective_from: Time,
    /// `in_force`, `past` or `coming`.
    pub state: &'static str,
    /// The day on which the next version replaced or will replace it.
    pub until: Option<Time>,
    /// What is new in it, in one sentence.
    pub changed: Option<String>,
    pub blocks: Vec<Block>,
    /// The language of the text: English where a version of the operator's lacks that of the page.
    pub language: &'static str,
    pub dir: &'static str,
    /// The next version, whose day is to come.
    pub announced: Option<DocumentVersion>,
    /// All versions, the newest first.
    pub versions: Vec<DocumentVersion>,
}

impl Page for DocumentPage {
    const TEMPLATE: &'static str = "document";

    fn samples() -> Vec<Self> {
        let page = Self {
            kind: "terms",
            version: "2026-11".into(),
            effective_from: samples::at(),
            state: "in_force",
            until: None,
            changed: None,
            blocks: vec![
                Block::Heading("One account, one person".into()),
                Block::Paragraph("An account belongs to <one> human being.".into()),
                Block::Items(vec!["Keep it correct.".into(), "Keep it to yourself.".into()]),
            ],
            language: "en",
            dir: "ltr",
            announced: None,
            versions: vec![DocumentVersion::sample("2026-11")],
        };
        let two = vec![
            DocumentVersion::sample("2027-03"),
            DocumentVersion::sample("2026-11"),
        ];
        vec![
            page.clone(),
            Self {
                kind: "privacy",
                changed: Some("The periods are named.".into()),
                announced: Some(DocumentVersion::sample("2027-03")),
                versions: two.clone(),
                ..page.clone()
            },
            Self {
                state: "past",
                until: Some(samples::at()),
                versions: two.clone(),
                ..page.clone()
            },
            Self {
                state: "coming",
                versions: two,
                announced: Some(DocumentVersion::sample("2026-11")),
                ..page
            },
        ]
    }
}

/// A document that the person has yet to accept.
#[derive(Clone, Debug, Serialize)]
pub struct ChangedDocument {
    pub kind: &'static str,
    pub version: String,
    pub effective_from: Time,
    /// What changed since the version that the person accepted, one sentence for each version.
    pub changes: Vec<String>,
}

/// `/terms/accept`: the button `accept_terms`, at the first login of a person taken over from elsewhere, and as soon as
/// a new version is in force; `decision=refuse` leads to `/terms/refused`.
#[derive(Clone, Debug, Serialize)]
pub struct AcceptTerms {
    pub form: FormState,
    pub service: Option<Service>,
    /// Names the texts that are offered, for the form.
    pub version: String,
    /// `true` if the person accepted an older version.
    pub again: bool,
    pub documents: Vec<ChangedDocument>,
}

impl Page for AcceptTerms {
    const TEMPLATE: &'static str = "accept_terms";

    fn samples() -> Vec<Self> {
        let document = |kind, changes: &[&str]| ChangedDocument {
            kind,
            version: "2026-11".into(),
            effective_from: samples::at(),
            changes: changes.iter().map(|it| (*it).to_owned()).collect(),
        };
        let page = Self {
            form: FormState::default(),
            service: None,
            version: "2026-11 2026-11".into(),
            again: false,
            documents: vec![document("terms", &[]), document("privacy", &[])],
        };
        vec![
            page.clone(),
            Self {
                again: true,
                documents: vec![document(
                    "privacy",
                    &["The periods are named.", "Another change."],
                )],
                service: Some(samples::service()),
                ..page.clone()
            },
            Self {
                form: FormState::default().error("accept_terms", "error.accept_terms"),
                service: Some(samples::service()),
                ..page
            },
        ]
    }
}

/// `/terms/refused`.
#[derive(Clone, Debug, Serialize)]
pub struct TermsRefused {
    pub service: Option<Service>,
}

impl Page for TermsRefused {
    const TEMPLATE: &'static str = "terms_refused";

    fn samples() -> Vec<Self> {
        let service = Some(samples::service());
        vec![Self { service: None }, Self { service }]
    }
}
