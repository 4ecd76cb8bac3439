//! `/admin/terms`: the versions of the Terms of Use and of the Privacy Notice, and one of them with its text and what changed in it.

use serde::Serialize;

use super::paging::Paging;
use super::samples;
use crate::domain::Time;
use crate::domain::document::Block;
use crate::domain::document_difference::DocumentDifference;
use crate::templates::{FormState, Page};

/// A version.
#[derive(Clone, Debug, Serialize)]
pub struct VersionRow {
    /// `terms` or `privacy`.
    pub kind: &'static str,
    pub version: String,
    /// `scheduled`, `in_force` or `former`.
    pub state: &'static str,
    pub effective_from: Time,
    /// The day on which the next one replaced or will replace it.
    pub until: Option<Time>,
    /// The codes of the languages that it lacks.
    pub missing: Vec<&'static str>,
    /// The people who accepted it; `None` before the first count.
    pub accepted: Option<u64>,
    /// The people who have yet to accept it, if it is in force.
    pub yet_to_accept: Option<u64>,
    pub counted_at: Option<Time>,
}

impl VersionRow {
    pub(super) fn sample(kind: &'static str, state: &'static str) -> Self {
        Self {
            kind,
            version: "2026-11".into(),
            state,
            effective_from: samples::at(),
            until: (state != "scheduled").then(samples::at),
            missing: if state == "scheduled" {
                vec!["ar", "zh"]
            } else {
                vec![]
            },
            accepted: (state != "scheduled").then_some(812_345),
            yet_to_accept: (state == "in_force").then_some(1),
            counted_at: (state != "scheduled").then(samples::at),
        }
    }
}

/// `/admin/terms?q=&kind=&state=&page=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminTerms {
    pub form: FormState,
    pub rows: Vec<VersionRow>,
    pub paging: Paging,
}

impl Page for AdminTerms {
    const TEMPLATE: &'static str = "admin_terms";

    fn samples() -> Vec<Self> {
        let page = Self {
            form: FormState::default(),
            rows: vec![
                VersionRow::sample("terms", "scheduled"),
                VersionRow::sample("terms", "in_force"),
                VersionRow::sample("privacy", "former"),
            ],
            paging: Paging::new(1, 25, 3, "/admin/terms", &[]),
        };
        vec![
            page.clone(),
            Self {
                form: FormState::new([("q", "x"), ("kind", "x")]).error("kind", "error.choose"),
                rows: vec![],
                paging: Paging::new(1, 25, 0, "/admin/terms", &[]),
            },
            Self {
                paging: Paging::new(1, 2, 3, "/admin/terms", &[]),
                ..page
            },
        ]
    }
}

/// A version in one language.
#[derive(Clone, Debug, Serialize)]
pub struct VersionLanguage {
    pub code: &'static str,
    /// `None` if it is missing, and shown in English.
    pub sha256: Option<String>,
}

/// What changed from the version before.
#[derive(Clone, Debug, Serialize)]
pub struct VersionDifference {
    pub before: String,
    pub difference: DocumentDifference,
}

/// The administrator who published a version.
#[derive(Clone, Debug, Serialize)]
pub struct Publisher {
    pub id: String,
    pub name: String,
}

/// `/admin/terms/{kind}/{version}?language=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminTermsVersion {
    pub row: VersionRow,
    /// `program`, `directory` or `published`.
    pub source: &'static str,
    /// The time at which it was published, if it does not come from a file.
    pub published_at: Option<Time>,
    /// The administrator who published it, if it was one.
    pub publisher: Option<Publisher>,
    /// The records about it, if it does not come from a file.
    pub trail: Option<String>,
    /// `true` if it can be given another day, or be withdrawn.
    pub can_be_changed: bool,
    pub languages: Vec<VersionLanguage>,
    /// The language that was chosen.
    pub language: &'static str,
    /// The language of the text, and its direction.
    pub written_in: &'static str,
    pub dir: &'static str,
    /// What is new in it, in one sentence.
    pub changed: Option<String>,
    pub blocks: Vec<Block>,
    /// `None` for the first version.
    pub changes: Option<VersionDifference>,
}

impl Page for AdminTermsVersion {
    const TEMPLATE: &'static str = "admin_terms_version";

    fn samples() -> Vec<Self> {
        let before = [
            Block::Heading("One account, one person".into()),
            Block::Paragraph("Kept for <7> days.".into()),
            Block::Items(vec!["Keep it correct.".into(), "Keep it to yourself.".into()]),
        ];
        let after = [
            Block::Heading("One account, one person".into()),
            Block::Paragraph("Kept for <30> days.".into()),
            Block::Items(vec!["Keep it correct.".into(), "Another thing entirely".into()]),
            Block::Paragraph("One.".into()),
            Block::Paragraph("Two.".into()),
        ];
        let changes = |after: &[Block]| {
            Some(VersionDifference {
                before: "2020-01".into(),
                difference: DocumentDifference::between(&before, after),
            })
        };
        let languages = |missing: &[&str]| -> Vec<VersionLanguage> {
            let language = |code: &'static str| VersionLanguage {
                code,
                sha256: (!missing.contains(&code)).then(|| "0123456789abcdef".repeat(4)),
            };
            ["ar", "en", "es", "fr", "ru", "zh"].map(language).into()
        };
        let page = Self {
            row: VersionRow::sample("terms", "in_force"),
            source: "program",
            published_at: None,
            publisher: None,
            trail: None,
            can_be_changed: false,
            languages: languages(&[]),
            language: "en",
            written_in: "en",
            dir: "ltr",
            changed: Some("The periods are named.".into()),
            blocks: after.to_vec(),
            changes: changes(&after),
        };
        vec![
            page.clone(),
            Self {
                row: VersionRow::sample("privacy", "scheduled"),
                source: "directory",
                languages: languages(&["ar", "zh"]),
                language: "ar",
                ..page.clone()
            },
            Self {
                changes: changes(&before),
                ..page.clone()
            },
            Self {
                row: VersionRow::sample("terms", "scheduled"),
                source: "published",
                published_at: Some(samples::at()),
                publisher: Some(Publisher {
                    id: "a\"1".into(),
                    name: "Dr. <b>Anne</b> Exemplaire".into(),
                }),
                trail: Some("/admin/audit?subject=document%3Aterms%2F2026-11".into()),
                can_be_changed: true,
                ..page.clone()
            },
            Self {
                source: "published",
                published_at: Some(samples::at()),
                trail: Some("/admin/audit?subject=document%3Aterms%2F2026-11".into()),
                ..page.clone()
            },
            Self {
                row: VersionRow::sample("terms", "former"),
                changed: None,
                changes: None,
                ..page
            },
        ]
    }
}
