//! Reads settings that hold a secret, by value or from a file that nobody else may read (security.md ST-4).

use std::path::{Path, PathBuf};

use crate::domain::secret::Secret;

/// Takes the value from `…_file` if that is set.
pub(super) fn resolve(name: &str, value: &mut Option<Secret>, file: Option<&PathBuf>) -> Vec<String> {
    let Some(file) = file else { return Vec::new() };
    if value.is_some() {
        return vec![format!("{name} and {name}_file: set one of them")];
    }
    let problems: Vec<String> = private_file(&format!("{name}_file"), file).into_iter().collect();
    match std::fs::read_to_string(file) {
        Ok(text) => *value = Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
        Err(error) if problems.is_empty() => {
            return vec![format!("{name}_file {}: {error}", file.display())];
        }
        Err(_) => {}
    }
    problems
}

/// Returns `true` if a URL carries a password.
pub(super) fn has_password(url: &Secret) -> bool {
    url::Url::parse(url.expose()).is_ok_and(|it| it.password().is_some())
}

/// Returns what is wrong with a file that holds a secret: it does not exist, or others may read it.
pub fn private_file(name: &str, path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Some(format!(
            "{name}: others may read {path}; mend it with: chmod 600 {path}",
            path = path.display()
        )),
        Ok(_) => None,
        Err(error) => Some(format!("{name} {}: {error}", path.display())),
    }
}
