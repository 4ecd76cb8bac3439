//! Examines files and directories: who may read and write them, to whom they belong, and the space that is left.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::config::{Config, Transport};
use crate::storage::copies;

const MIB: u64 = 1024 * 1024;
/// The space below which writes are about to fail.
const NOTHING_LEFT: u64 = 64 * MIB;
const LITTLE_LEFT: u64 = 1024 * MIB;

const READABLE: u32 = 0o077;
const WRITABLE: u32 = 0o022;

pub(super) fn examine(config: &Config, settings: &Path) -> Vec<Finding> {
    let keys = &config.keys.directory;
    let database = copies::file(config.database.url());
    let mut secret = vec![config.keys.master_key_file()];
    secret.extend(
        files_of(keys)
            .into_iter()
            .filter(|it| it.extension().is_some_and(|it| it == "key")),
    );
    if let Some(file) = &database {
        secret.extend(["", "-wal", "-shm"].map(|it| PathBuf::from(format!("{}{it}", file.display()))));
    }
    secret.dedup();

    let mut found = Vec::new();
    for file in &secret {
        if mode(file).is_some_and(|it| it & READABLE != 0) {
            found.push(Finding::problem(
                format!("others may read {}, which holds secrets", file.display()),
                format!("Run: chmod 600 {}", file.display()),
            ));
        }
    }
    if mode(settings).is_some_and(|it| it & WRITABLE != 0) {
        found.push(Finding::problem(
            format!(
                "others may write {}: whoever does decides what the service is",
                settings.display()
            ),
            format!("Run: chmod go-w {}", settings.display()),
        ));
    }
    let directories = [Some(keys.as_path()), database.as_deref().and_then(directory)];
    for directory in directories.into_iter().flatten().collect::<BTreeSet<_>>() {
        match mode(directory) {
            Some(mode) if mode & WRITABLE != 0 => found.push(Finding::problem(
                format!(
                    "others may write into {}, and replace what is in it",
                    directory.display()
                ),
                format!("Run: chmod 700 {}", directory.display()),
            )),
            Some(mode) if mode & READABLE != 0 => found.push(Finding::hint(
                format!("others may list {}", directory.display()),
                format!("Run: chmod 700 {}", directory.display()),
            )),
            _ => {}
        }
    }
    found.extend(owners(&[&secret[..], std::slice::from_ref(keys)].concat()));
    found.extend(space(config, database.as_deref()));
    found
}

fn metadata(path: &Path) -> Option<Metadata> {
    std::fs::metadata(path).ok()
}

fn mode(path: &Path) -> Option<u32> {
    metadata(path).map(|it| it.mode() & 0o777)
}

fn files_of(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|it| it.path()).filter(|it| it.is_file()).collect();
    files.sort();
    files
}

/// Returns the directory that a file is in.
fn directory(file: &Path) -> Option<&Path> {
    let parent = file.parent()?;
    Some(if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    })
}

/// What several own, no service can use as a whole: a command that somebody else ran has made a part of it.
fn owners(paths: &[PathBuf]) -> Option<Finding> {
    let mut owned = paths.iter().filter_map(|it| Some((it, metadata(it)?.uid())));
    let (first, owner) = owned.next()?;
    let (other, stranger) = owned.find(|it| it.1 != owner)?;
    Some(Finding::hint(
        format!(
            "{} belongs to the user {owner}, and {} to the user {stranger}",
            first.display(),
            other.display()
        ),
        "Give them all to the user that serve runs as (chown), and run commands as that user",
    ))
}

fn space(config: &Config, database: Option<&Path>) -> Vec<Finding> {
    let mails = (config.mail.transport == Transport::File).then_some(config.mail.directory.as_path());
    let places = [database, mails].into_iter().flatten();
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for place in places {
        let Some(there) = place.ancestors().map(or_here).find(|it| it.exists()) else {
            continue;
        };
        let is_new = metadata(there).is_some_and(|it| seen.insert(it.dev()));
        let Ok(disk) = rustix::fs::statvfs(there) else {
            continue;
        };
        let left = disk.f_bavail.saturating_mul(disk.f_frsize);
        let size = database.and_then(metadata).map_or(0, |it| it.len());
        if !is_new {
            continue;
        } else if left < NOTHING_LEFT {
            found.push(Finding::problem(
                format!(
                    "{} MiB are left where {} is: writes are about to fail",
                    left / MIB,
                    there.display()
                ),
                "Free space, or move it to a larger disk",
            ));
        } else if left < LITTLE_LEFT.max(size) {
            found.push(Finding::hint(
                format!(
                    "{} MiB are left where {} is; a backup needs as much as the database has, {} MiB",
                    left / MIB,
                    there.display(),
                    size.div_ceil(MIB)
                ),
                "Free space, or move it to a larger disk",
            ));
        }
    }
    found
}

fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}
