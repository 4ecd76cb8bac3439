//! One version of a document: its text in each language, and where it comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::Time;
use crate::domain::document::{Document, DocumentKind, Publication, Texts};
use crate::domain::profile::Language;

/// Where a version comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is compiled in.
    Program,
    /// The directory of `[site] documents`.
    Directory,
    /// It was published from the console, by a program or at the command line.
    Published,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Directory => "directory",
            Self::Published => "published",
        }
    }
}

/// The texts of one version, by language. English is the text of those that are missing.
#[derive(Debug)]
pub struct Version {
    pub(super) english: Arc<Document>,
    pub(super) others: BTreeMap<&'static str, Arc<Document>>,
    pub(super) files: Texts,
    pub(super) source: Source,
    pub(super) publication: Option<Publication>,
}

impl Version {
    /// Reads the files of a version, and refuses what is no version of a document.
    pub fn read(kind: DocumentKind, files: Texts) -> Result<Self, String> {
        let mut texts = BTreeMap::new();
        for (name, file) in &files {
            let code = name.strip_suffix(".md").unwrap_or(name);
            let language =
                Language::parse(code).ok_or_else(|| format!("{name}: no language of this program"))?;
            let document = Document::parse(kind, language, file).map_err(|it| format!("{name}: {it}"))?;
            texts.insert(language.as_str(), Arc::new(document));
        }
        let english = texts.remove(Language::En.as_str()).ok_or("there is no en.md")?;
        for other in texts.values() {
            if (&other.version, other.effective_from) != (&english.version, english.effective_from) {
                return Err(format!(
                    "{}.md: version and date are not those of en.md",
                    other.language.as_str()
                ));
            }
        }
        Ok(Self {
            english,
            others: texts,
            files,
            source: Source::Published,
            publication: None,
        })
    }

    /// Returns the text in a language, or the English one.
    pub fn text(&self, language: Language) -> &Arc<Document> {
        self.others.get(language.as_str()).unwrap_or(&self.english)
    }

    pub fn english(&self) -> &Document {
        &self.english
    }

    /// Returns the texts as files by their names: `en.md`.
    pub const fn files(&self) -> &Texts {
        &self.files
    }

    pub const fn source(&self) -> Source {
        self.source
    }

    /// Returns who published it and when, if it does not come from a file.
    pub const fn publication(&self) -> Option<&Publication> {
        self.publication.as_ref()
    }

    pub fn is_in_force(&self, now: Time) -> bool {
        self.english.is_in_force(now)
    }
}
