//! The Terms of Use and the Privacy Notice of this deployment: those of `templates/documents`, compiled in, or those of
//! `[site] documents`. Says which version is in force at a time. `accounts::terms` says who accepted what.
//!
//! A file is `<terms|privacy>/<version>/<language>.md`. English is always there; a language that an operator's version
//! lacks is shown in English.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::Time;
use crate::domain::document::{Document, DocumentKind};
use crate::domain::profile::Language;
use crate::templates;

/// The versions of both documents, oldest first.
#[derive(Debug)]
pub struct Documents {
    terms: Vec<Version>,
    privacy: Vec<Version>,
    files: Files,
    source: Source,
}

/// Where the versions of a deployment come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// They are compiled in.
    Program,
    /// The directory of `[site] documents`.
    Directory,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Directory => "directory",
        }
    }
}

/// The texts of one version, by language. English is the text of those that are missing.
#[derive(Debug)]
struct Version {
    english: Document,
    others: BTreeMap<&'static str, Document>,
}

impl Version {
    fn read(kind: DocumentKind, files: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut texts = BTreeMap::new();
        for (name, file) in files {
            let code = name.strip_suffix(".md").unwrap_or(name);
            let language =
                Language::parse(code).ok_or_else(|| format!("{name}: no language of this program"))?;
            let document = Document::parse(kind, language, file).map_err(|it| format!("{name}: {it}"))?;
            texts.insert(language.as_str(), document);
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
        })
    }

    fn text(&self, language: Language) -> &Document {
        self.others.get(language.as_str()).unwrap_or(&self.english)
    }
}

/// The files of a version by name, by version, by document.
type Files = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

impl Documents {
    /// Reads the operator's documents, or those that come with the program. At `now` one version of each is in force.
    pub fn load(directory: Option<&Path>, now: Time) -> Result<Self, String> {
        let files = match directory {
            Some(path) => files_of(path).map_err(|it| format!("{}: {it}", path.display()))?,
            None => templates::documents(),
        };
        let place =
            |it: String| directory.map_or_else(|| it.clone(), |path| format!("{}: {it}", path.display()));
        let documents = Self {
            terms: versions(DocumentKind::Terms, &files).map_err(place)?,
            privacy: versions(DocumentKind::Privacy, &files).map_err(place)?,
            files,
            source: match directory {
                Some(_) => Source::Directory,
                None => Source::Program,
            },
        };
        for kind in DocumentKind::ALL {
            if !documents
                .versions(kind)
                .iter()
                .any(|it| it.english.is_in_force(now))
            {
                return Err(place(format!("no version of {} is in force yet", kind.as_str())));
            }
        }
        Ok(documents)
    }

    pub const fn source(&self) -> Source {
        self.source
    }

    /// Lists the files that the texts are of: `<terms|privacy>/<version>/<language>.md`.
    pub fn files(&self) -> impl Iterator<Item = (String, &str)> {
        let kinds = self.files.iter();
        let versions = kinds.flat_map(|(kind, versions)| versions.iter().map(move |it| (kind, it)));
        versions.flat_map(|(kind, (version, texts))| {
            let file = move |name: &str| format!("{kind}/{version}/{name}");
            texts.iter().map(move |(name, text)| (file(name), text.as_str()))
        })
    }

    fn versions(&self, kind: DocumentKind) -> &[Version] {
        match kind {
            DocumentKind::Terms => &self.terms,
            DocumentKind::Privacy => &self.privacy,
        }
    }

    /// Returns the version in force: the newest of those whose day has come.
    pub fn in_force(&self, kind: DocumentKind, language: Language, now: Time) -> &Document {
        let all = self.versions(kind);
        let begun = all.partition_point(|it| it.english.is_in_force(now));
        all[begun.saturating_sub(1)].text(language)
    }

    /// Returns `true` if a version is the one in force, or comes after it: another node's clock may be ahead.
    pub fn is_up_to_date(&self, kind: DocumentKind, version: &str, now: Time) -> bool {
        let all = self.versions(kind);
        let begun = all.partition_point(|it| it.english.is_in_force(now));
        let place = all.iter().position(|it| it.english.version == version);
        place.is_some_and(|it| it + 1 >= begun)
    }

    /// Returns the next version whose day is to come.
    pub fn announced(&self, kind: DocumentKind, language: Language, now: Time) -> Option<&Document> {
        let next = self.versions(kind).iter().find(|it| !it.english.is_in_force(now));
        next.map(|it| it.text(language))
    }

    pub fn find(&self, kind: DocumentKind, version: &str, language: Language) -> Option<&Document> {
        let found = self
            .versions(kind)
            .iter()
            .find(|it| it.english.version == version);
        found.map(|it| it.text(language))
    }

    /// Lists all versions, the newest first.
    pub fn list(&self, kind: DocumentKind, language: Language) -> impl Iterator<Item = &Document> {
        self.versions(kind).iter().rev().map(move |it| it.text(language))
    }

    /// Lists the versions up to the one in force that came after `accepted`, the oldest first; of a person who accepted
    /// none, the one in force.
    pub fn since(
        &self,
        kind: DocumentKind,
        accepted: Option<&str>,
        language: Language,
        now: Time,
    ) -> Vec<&Document> {
        let in_force = self.in_force(kind, language, now);
        let begun: Vec<&Document> = self
            .versions(kind)
            .iter()
            .map(|it| it.text(language))
            .take_while(|it| it.is_in_force(now))
            .collect();
        match accepted.and_then(|version| begun.iter().position(|it| it.version == version)) {
            Some(at) => begun[at + 1..].to_vec(),
            None => vec![in_force],
        }
    }
}

/// Reads the versions of a document, the oldest first.
fn versions(kind: DocumentKind, files: &Files) -> Result<Vec<Version>, String> {
    let name = kind.as_str();
    let mut versions = Vec::new();
    for (folder, texts) in files.get(name).into_iter().flatten() {
        let version = Version::read(kind, texts).map_err(|it| format!("{name}/{folder}: {it}"))?;
        if version.english.version != *folder {
            return Err(format!(
                "{name}/{folder}: the version in the file has another name"
            ));
        }
        versions.push(version);
    }
    versions.sort_by_key(|it: &Version| it.english.effective_from);
    for pair in versions.windows(2) {
        if pair[0].english.effective_from == pair[1].english.effective_from {
            return Err(format!("{name}: two versions take effect on the same day"));
        }
    }
    if versions.iter().skip(1).any(|it| it.english.changed.is_none()) {
        return Err(format!("{name}: a version does not say what changed"));
    }
    if versions.is_empty() {
        return Err(format!("there is no version of {name}"));
    }
    Ok(versions)
}

fn files_of(directory: &Path) -> std::io::Result<Files> {
    let mut files = Files::new();
    for kind in DocumentKind::ALL {
        let versions = files.entry(kind.as_str().to_owned()).or_default();
        for version in std::fs::read_dir(directory.join(kind.as_str()))? {
            let version = version?;
            let texts = versions
                .entry(version.file_name().to_string_lossy().into_owned())
                .or_default();
            for file in std::fs::read_dir(version.path())? {
                let file = file?;
                let name = file.file_name().to_string_lossy().into_owned();
                if name.ends_with(".md") {
                    texts.insert(name, std::fs::read_to_string(file.path())?);
                }
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::mem::discriminant;

    use chrono::Duration;

    use super::*;
    use crate::domain::document::Block;

    fn now() -> Time {
        "2027-01-15T00:00:00Z".parse().unwrap()
    }

    fn shipped() -> Documents {
        Documents::load(None, now()).unwrap()
    }

    #[test]
    fn every_version_that_comes_with_the_program_has_six_texts_of_one_build() {
        let documents = shipped();
        for version in DocumentKind::ALL.iter().flat_map(|it| documents.versions(*it)) {
            let english = &version.english;
            let shape = |it: &Document| -> Vec<_> {
                let length = |it: &Block| match it {
                    Block::Items(items) => items.len(),
                    _ => 1,
                };
                it.blocks
                    .iter()
                    .map(|it| (discriminant(it), length(it)))
                    .collect()
            };
            assert_eq!(
                version.others.len(),
                5,
                "{} {}",
                english.kind.as_str(),
                english.version
            );
            for other in version.others.values() {
                let name = format!(
                    "{} {} {}",
                    other.kind.as_str(),
                    other.version,
                    other.language.as_str()
                );
                assert_eq!(shape(other), shape(english), "{name}");
                assert_eq!(other.changed.is_some(), english.changed.is_some(), "{name}");
                assert_ne!(other.blocks, english.blocks, "{name}");
                assert!(!format!("{:?}", other.blocks).is_ascii(), "{name}");
            }
        }
    }

    #[test]
    fn the_version_in_force_is_the_newest_whose_day_has_come() {
        let documents = shipped();
        let all: Vec<_> = documents.list(DocumentKind::Terms, Language::En).collect();
        let (newest, before) = (all[0], all[1]);
        let at = |now| {
            documents
                .in_force(DocumentKind::Terms, Language::En, now)
                .version
                .as_str()
        };
        assert_eq!(at(newest.effective_from), newest.version);
        let day_before = newest.effective_from - Duration::milliseconds(1);
        assert_eq!(at(day_before), before.version);
        let announced = documents.announced(DocumentKind::Terms, Language::En, day_before);
        assert_eq!(announced, Some(newest));
        assert_eq!(
            documents.announced(DocumentKind::Terms, Language::En, now()),
            None
        );
    }

    #[test]
    fn who_accepted_an_older_version_is_told_of_each_since() {
        let documents = shipped();
        let since = |accepted: Option<&str>| -> Vec<&str> {
            let found = documents.since(DocumentKind::Terms, accepted, Language::Fr, now());
            found.iter().map(|it| it.version.as_str()).collect()
        };
        let in_force = documents.in_force(DocumentKind::Terms, Language::Fr, now());
        assert_eq!(since(Some(&in_force.version)), Vec::<&str>::new());
        assert_eq!(since(Some("2020-01")), [in_force.version.as_str()]);
        // A version that is no longer kept, and none.
        assert_eq!(since(Some("1999-01")), [in_force.version.as_str()]);
        assert_eq!(since(None), [in_force.version.as_str()]);
    }

    #[test]
    fn an_operators_directory_is_refused_with_its_place() {
        let directory = std::env::temp_dir().join(format!("documents-{}", crate::random::id()));
        let write = |path: &str, text: &str| {
            let path = directory.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let refused = || Documents::load(Some(&directory), now()).unwrap_err();
        let text = "version: 1\neffective: 2026-01-01\n\nText.\n";
        write("terms/1/en.md", text);
        assert!(refused().contains("No such file"), "{}", refused());
        write("privacy/1/fr.md", text);
        assert!(
            refused().ends_with("privacy/1: there is no en.md"),
            "{}",
            refused()
        );
        write("privacy/1/en.md", text);
        let loaded = Documents::load(Some(&directory), now()).unwrap();
        let shown = loaded.in_force(DocumentKind::Terms, Language::Ar, now());
        assert_eq!(shown.language, Language::En);
        write("terms/2/en.md", "version: 2\neffective: 2026-02-01\n\nText.\n");
        assert!(refused().ends_with("terms: a version does not say what changed"));
        write(
            "terms/2/en.md",
            "version: 3\neffective: 2026-02-01\nchanged: All.\n\nText.\n",
        );
        assert!(refused().ends_with("terms/2: the version in the file has another name"));
        write(
            "terms/2/en.md",
            "version: 2\neffective: 2026-01-01\nchanged: All.\n\nText.\n",
        );
        assert!(refused().ends_with("terms: two versions take effect on the same day"));
        write(
            "terms/2/en.md",
            "version: 2\neffective: 2026-02-01\nchanged: All.\n\nText.\n",
        );
        write(
            "terms/2/de.md",
            "version: 2\neffective: 2026-02-01\nchanged: All.\n\nText.\n",
        );
        assert!(refused().ends_with("terms/2: de.md: no language of this program"));
        let early = "2025-01-01T00:00:00Z".parse().unwrap();
        std::fs::remove_file(directory.join("terms/2/de.md")).unwrap();
        let refused = Documents::load(Some(&directory), early).unwrap_err();
        assert!(
            refused.ends_with("no version of terms is in force yet"),
            "{refused}"
        );
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
