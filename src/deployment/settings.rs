//! Policies: they are settings of the processes (`[policy]`), which a file cannot change. A file that says something else is
//! refused, with the setting that makes it true.

use super::error::FileProblem;
use super::files::{Files, POLICY};
use crate::app::App;
use crate::config::Policy;

/// Writes what this process has of them.
pub(super) fn export(app: &App, files: &mut Files) {
    files.insert(POLICY.to_owned(), app.config.policy.to_toml().into_bytes());
}

/// Compares those of the files with what this process has.
pub(super) fn check(app: &App, files: &Files) -> Vec<FileProblem> {
    let file = files.get(POLICY);
    file.and_then(|it| policy(&app.config.policy, it))
        .into_iter()
        .collect()
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
