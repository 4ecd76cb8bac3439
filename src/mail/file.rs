//! A directory of `.eml` files, readable by their owner only (security.md ST-4).

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

pub(super) fn make_directory(directory: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Whole or not at all, and named by the mail: a second attempt after a crash is no second file.
pub(super) fn write(directory: &Path, id: &str, mail: &[u8]) -> std::io::Result<()> {
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
