//! A version of a document that is to be published, as it is typed or as files: what each text may be, by the rule for files, and
//! by a length. `publications` compares it with the versions that there are.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::documents::Version;
use crate::domain::document::{self, DocumentKind, Publication, PublishedVersion, Texts, is_version};
use crate::domain::message::{FieldErrors, Message};
use crate::domain::profile::Language;
use crate::domain::text;
use crate::i18n::{self, Locale};

/// The longest text, in characters, and the most lines of it: it is compared with another, line by line.
pub const LONGEST_TEXT: usize = 40_000;
pub const MOST_LINES: usize = 1_000;
/// The longest sentence about what changed, in characters.
pub const LONGEST_CHANGED: usize = 500;

/// A version as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// `terms` or `privacy`.
    pub kind: String,
    pub version: String,
    /// The first day, `YYYY-MM-DD`.
    pub effective: String,
    /// The texts by the codes of their languages.
    pub texts: BTreeMap<String, DraftText>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftText {
    /// What is new in it, in one sentence.
    pub changed: String,
    /// The text below the head of a file.
    pub text: String,
}

/// A version whose texts can be published.
#[derive(Debug)]
pub struct NewVersion {
    kind: DocumentKind,
    version: Version,
}

impl NewVersion {
    /// Reads what was typed. English is needed; of another language both fields are, or none.
    pub fn typed(draft: &Draft) -> Result<Self, FieldErrors> {
        let mut wrong = FieldErrors::new();
        let kind = DocumentKind::parse(&draft.kind);
        if kind.is_none() {
            wrong.insert("kind", "error.choose");
        }
        let name = draft.version.trim();
        if name.is_empty() {
            wrong.insert("version", "error.required");
        } else if !is_version(name) {
            wrong.insert("version", "error.version");
        }
        let day = parse_day(&draft.effective);
        if let Err(message) = day {
            wrong.insert("effective", message);
        }
        if draft.texts.keys().any(|it| Language::parse(it).is_none()) {
            wrong.insert("texts", "error.choose");
        }
        let mut texts = Vec::new();
        for language in Language::ALL {
            if let Some((changed, text)) = text_in(*language, draft, &mut wrong) {
                texts.push((*language, changed, text));
            }
        }
        let (Some(kind), Ok(day), true) = (kind, day, wrong.is_empty()) else {
            return Err(wrong);
        };
        let files = texts.iter().map(|(language, changed, text)| {
            let file = document::file(name, day, changed, text);
            (file_name(*language), file)
        });
        match Version::read(kind, files.collect()) {
            Ok(version) => Ok(Self { kind, version }),
            Err(_) => Err(FieldErrors::from([("texts.en.text", "error.invalid")])),
        }
    }

    /// Reads files, which say version and day in their heads. The error says what is wrong with which file.
    pub fn of_files(kind: DocumentKind, files: Texts) -> Result<Self, String> {
        let version = Version::read(kind, files)?;
        for (name, file) in version.files() {
            let wrong = |it: Message| format!("{name}: {}", i18n::plain(Locale::En, &it));
            // The head comes on top of the text.
            prose(file, LONGEST_TEXT + 1_000, MOST_LINES + 10).map_err(wrong)?;
        }
        for language in Language::ALL {
            let text = version.text(*language);
            if text.language == *language && text.changed.is_none() {
                return Err(format!("{}: does not say what changed", file_name(*language)));
            }
        }
        Ok(Self { kind, version })
    }

    pub const fn kind(&self) -> DocumentKind {
        self.kind
    }

    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// Returns it as it is stored.
    pub fn published(&self, publication: Publication) -> PublishedVersion {
        PublishedVersion {
            kind: self.kind,
            version: self.name().to_owned(),
            files: self.version.files().clone(),
            publication,
        }
    }

    /// Returns the name of the version.
    pub fn name(&self) -> &str {
        &self.version.english().version
    }
}

/// Reads the two fields of a language; `None` if they are empty, or wrong.
fn text_in(language: Language, draft: &Draft, wrong: &mut FieldErrors) -> Option<(String, String)> {
    let typed = draft.texts.get(language.as_str());
    let is_empty = typed.is_none_or(|it| it.changed.trim().is_empty() && it.text.trim().is_empty());
    if is_empty && language != Language::En {
        return None;
    }
    let (changed, text) = typed.map_or(("", ""), |it| (it.changed.as_str(), it.text.as_str()));
    let changed = prose(changed, LONGEST_CHANGED, MOST_LINES).and_then(|it| {
        if it.contains('\n') {
            Err("error.invalid".into())
        } else {
            Ok(it)
        }
    });
    let text = prose(text, LONGEST_TEXT, MOST_LINES);
    match (changed, text) {
        (Ok(changed), Ok(text)) => Some((changed, text)),
        (changed, text) => {
            let [of_changed, of_text] = fields(language);
            wrong.extend(changed.err().map(|it| (of_changed, it)));
            wrong.extend(text.err().map(|it| (of_text, it)));
            None
        }
    }
}

/// Reads text of several lines that is not empty.
fn prose(typed: &str, longest: usize, most_lines: usize) -> Result<String, Message> {
    let text = text::prose(typed, longest).map_err(text::Refused::message)?;
    if text.is_empty() {
        return Err("error.required".into());
    }
    if text.lines().count() > most_lines {
        return Err("error.too_long".into());
    }
    Ok(text)
}

/// Reads a day as it was typed.
pub fn parse_day(typed: &str) -> Result<NaiveDate, &'static str> {
    match typed.trim() {
        "" => Err("error.required"),
        typed => NaiveDate::parse_from_str(typed, "%Y-%m-%d").map_err(|_| "error.date"),
    }
}

/// Returns the names of the two fields of a language: what changed, and the text.
pub const fn fields(language: Language) -> [&'static str; 2] {
    match language {
        Language::Ar => ["texts.ar.changed", "texts.ar.text"],
        Language::En => ["texts.en.changed", "texts.en.text"],
        Language::Es => ["texts.es.changed", "texts.es.text"],
        Language::Fr => ["texts.fr.changed", "texts.fr.text"],
        Language::Ru => ["texts.ru.changed", "texts.ru.text"],
        Language::Zh => ["texts.zh.changed", "texts.zh.text"],
    }
}

fn file_name(language: Language) -> String {
    format!("{}.md", language.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(texts: &[(&str, &str, &str)]) -> Draft {
        let texts = texts.iter().map(|(language, changed, text)| {
            let (changed, text) = ((*changed).to_owned(), (*text).to_owned());
            ((*language).to_owned(), DraftText { changed, text })
        });
        Draft {
            kind: "terms".into(),
            version: " 2027-02 ".into(),
            effective: "2027-02-01".into(),
            texts: texts.collect(),
        }
    }

    fn refused(draft: &Draft) -> Vec<(&'static str, String)> {
        let wrong = NewVersion::typed(draft).expect_err("refused");
        wrong
            .into_iter()
            .map(|(name, it)| (name, it.key.into_owned()))
            .collect()
    }

    #[test]
    fn a_draft_becomes_files_as_others_are() {
        let typed = draft(&[
            ("en", "All.", "\r\n## One\r\n\r\n- a\r\n"),
            ("fr", "Tout.", "Un texte."),
            ("zh", " ", ""),
        ]);
        let new = NewVersion::typed(&typed).expect("a version");
        assert_eq!(new.name(), "2027-02");
        let files: Vec<&str> = new.version().files().keys().map(String::as_str).collect();
        assert_eq!(files, ["en.md", "fr.md"]);
        let english = &new.version().files()["en.md"];
        assert_eq!(
            english,
            "version: 2027-02\neffective: 2027-02-01\nchanged: All.\n\n## One\n\n- a\n"
        );
        let same = NewVersion::of_files(DocumentKind::Terms, new.version().files().clone());
        assert_eq!(
            same.expect("the same").version().english(),
            new.version().english()
        );
    }

    #[test]
    fn each_wrong_field_is_named() {
        let empty = refused(&Draft::default());
        let names: Vec<_> = empty.iter().map(|it| it.0).collect();
        assert_eq!(
            names,
            [
                "effective",
                "kind",
                "texts.en.changed",
                "texts.en.text",
                "version"
            ]
        );
        let long = "x".repeat(LONGEST_TEXT + 1);
        let many = "x\n".repeat(MOST_LINES + 1);
        for (texts, field, key) in [
            (("fr", "", "Texte."), "texts.fr.changed", "error.required"),
            (("fr", "Tout.", ""), "texts.fr.text", "error.required"),
            (("fr", "Un\ndeux.", "Texte."), "texts.fr.changed", "error.invalid"),
            (("fr", "Tout.", &long), "texts.fr.text", "error.too_long"),
            (("fr", "Tout.", &many), "texts.fr.text", "error.too_long"),
            (("fr", "Tout.", "a\u{202E}b"), "texts.fr.text", "error.characters"),
            (("xx", "All.", "Text."), "texts", "error.choose"),
        ] {
            let typed = draft(&[("en", "All.", "Text."), texts]);
            assert_eq!(refused(&typed), [(field, key.to_owned())]);
        }
        let mut typed = draft(&[("en", "All.", "Text.")]);
        typed.version = "../x".into();
        typed.effective = "2027-13-01".into();
        typed.kind = "law".into();
        let expected = [
            ("effective", "error.date"),
            ("kind", "error.choose"),
            ("version", "error.version"),
        ];
        assert_eq!(
            refused(&typed),
            expected.map(|(name, key)| (name, key.to_owned()))
        );
    }

    #[test]
    fn files_are_refused_with_their_name() {
        let of = |text: &str| {
            let files = Texts::from([("en.md".to_owned(), text.to_owned())]);
            NewVersion::of_files(DocumentKind::Terms, files).expect_err("refused")
        };
        let head = "version: 1\neffective: 2027-02-01\n";
        assert_eq!(
            of(&format!("{head}\nText.\n")),
            "en.md: does not say what changed"
        );
        assert!(of("Text.").starts_with("en.md: line 1: "));
        let long = format!("{head}changed: All.\n\n{}", "x".repeat(LONGEST_TEXT + 1_000));
        assert_eq!(of(&long), "en.md: This text is too long. Please shorten it.");
    }
}
