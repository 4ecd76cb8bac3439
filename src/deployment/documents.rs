//! The Terms of Use and the Privacy Notice: versions that the deployment lacks are published, with the days that they had. One
//! that it serves under the same name is never changed: people may have accepted it.

use std::collections::BTreeMap;

use super::error::{Error, FileProblem};
use super::files::{Files, is_document};
use crate::accounts;
use crate::accounts::publication_draft::NewVersion;
use crate::accounts::publications::{self, Days};
use crate::app::Tx;
use crate::documents::{Documents, Source, Version};
use crate::domain::Time;
use crate::domain::difference::{Difference, Effect};
use crate::domain::document::{DocumentKind, Publication, Texts};
use crate::i18n::{self, Locale};

/// The kind of a document in a difference.
const DOCUMENT: &str = "document";

/// The versions that the deployment lacks, those that take effect first before the others.
#[derive(Debug)]
pub(super) struct DocumentsPlan(Vec<NewVersion>);

/// Writes all versions, those of files and those that were published.
pub(super) fn export(documents: &Documents, files: &mut Files) {
    for (name, text) in documents.files() {
        files.insert(name, text.as_bytes().to_vec());
    }
}

impl DocumentsPlan {
    /// Compares the files with what is served. A document that no file is of stays as it is.
    pub(super) fn judge(documents: &Documents, files: &Files, now: Time) -> Result<Self, Vec<FileProblem>> {
        let mut problems = Vec::new();
        let mut new = Vec::new();
        for kind in DocumentKind::ALL {
            let folders = match folders(kind, files) {
                Ok(folders) => folders,
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            };
            if folders.is_empty() {
                continue;
            }
            for served in documents.versions(kind) {
                let name = &served.english().version;
                // What was published since the files were written is no setting, and stays.
                if !folders.contains_key(name) && served.source() != Source::Published {
                    problems.extend(differing(kind, served, &Texts::new()));
                }
            }
            for (folder, texts) in folders {
                match documents.version(kind, &folder) {
                    Some(served) => problems.extend(differing(kind, served, &texts)),
                    None => match read(kind, &folder, texts) {
                        Ok(version) => new.push(version),
                        Err(problem) => problems.push(problem),
                    },
                }
            }
        }
        new.sort_by_key(|it| it.version().english().effective_from);
        problems.extend(together(documents, &new, now));
        if problems.is_empty() {
            Ok(Self(new))
        } else {
            Err(problems)
        }
    }

    pub(super) fn differences(&self) -> Vec<Difference> {
        let each = self.0.iter().filter_map(|it| {
            let after = publications::describe(it.version());
            let id = place(it);
            Difference::between((DOCUMENT, &id), Effect::Added, &serde_json::Value::Null, &after)
        });
        each.collect()
    }

    /// Publishes them. Each is judged once more, as nobody else changes the documents from now on.
    pub(super) async fn write(&self, tx: &Tx) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        publications::begin(tx, None).await?;
        for new in &self.0 {
            match publications::publish_in(tx, new, Days::Any).await {
                Err(accounts::Error::Fields(wrong)) => {
                    let reasons = wrong.iter().map(|(_, it)| i18n::plain(Locale::En, it));
                    let problems = reasons.map(|it| problem(new, it)).collect();
                    return Err(Error::Refused(problems));
                }
                other => other?,
            }
        }
        Ok(())
    }
}

fn place(of: &NewVersion) -> String {
    format!("{}/{}", of.kind().as_str(), of.name())
}

fn problem(of: &NewVersion, reason: String) -> FileProblem {
    FileProblem {
        file: place(of),
        reason,
    }
}

/// Returns the texts of each version of a document, by the name of its folder.
fn folders(kind: DocumentKind, files: &Files) -> Result<BTreeMap<String, Texts>, Vec<FileProblem>> {
    let mut folders = BTreeMap::<String, Texts>::new();
    let mut problems = Vec::new();
    for (name, content) in files.iter().filter(|(name, _)| is_document(name)) {
        let parts: Vec<&str> = name.split('/').collect();
        let [of, folder, file] = parts[..] else {
            continue;
        };
        if of != kind.as_str() {
            continue;
        }
        match String::from_utf8(content.clone()) {
            Ok(text) => {
                let texts = folders.entry(folder.to_owned()).or_default();
                texts.insert(file.to_owned(), text);
            }
            Err(_) => problems.push(FileProblem {
                file: name.clone(),
                reason: "is not UTF-8".to_owned(),
            }),
        }
    }
    if problems.is_empty() {
        Ok(folders)
    } else {
        Err(problems)
    }
}

fn read(kind: DocumentKind, folder: &str, texts: Texts) -> Result<NewVersion, FileProblem> {
    let problem = |file: String, reason: String| FileProblem { file, reason };
    let place = format!("{}/{folder}", kind.as_str());
    let version = NewVersion::of_files(kind, texts).map_err(|it| problem(place.clone(), it))?;
    if version.name() == folder {
        Ok(version)
    } else {
        Err(problem(
            place,
            "the version in the file has another name".to_owned(),
        ))
    }
}

/// Names the files of a version that are not those that are served.
fn differing(kind: DocumentKind, served: &Version, texts: &Texts) -> Vec<FileProblem> {
    let mend = match served.source() {
        Source::Published => "a version that was published keeps its texts; publish another one",
        _ => "this version is a setting; let [site] documents name this directory",
    };
    let mut names: Vec<&String> = served.files().keys().chain(texts.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let found = names.into_iter().filter_map(|name| {
        let reason = match (texts.get(name), served.files().get(name)) {
            (Some(file), Some(text)) if file == text => return None,
            (Some(_), Some(_)) => "is not the text that is served",
            (Some(_), None) => "is not served",
            _ => "is served, and is not here",
        };
        Some(FileProblem {
            file: format!("{}/{}/{name}", kind.as_str(), served.english().version),
            reason: format!("{reason}: {mend}"),
        })
    });
    found.collect()
}

/// Judges each version with those before it.
fn together(documents: &Documents, new: &[NewVersion], now: Time) -> Vec<FileProblem> {
    let mut all = documents.clone();
    let mut problems = Vec::new();
    for version in new {
        match publications::judge(&all, version, Days::Any, now) {
            Ok(()) => {
                let published = version.published(Publication { by: None, at: now });
                match all.with(vec![published], all.generation()) {
                    Ok(more) => all = more,
                    Err(reason) => problems.push(problem(version, reason)),
                }
            }
            Err(wrong) => {
                let reasons = wrong.iter().map(|(_, it)| i18n::plain(Locale::En, it));
                problems.extend(reasons.map(|it| problem(version, it)));
            }
        }
    }
    problems
}
