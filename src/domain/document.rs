//! The Terms of Use and the Privacy Notice: their versions, each with a date of effect and a text in each language, and
//! what a person accepted of them. `documents` reads the files and says which version is in force.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};

use super::account::Account;
use super::profile::Language;
use super::secret::Digest;
use super::{AccountId, Time};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    Terms,
    Privacy,
}

impl DocumentKind {
    pub const ALL: [Self; 2] = [Self::Terms, Self::Privacy];

    /// Returns the name in files, rows and forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terms => "terms",
            Self::Privacy => "privacy",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "form", content = "text", rename_all = "snake_case")]
pub enum Block {
    Heading(String),
    Paragraph(String),
    Items(Vec<String>),
}

/// One version in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub kind: DocumentKind,
    pub version: String,
    pub language: Language,
    /// The beginning of the day of effect, by UTC.
    pub effective_from: Time,
    /// One sentence on what is new in it; the first version has none.
    pub changed: Option<String>,
    pub blocks: Vec<Block>,
    /// The SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
}

/// The reason why a file is no document: the line, and what is wrong with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct DocumentError {
    pub line: usize,
    pub reason: &'static str,
}

impl Document {
    /// Reads a file: the lines `version: …`, `effective: YYYY-MM-DD` and, after the first version, `changed: …`; an empty
    /// line; then headings (`## `), list items (`- `) and paragraphs, with an empty line between them. What else
    /// Markdown has is text.
    pub fn parse(kind: DocumentKind, language: Language, file: &str) -> Result<Self, DocumentError> {
        let wrong = |line, reason| DocumentError { line, reason };
        let mut lines = file.lines().zip(1..).map(|(text, line)| (line, text.trim_end()));
        let (mut version, mut effective, mut changed) = (None, None, None);
        for (line, text) in lines.by_ref().take_while(|(_, text)| !text.is_empty()) {
            match text.split_once(": ") {
                Some(("version", it)) if is_version(it) => version = Some(it.to_owned()),
                Some(("version", _)) => {
                    return Err(wrong(line, "a version has 1 to 32 letters, digits, . and -"));
                }
                Some(("effective", it)) => {
                    let day = NaiveDate::parse_from_str(it, "%Y-%m-%d");
                    let day = day.map_err(|_| wrong(line, "effective is a date, YYYY-MM-DD"))?;
                    effective = Some(day.and_time(NaiveTime::MIN).and_utc());
                }
                Some(("changed", it)) => changed = Some(it.to_owned()),
                _ => return Err(wrong(line, "the head has version, effective and changed")),
            }
        }
        let blocks = blocks(lines.map(|(_, text)| text));
        if blocks.is_empty() {
            return Err(wrong(1, "there is no text after the head"));
        }
        Ok(Self {
            kind,
            version: version.ok_or_else(|| wrong(1, "there is no version"))?,
            language,
            effective_from: effective.ok_or_else(|| wrong(1, "there is no date of effect"))?,
            changed,
            blocks,
            sha256: Digest::of(file.as_bytes()).as_str().to_owned(),
        })
    }

    pub fn is_in_force(&self, now: Time) -> bool {
        self.effective_from <= now
    }
}

/// The texts of a version as files by their names: `en.md`.
pub type Texts = BTreeMap<String, String>;

/// Who published a version, if it was a person whose account there is, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    pub by: Option<AccountId>,
    pub at: Time,
}

/// A version that was published while the service ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedVersion {
    pub kind: DocumentKind,
    pub version: String,
    pub files: Texts,
    pub publication: Publication,
}

/// Writes the file of a text, as [`Document::parse`] reads it.
pub fn file(version: &str, day: NaiveDate, changed: &str, text: &str) -> String {
    let text = text.trim_end();
    format!("version: {version}\neffective: {day}\nchanged: {changed}\n\n{text}\n")
}

/// Returns the file with another day of effect.
pub fn moved_to(day: NaiveDate, file: &str) -> String {
    let mut is_head = true;
    let lines = file.split_inclusive('\n').map(|line| {
        is_head = is_head && !line.trim_end().is_empty();
        if is_head && line.starts_with("effective: ") {
            format!("effective: {day}\n")
        } else {
            line.to_owned()
        }
    });
    lines.collect()
}

/// Returns `true` for a name that is at home in an address and as a folder.
pub fn is_version(text: &str) -> bool {
    let is_allowed = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'.';
    (1..=32).contains(&text.len()) && text.bytes().all(is_allowed) && !text.starts_with('.')
}

fn blocks<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut goes_on = false;
    for line in lines {
        if line.is_empty() {
            goes_on = false;
        } else if let Some(heading) = line.strip_prefix("## ") {
            blocks.push(Block::Heading(heading.to_owned()));
            goes_on = false;
        } else if let Some(item) = line.strip_prefix("- ") {
            match blocks.last_mut() {
                Some(Block::Items(items)) if goes_on => items.push(item.to_owned()),
                _ => blocks.push(Block::Items(vec![item.to_owned()])),
            }
            goes_on = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(text)) if goes_on => {
                    text.push(' ');
                    text.push_str(line);
                }
                _ => blocks.push(Block::Paragraph(line.to_owned())),
            }
            goes_on = true;
        }
    }
    blocks
}

/// The text that a person was shown and accepted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Acceptance {
    pub document: DocumentKind,
    pub version: String,
    pub language: Language,
    pub sha256: String,
}

impl From<&Document> for Acceptance {
    fn from(document: &Document) -> Self {
        Self {
            document: document.kind,
            version: document.version.clone(),
            language: document.language,
            sha256: document.sha256.clone(),
        }
    }
}

impl Acceptance {
    /// Returns the version of a kind among those that were accepted together.
    pub fn version_of(kind: DocumentKind, accepted: &[Self]) -> Option<String> {
        let found = accepted.iter().find(|it| it.document == kind);
        found.map(|it| it.version.clone())
    }
}

impl Account {
    /// Returns the version that the person accepted last, if any yet.
    pub fn accepted(&self, kind: DocumentKind) -> Option<&str> {
        match kind {
            DocumentKind::Terms => self.terms_version.as_deref(),
            DocumentKind::Privacy => self.privacy_version.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "version: 2026-11\neffective: 2026-11-29\nchanged: All of it.\n\n## One\nA text\nof two lines.\n\n- first\n- second\n\nAnother.\n";

    fn parse(file: &str) -> Result<Document, DocumentError> {
        Document::parse(DocumentKind::Terms, Language::En, file)
    }

    #[test]
    fn a_file_is_a_head_and_blocks() {
        let document = parse(FILE).unwrap();
        assert_eq!(document.version, "2026-11");
        assert_eq!(document.changed.as_deref(), Some("All of it."));
        assert_eq!(
            document.blocks,
            [
                Block::Heading("One".into()),
                Block::Paragraph("A text of two lines.".into()),
                Block::Items(vec!["first".into(), "second".into()]),
                Block::Paragraph("Another.".into()),
            ]
        );
        // `sha256sum` of the same bytes
        assert_eq!(document.sha256.len(), 64);
        assert_ne!(document.sha256, parse(&FILE.replace("two", "2")).unwrap().sha256);
    }

    #[test]
    fn a_file_is_written_as_it_is_read_and_moved_to_another_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let text = "## One\neffective: 2020-01-01\n";
        let written = file("2027-02", day("2027-02-01"), "All of it.", text);
        let document = parse(&written).unwrap();
        assert_eq!(document.changed.as_deref(), Some("All of it."));
        assert_eq!(document.effective_from.date_naive(), day("2027-02-01"));
        let moved = moved_to(day("2027-03-01"), &written);
        assert_eq!(moved, file("2027-02", day("2027-03-01"), "All of it.", text));
        let unordered = "effective: 2027-02-01\r\nversion: 1\n\ntext";
        assert_eq!(
            moved_to(day("2027-03-01"), unordered),
            "effective: 2027-03-01\nversion: 1\n\ntext"
        );
    }

    #[test]
    fn a_version_counts_from_the_beginning_of_its_day() {
        let document = parse(FILE).unwrap();
        assert!(document.is_in_force(document.effective_from));
        assert!(!document.is_in_force(document.effective_from - chrono::Duration::milliseconds(1)));
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_line() {
        for (file, line) in [
            ("", 1),
            ("version: 1\neffective: 2026-11-29\n", 1),
            ("version: 1\n\ntext\n", 1),
            ("effective: 2026-11-29\n\ntext\n", 1),
            ("version: ../1\neffective: 2026-11-29\n\ntext\n", 1),
            ("version: 1\neffective: soon\n\ntext\n", 2),
            ("version: 1\neffective: 2026-11-29\ntitle: x\n\ntext\n", 3),
        ] {
            assert_eq!(parse(file).unwrap_err().line, line, "{file}");
        }
    }
}
