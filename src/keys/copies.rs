//! The files of our keys for a backup, and back (security.md JW-7). Signing keys stay sealed; the master key does not.

use std::fs;
use std::path::Path;

use super::error::Error;
use super::files::{self, failed};
use crate::config::Config;

/// The name of the master key in a backup, wherever its file is.
const MASTER: &str = "master.key";
const SUFFIX: &str = ".key";

/// A file of the keys directory.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The name of the file, without a directory.
    pub name: String,
    pub content: Vec<u8>,
}

/// Returns the master key and the signing keys.
pub fn read(config: &Config) -> Result<Vec<KeyFile>, Error> {
    let master = config.keys.master_key_file();
    files::master_of(&master)?;
    let mut found = vec![KeyFile {
        name: MASTER.to_owned(),
        content: fs::read(&master).map_err(failed(&master))?,
    }];
    let directory = &config.keys.directory;
    for entry in fs::read_dir(directory).map_err(failed(directory))? {
        let path = entry.map_err(failed(directory))?.path();
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        if name == MASTER || !is_name(name) {
            continue;
        }
        match fs::read(&path) {
            Ok(content) => found.push(KeyFile {
                name: name.to_owned(),
                content,
            }),
            // Its last token has expired, and it was removed meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path)(error)),
        }
    }
    Ok(found)
}

/// Returns the first file whose place is taken by another content. `None`: all can be written.
pub fn conflict<'a>(config: &Config, files: &'a [KeyFile]) -> Option<&'a str> {
    let taken = files.iter().find(|it| {
        let there = fs::read(place(config, &it.name));
        there.is_ok_and(|there| there != it.content)
    });
    taken.map(|it| it.name.as_str())
}

/// Writes the files to their places. One that is there stays.
pub fn write(config: &Config, files: &[KeyFile]) -> Result<(), Error> {
    for file in files {
        files::write_once(&place(config, &file.name), &file.content)?;
    }
    Ok(())
}

/// Returns `true` if it is the name of a file of keys, and of nothing outside of their directory.
pub fn is_name(name: &str) -> bool {
    let stem = name.strip_suffix(SUFFIX).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !stem.is_empty() && stem.chars().all(plain)
}

fn place(config: &Config, name: &str) -> std::path::PathBuf {
    if name == MASTER {
        config.keys.master_key_file()
    } else {
        config.keys.directory.join(Path::new(name))
    }
}
