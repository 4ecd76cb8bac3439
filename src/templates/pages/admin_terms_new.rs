//! `/admin/terms/new`, its confirmation, and the confirmation of what happens to a version whose day is to come.

use serde::Serialize;

use super::admin_terms::{VersionDifference, VersionRow};
use super::samples;
use crate::domain::Time;
use crate::domain::document::Block;
use crate::domain::document_difference::DocumentDifference;
use crate::templates::{FormState, Page};

/// The two fields of a language.
#[derive(Clone, Debug, Serialize)]
pub struct TermsFields {
    pub code: &'static str,
    pub dir: &'static str,
    /// The names of the fields: what changed, and the text.
    pub changed: &'static str,
    pub text: &'static str,
}

/// `/admin/terms/new?draft=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminTermsNew {
    pub form: FormState,
    /// English first.
    pub languages: Vec<TermsFields>,
    pub longest_changed: usize,
    pub longest_text: u64,
    pub most_lines: u64,
}

impl Page for AdminTermsNew {
    const TEMPLATE: &'static str = "admin_terms_new";

    fn samples() -> Vec<Self> {
        let of = |code, dir, changed, text| TermsFields {
            code,
            dir,
            changed,
            text,
        };
        let page = Self {
            form: FormState::default(),
            languages: vec![
                of("en", "ltr", "texts.en.changed", "texts.en.text"),
                of("ar", "rtl", "texts.ar.changed", "texts.ar.text"),
                of("es", "ltr", "texts.es.changed", "texts.es.text"),
                of("fr", "ltr", "texts.fr.changed", "texts.fr.text"),
                of("ru", "ltr", "texts.ru.changed", "texts.ru.text"),
                of("zh", "ltr", "texts.zh.changed", "texts.zh.text"),
            ],
            longest_changed: 500,
            longest_text: 40_000,
            most_lines: 1_000,
        };
        let typed = [
            ("kind", "terms"),
            ("version", "2020-01"),
            ("effective", "2020-01-01"),
            ("texts.en.changed", "The <periods> are named."),
            ("texts.en.text", "## One account\n\nA text & more."),
            ("texts.ar.text", "\u{646}\u{635}"),
        ];
        let refused = FormState::new(typed)
            .error("kind", "error.choose")
            .error("version", "error.version_taken")
            .error("effective", "error.version_day")
            .error("texts.en.text", "error.version_same")
            .error("texts.ar.changed", "error.required");
        let wrong_name = FormState::new(typed)
            .error("version", "error.version")
            .error("effective", "error.date_past");
        vec![
            page.clone(),
            Self {
                form: refused,
                ..page.clone()
            },
            Self {
                form: wrong_name,
                ..page
            },
        ]
    }
}

/// `/admin/terms/new/confirm?draft=&language=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminTermsPreview {
    /// The name of the texts, as they are kept.
    pub draft: String,
    /// The state of the documents that is shown.
    pub seen: String,
    pub kind: &'static str,
    pub version: String,
    pub effective_from: Time,
    /// `true` if its day has come.
    pub is_in_force_at_once: bool,
    /// The people who will be asked to accept it; `None` before the first count.
    pub people: Option<u64>,
    /// The codes of the languages that it lacks.
    pub missing: Vec<&'static str>,
    pub languages: Vec<&'static str>,
    /// The language that was chosen.
    pub language: &'static str,
    /// The language of the text, and its direction.
    pub written_in: &'static str,
    pub dir: &'static str,
    pub changed: Option<String>,
    pub blocks: Vec<Block>,
    /// `None` for the first version.
    pub changes: Option<VersionDifference>,
}

impl Page for AdminTermsPreview {
    const TEMPLATE: &'static str = "admin_terms_preview";

    fn samples() -> Vec<Self> {
        let before = [Block::Paragraph("Kept for <7> days.".into())];
        let after = [
            Block::Heading("One account, one person".into()),
            Block::Paragraph("Kept for <30> days.".into()),
        ];
        let page = Self {
            draft: "0123abcd".into(),
            seen: "7".into(),
            kind: "terms",
            version: "2027-02".into(),
            effective_from: samples::at(),
            is_in_force_at_once: false,
            people: Some(812_345),
            missing: vec![],
            languages: vec!["en", "ar", "es", "fr", "ru", "zh"],
            language: "en",
            written_in: "en",
            dir: "ltr",
            changed: Some("The periods are named.".into()),
            blocks: after.to_vec(),
            changes: Some(VersionDifference {
                before: "2026-11".into(),
                difference: DocumentDifference::between(&before, &after),
            }),
        };
        vec![
            page.clone(),
            Self {
                kind: "privacy",
                is_in_force_at_once: true,
                people: Some(1),
                missing: vec!["ar", "zh"],
                language: "ar",
                ..page.clone()
            },
            Self {
                people: None,
                missing: vec!["zh"],
                changes: None,
                ..page.clone()
            },
            Self {
                is_in_force_at_once: true,
                people: None,
                ..page
            },
        ]
    }
}

/// `/admin/terms/{kind}/{version}/confirm?action=`.
#[derive(Clone, Debug, Serialize)]
pub struct AdminTermsConfirm {
    pub row: VersionRow,
    /// `schedule` or `withdraw`.
    pub act: &'static str,
    /// The state of the documents that is shown.
    pub seen: String,
    /// The people who will be asked to accept it; `None` before the first count.
    pub people: Option<u64>,
    pub form: FormState,
}

impl Page for AdminTermsConfirm {
    const TEMPLATE: &'static str = "admin_terms_confirm";

    fn samples() -> Vec<Self> {
        let page = Self {
            row: VersionRow::sample("terms", "scheduled"),
            act: "schedule",
            seen: "7".into(),
            people: Some(812_345),
            form: FormState::new([("effective", "2027-02-01")]),
        };
        vec![
            Self {
                act: "withdraw",
                ..page.clone()
            },
            Self {
                people: None,
                form: FormState::new([("effective", "soon")]).error("effective", "error.date"),
                ..page.clone()
            },
            page,
        ]
    }
}
