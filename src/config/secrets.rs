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

/// The variable by which systemd names the directory of the credentials that it passes on (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Returns what is wrong with a file that holds a secret: it does not exist, or others may read it.
pub fn private_file(name: &str, path: &Path) -> Option<String> {
    let credentials = std::env::var_os(CREDENTIALS);
    judge(name, path, credentials.as_deref().map(Path::new))
}

fn judge(name: &str, path: &Path, credentials: Option<&Path>) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    // A credential belongs to root and has a list of those who may read it: this service. Such a list shows in the mode as
    // rights of the group.
    let is_credential = credentials.is_some_and(|it| !it.as_os_str().is_empty() && path.starts_with(it));
    let others = if is_credential { 0o037 } else { 0o077 };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.permissions().mode() & others != 0 => Some(format!(
            "{name}: others may read {path}; mend it with: chmod 600 {path}",
            path = path.display()
        )),
        Ok(_) => None,
        Err(error) => Some(format!("{name} {}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_group_may_read_a_credential_and_nothing_else() {
        // ST-4
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("database-url");
        std::fs::write(&file, "x").expect("written");
        let judged = |mode, credentials| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
            judge("it", &file, credentials).is_none()
        };
        let here = Some(folder.path());
        assert!(judged(0o600, None) && judged(0o400, here) && judged(0o440, here));
        let elsewhere = Some(Path::new("/run/credentials/other.service"));
        assert!(!judged(0o440, None) && !judged(0o440, elsewhere) && !judged(0o440, Some(Path::new(""))));
        assert!(!judged(0o460, here) && !judged(0o444, here));
    }
}
