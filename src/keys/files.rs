//! Reads and writes the keys directory: the master key, and each signing key sealed under it (security.md JW-7, ST-4).

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::error::Error;
use super::master::Master;
use crate::{config, random};

pub(super) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File {
        path: path.display().to_string(),
        source,
    }
}

/// Reads the master key, or makes one if there is none. If several nodes start at once, they all end with the same one.
pub(super) fn master(path: &Path) -> Result<Master, Error> {
    if !path.exists() {
        let text = URL_SAFE_NO_PAD.encode(random::bytes::<32>());
        write_once(path, text.as_bytes())?;
    }
    master_of(path)
}

/// Reads the master key.
pub(super) fn master_of(path: &Path) -> Result<Master, Error> {
    let text = String::from_utf8(read(path, "the master key")?).unwrap_or_default();
    let key = URL_SAFE_NO_PAD
        .decode(text.trim())
        .ok()
        .and_then(|it| <[u8; 32]>::try_from(it).ok());
    key.map(|it| Master::new(&it))
        .ok_or_else(|| Error::NotAMasterKey(path.display().to_string()))
}

pub(super) fn write_key(directory: &Path, master: &Master, kid: &str, jwk: &[u8]) -> Result<(), Error> {
    let sealed = master.seal_text(&label(kid), jwk)?;
    write_once(&key_path(directory, kid), sealed.as_bytes())
}

pub(super) fn read_key(directory: &Path, master: &Master, kid: &str) -> Result<Vec<u8>, Error> {
    let text = String::from_utf8(read(&key_path(directory, kid), "a signing key")?).unwrap_or_default();
    master
        .open_text(&label(kid), text.trim())
        .ok_or_else(|| Error::Sealed { kid: kid.into() })
}

pub(super) fn remove_key(directory: &Path, kid: &str) -> Result<(), Error> {
    let path = key_path(directory, kid);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(&path)(error)),
        _ => Ok(()),
    }
}

/// Returns the label of a seal. It has the kid, so a file that was renamed to another key's name does not open.
fn label(kid: &str) -> String {
    format!("signing-key {kid}")
}

fn key_path(directory: &Path, kid: &str) -> PathBuf {
    directory.join(format!("{kid}.key"))
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, Error> {
    if let Some(problem) = config::private_file(what, path).filter(|_| path.exists()) {
        return Err(Error::Unsafe(problem));
    }
    fs::read(path).map_err(failed(path))
}

/// Writes a file whole or not at all. It never replaces one.
pub(super) fn write_once(path: &Path, content: &[u8]) -> Result<(), Error> {
    let directory = path
        .parent()
        .filter(|it| !it.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(failed(directory))?;
    let draft = directory.join(format!(".draft-{}", random::id()));
    let write = || {
        let mut file = fs::OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            _ => fs::File::open(directory)?.sync_all(),
        }
    };
    let written = write();
    // The content is under its final name now, or useless.
    let _ = fs::remove_file(&draft);
    written.map_err(failed(path))
}
