//! Documents and policies: they are settings of the processes (`[site] documents`, `[policy]`), which a file cannot change.
//! Files that say something else are refused, with the setting that makes them true.

use std::collections::BTreeMap;

use super::error::FileProblem;
use super::files::{Files, POLICY, is_document};
use crate::app::App;
use crate::config::Policy;
use crate::domain::document::DocumentKind;

/// Writes what this process has of them.
pub(super) fn export(app: &App, files: &mut Files) {
    for (name, text) in app.documents.current().files() {
        files.insert(name, text.as_bytes().to_vec());
    }
    files.insert(POLICY.to_owned(), app.config.policy.to_toml().into_bytes());
}

/// Compares those of the files with what this process has.
pub(super) fn check(app: &App, files: &Files) -> Vec<FileProblem> {
    let mut problems = documents(app, files);
    if let Some(file) = files.get(POLICY) {
        problems.extend(policy(&app.config.policy, file));
    }
    problems
}

fn documents(app: &App, files: &Files) -> Vec<FileProblem> {
    let current = app.documents.current();
    let served: BTreeMap<String, &str> = current.files().collect();
    let mut problems = Vec::new();
    for kind in DocumentKind::ALL {
        let folder = format!("{}/", kind.as_str());
        let of_kind = |name: &str| name.starts_with(&folder) && is_document(name);
        if !files.keys().any(|it| of_kind(it)) {
            continue;
        }
        let names = files
            .keys()
            .map(String::as_str)
            .chain(served.keys().map(String::as_str));
        let mut names: Vec<&str> = names.filter(|it| of_kind(it)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let (file, text) = (files.get(name), served.get(name));
            let reason = match (file, text) {
                (Some(file), Some(text)) if file == text.as_bytes() => continue,
                (Some(_), Some(_)) => "is not the text that is served",
                (Some(_), None) => "is not served",
                _ => "is served, and is not here",
            };
            problems.push(FileProblem {
                file: name.to_owned(),
                reason: format!(
                    "{reason}: documents are a setting; let [site] documents name this directory"
                ),
            });
        }
    }
    problems
}

fn policy(settings: &Policy, file: &[u8]) -> Option<FileProblem> {
    let problem = |reason: String| FileProblem {
        file: POLICY.to_owned(),
        reason,
    };
    let Ok(text) = std::str::from_utf8(file) else {
        return Some(problem("is not UTF-8".to_owned()));
    };
    match Policy::from_toml(text) {
        Err((line, reason)) => Some(problem(format!("line {line}: {reason}"))),
        Ok(policy) if policy == *settings => None,
        Ok(_) => {
            let now = settings.to_toml();
            let now: Vec<&str> = now.lines().skip(1).collect();
            Some(problem(format!(
                "policies are settings, and those of this process are {}: change [policy] in itu-account.toml",
                now.join(", ")
            )))
        }
    }
}
