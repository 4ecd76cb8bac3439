//! A directory of `.eml` files, readable by their owner only (security.md ST-4).

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Refuses a path of which the part that exists is no directory that can be written to.
pub(super) fn can_be_made(directory: &Path) -> std::io::Result<()> {
    let there = directory.ancestors().find_map(|it| std::fs::metadata(it).ok());
    match there {
        Some(metadata) if !metadata.is_dir() => Err(std::io::ErrorKind::NotADirectory.into()),
        Some(metadata) if metadata.permissions().readonly() => {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
        // A relative path begins where the process does.
        _ => Ok(()),
    }
}

fn make_directory(directory: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Writes a mail whole or not at all, under its id: a second attempt after a crash is no second file.
pub(super) fn write(directory: &Path, id: &str, mail: &[u8]) -> std::io::Result<()> {
    make_directory(directory)?;
    let draft = directory.join(format!(".{id}.draft"));
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(mail)?;
    file.sync_all()?;
    std::fs::rename(&draft, directory.join(format!("{id}.eml")))
}
