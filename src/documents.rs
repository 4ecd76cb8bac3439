//! The Terms of Use and the Privacy Notice of this deployment: those of `templates/documents`, compiled in, or those of
//! `[site] documents`, and beside them the versions that were published while it ran. Says which version is in force at a
//! time. `accounts::terms` says who accepted what, `accounts::publications` publishes.
//!
//! A file is `<terms|privacy>/<version>/<language>.md`. English is always there; a language that an operator's version
//! lacks is shown in English.

mod version;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::domain::Time;
use crate::domain::document::{Document, DocumentKind, PublishedVersion, Texts};
use crate::domain::profile::Language;
use crate::templates;
pub use version::{Source, Version};

/// The documents as this process has them, which change while it runs. Whoever uses them holds one state of them.
#[derive(Debug)]
pub struct CurrentDocuments {
    /// Those of files, which stay.
    of_files: Documents,
    current: ArcSwap<Documents>,
}

impl CurrentDocuments {
    pub fn new(of_files: Documents) -> Self {
        let current = ArcSwap::from_pointee(of_files.clone());
        Self { of_files, current }
    }

    pub fn current(&self) -> Arc<Documents> {
        self.current.load_full()
    }

    /// Puts versions that were published beside those of files.
    pub fn with(&self, published: Vec<PublishedVersion>, generation: i64) -> Result<Documents, String> {
        self.of_files.with(published, generation)
    }

    /// Keeps what was read unless a newer state is there: of several that read at the same time, the one that began first
    /// may come last.
    pub fn keep(&self, read: &Arc<Documents>) {
        self.current.rcu(|kept| {
            Arc::clone(if kept.generation > read.generation {
                kept
            } else {
                read
            })
        });
    }
}

/// The versions of both documents, oldest first.
#[derive(Clone, Debug)]
pub struct Documents {
    terms: Vec<Arc<Version>>,
    privacy: Vec<Arc<Version>>,
    /// The counter of publications that this state belongs to.
    generation: i64,
}

/// The files of a version by name, by version, by document.
type Files = BTreeMap<String, BTreeMap<String, Texts>>;

impl Documents {
    /// Reads the operator's documents, or those that come with the program. At `now` one version of each is in force.
    pub fn load(directory: Option<&Path>, now: Time) -> Result<Self, String> {
        let mut files = match directory {
            Some(path) => files_of(path).map_err(|it| format!("{}: {it}", path.display()))?,
            None => templates::documents(),
        };
        let source = match directory {
            Some(_) => Source::Directory,
            None => Source::Program,
        };
        let place =
            |it: String| directory.map_or_else(|| it.clone(), |path| format!("{}: {it}", path.display()));
        let mut read = |kind: DocumentKind| {
            let files = files.remove(kind.as_str()).unwrap_or_default();
            versions(kind, files, source).map_err(place)
        };
        let documents = Self {
            terms: read(DocumentKind::Terms)?,
            privacy: read(DocumentKind::Privacy)?,
            generation: 0,
        };
        for kind in DocumentKind::ALL {
            if !documents.versions(kind).iter().any(|it| it.is_in_force(now)) {
                return Err(place(format!("no version of {} is in force yet", kind.as_str())));
            }
        }
        Ok(documents)
    }

    /// Returns these and what was published. A file that came later and has the name of a published version is that version,
    /// if its texts are the same; else it is left aside: people may have accepted what was published.
    pub fn with(&self, published: Vec<PublishedVersion>, generation: i64) -> Result<Self, String> {
        let mut all = Self {
            generation,
            ..self.clone()
        };
        for new in published {
            let name = format!("{}/{}", new.kind.as_str(), new.version);
            let version = Version::read(new.kind, new.files).map_err(|it| format!("{name}: {it}"))?;
            let version = Arc::new(Version {
                publication: Some(new.publication),
                ..version
            });
            let versions = match new.kind {
                DocumentKind::Terms => &mut all.terms,
                DocumentKind::Privacy => &mut all.privacy,
            };
            match versions.iter_mut().find(|it| it.english.version == new.version) {
                Some(of_file) if of_file.files == version.files => {}
                Some(of_file) => *of_file = version,
                None => versions.push(version),
            }
        }
        for versions in [&mut all.terms, &mut all.privacy] {
            // Stable: of two that take effect on the same day, the one that was published comes after that of a file.
            versions.sort_by_key(|it| it.english.effective_from);
        }
        Ok(all)
    }

    /// Returns the counter of publications that this state belongs to.
    pub const fn generation(&self) -> i64 {
        self.generation
    }

    /// Lists the files that the texts are of: `<terms|privacy>/<version>/<language>.md`.
    pub fn files(&self) -> impl Iterator<Item = (String, &str)> {
        let versions = self.terms.iter().chain(&self.privacy);
        versions.flat_map(|version| {
            let (kind, name) = (version.english.kind.as_str(), &version.english.version);
            let texts = version.files.iter();
            texts.map(move |(file, text)| (format!("{kind}/{name}/{file}"), text.as_str()))
        })
    }

    /// Lists the versions of a document, the oldest first.
    pub fn versions(&self, kind: DocumentKind) -> &[Arc<Version>] {
        match kind {
            DocumentKind::Terms => &self.terms,
            DocumentKind::Privacy => &self.privacy,
        }
    }

    /// Returns the version in force: the newest of those whose day has come.
    pub fn in_force(&self, kind: DocumentKind, language: Language, now: Time) -> Arc<Document> {
        let all = self.versions(kind);
        let begun = all.partition_point(|it| it.is_in_force(now));
        Arc::clone(all[begun.saturating_sub(1)].text(language))
    }

    /// Returns `true` if a version is the one in force, or comes after it: another node's clock may be ahead.
    pub fn is_up_to_date(&self, kind: DocumentKind, version: &str, now: Time) -> bool {
        let all = self.versions(kind);
        let begun = all.partition_point(|it| it.is_in_force(now));
        let place = all.iter().position(|it| it.english.version == version);
        place.is_some_and(|it| it + 1 >= begun)
    }

    /// Returns the next version whose day is to come.
    pub fn announced(&self, kind: DocumentKind, language: Language, now: Time) -> Option<Arc<Document>> {
        let next = self.versions(kind).iter().find(|it| !it.is_in_force(now));
        next.map(|it| Arc::clone(it.text(language)))
    }

    /// Finds a version of a document by its name.
    pub fn version(&self, kind: DocumentKind, version: &str) -> Option<&Arc<Version>> {
        let mut versions = self.versions(kind).iter();
        versions.find(|it| it.english.version == version)
    }

    pub fn find(&self, kind: DocumentKind, version: &str, language: Language) -> Option<Arc<Document>> {
        let found = self.version(kind, version);
        found.map(|it| Arc::clone(it.text(language)))
    }

    /// Lists all versions, the newest first.
    pub fn list(&self, kind: DocumentKind, language: Language) -> impl Iterator<Item = &Arc<Document>> {
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
    ) -> Vec<Arc<Document>> {
        let begun = self.versions(kind).iter().take_while(|it| it.is_in_force(now));
        let begun: Vec<Arc<Document>> = begun.map(|it| Arc::clone(it.text(language))).collect();
        match accepted.and_then(|version| begun.iter().position(|it| it.version == version)) {
            Some(at) => begun[at + 1..].to_vec(),
            None => vec![self.in_force(kind, language, now)],
        }
    }
}

/// Reads the versions of a document, the oldest first.
fn versions(
    kind: DocumentKind,
    files: BTreeMap<String, Texts>,
    source: Source,
) -> Result<Vec<Arc<Version>>, String> {
    let name = kind.as_str();
    let mut versions = Vec::new();
    for (folder, texts) in files {
        let version = Version::read(kind, texts).map_err(|it| format!("{name}/{folder}: {it}"))?;
        if version.english.version != folder {
            return Err(format!(
                "{name}/{folder}: the version in the file has another name"
            ));
        }
        versions.push(Arc::new(Version { source, ..version }));
    }
    versions.sort_by_key(|it: &Arc<Version>| it.english.effective_from);
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
    use crate::domain::document::{Block, Publication};

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
            let english = &*version.english;
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
            let found = documents.in_force(DocumentKind::Terms, Language::En, now);
            found.version.clone()
        };
        assert_eq!(at(newest.effective_from), newest.version);
        let day_before = newest.effective_from - Duration::milliseconds(1);
        assert_eq!(at(day_before), before.version);
        let announced = documents.announced(DocumentKind::Terms, Language::En, day_before);
        assert_eq!(announced.as_ref(), Some(newest));
        assert_eq!(
            documents.announced(DocumentKind::Terms, Language::En, now()),
            None
        );
    }

    #[test]
    fn who_accepted_an_older_version_is_told_of_each_since() {
        let documents = shipped();
        let since = |accepted: Option<&str>| -> Vec<String> {
            let found = documents.since(DocumentKind::Terms, accepted, Language::Fr, now());
            found.iter().map(|it| it.version.clone()).collect()
        };
        let in_force = documents.in_force(DocumentKind::Terms, Language::Fr, now());
        assert_eq!(since(Some(&in_force.version)), Vec::<String>::new());
        assert_eq!(since(Some("2020-01")), [in_force.version.as_str()]);
        // A version that is no longer kept, and none.
        assert_eq!(since(Some("1999-01")), [in_force.version.as_str()]);
        assert_eq!(since(None), [in_force.version.as_str()]);
    }

    fn published(version: &str, day: &str, text: &str) -> PublishedVersion {
        let file = format!("version: {version}\neffective: {day}\nchanged: All.\n\n{text}\n");
        PublishedVersion {
            kind: DocumentKind::Terms,
            version: version.to_owned(),
            files: Texts::from([("en.md".to_owned(), file)]),
            publication: Publication { by: None, at: now() },
        }
    }

    #[test]
    fn a_published_version_stands_beside_those_of_files() {
        let of_files = shipped();
        let newest = of_files.list(DocumentKind::Terms, Language::En).next();
        let newest = newest.unwrap().version.clone();
        let documents = CurrentDocuments::new(of_files);
        let in_force = |documents: &Documents, now: &str| {
            let now = now.parse().unwrap();
            let found = documents.in_force(DocumentKind::Terms, Language::Fr, now);
            found.version.clone()
        };
        let read = documents
            .with(vec![published("p", "2027-02-01", "New.")], 2)
            .unwrap();
        documents.keep(&Arc::new(read));
        let current = documents.current();
        assert_eq!(in_force(&current, "2027-01-31T23:59:59Z"), newest);
        assert_eq!(in_force(&current, "2027-02-01T00:00:00Z"), "p");
        let version = current.version(DocumentKind::Terms, "p").unwrap();
        assert_eq!(version.source(), Source::Published);
        // What was read before another publication does not take its place.
        documents.keep(&Arc::new(documents.with(vec![], 1).unwrap()));
        assert_eq!(documents.current().generation(), 2);
        // A file that came later under the same name is left aside, unless it is the same.
        let same = shipped()
            .find(DocumentKind::Terms, &newest, Language::En)
            .unwrap();
        let other = published(&newest, "2026-11-29", "Another text.");
        let read = documents.with(vec![other], 3).unwrap();
        let shown = read.find(DocumentKind::Terms, &newest, Language::En).unwrap();
        assert_ne!(shown.sha256, same.sha256);
        assert_eq!(read.versions(DocumentKind::Terms).len(), shipped().terms.len());
        let broken = published("q", "2027-02-01", "");
        assert!(
            documents
                .with(vec![broken], 4)
                .unwrap_err()
                .starts_with("terms/q: en.md: ")
        );
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
