//! A backup: an embedded database with the keys without which it is of no use, in one sealed file, and back (contract.md,
//! `backup`, `restore`). The file is in the format of age (age-encryption.org/v1), so that its tools open it, too; inside is
//! a tar archive.
//!
//! PostgreSQL has tools of its own for its backups; the file then has the keys alone.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use age::secrecy::SecretString;
use migrations::{Migrator, MigratorTrait};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::config::Config;
use crate::domain::Time;
use crate::keys;
use crate::keys::copies::{self as key_files, KeyFile};
use crate::storage::copies::{self, Checked};

/// The format that this release writes, and the newest that it reads.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const KEYS: &str = "keys/";
const DATABASE: &str = "database.sqlite";

/// The most that is read of a file which is held in memory.
const MOST_IN_MEMORY: u64 = 1024 * 1024;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The release that made it.
    pub release: String,
    pub issuer: String,
    /// Everything that was stored before this moment is in it.
    pub begun_at: Time,
    /// `false` if the database is to be restored by other means.
    pub has_database: bool,
}

/// By what a backup is sealed.
pub enum Seal {
    Passphrase(SecretString),
    /// Whoever has the identity of one of them opens it.
    Recipients(Vec<age::x25519::Recipient>),
}

/// By what a backup is opened.
pub enum Opener {
    Passphrase(SecretString),
    Identities(Vec<Box<dyn age::Identity + Send + Sync>>),
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{path}: {source}")]
    File { path: String, source: io::Error },
    #[error("{0} exists; it is not replaced")]
    Exists(String),
    #[error("the database {path} cannot be copied: {source}")]
    Database { path: String, source: rusqlite::Error },
    #[error(transparent)]
    Keys(#[from] keys::Error),
    #[error("it cannot be sealed: {0}")]
    Seal(#[from] age::EncryptError),
    #[error("it cannot be opened: {0}")]
    Open(#[from] age::DecryptError),
    #[error("it is no backup of this product: {0}")]
    Format(String),
    #[error("it was made by a newer release ({0}); restore it with that one")]
    Newer(String),
    #[error("the database in it is damaged: {0}")]
    Damaged(String),
    #[error("the database {0} exists; a backup is restored where there is none")]
    DatabaseExists(String),
    #[error(
        "another key is where {0} belongs; a backup is restored where there are no keys, or the same ones"
    )]
    OtherKey(String),
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |source| BackupError::File {
        path: path.display().to_string(),
        source,
    }
}

/// Writes a backup into the file `to`, which does not exist. The service may run meanwhile.
pub fn back_up(config: &Config, to: &Path, seal: Seal, now: Time) -> Result<Manifest, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.display().to_string()));
    }
    let source = copies::file(config.database.url());
    let manifest = Manifest {
        format: FORMAT,
        release: env!("CARGO_PKG_VERSION").to_owned(),
        issuer: config.issuer.to_string(),
        begun_at: now,
        has_database: source.is_some(),
    };
    let mut keys = key_files::read(config)?;
    let copy = source.as_deref().map(copy_of).transpose()?;
    // A key that the copy names was there before it or came meanwhile.
    for key in key_files::read(config)? {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }

    let directory = parent(to);
    // Nobody else may read it (ST-4), and nobody takes a part of it for the whole.
    let draft = NamedTempFile::new_in(directory).map_err(failed(directory))?;
    let encryptor = match seal {
        Seal::Passphrase(passphrase) => age::Encryptor::with_user_passphrase(passphrase),
        Seal::Recipients(all) => age::Encryptor::with_recipients(all.iter().map(|it| it as _))?,
    };
    let write = || -> io::Result<()> {
        let sealed = encryptor.wrap_output(BufWriter::new(draft.as_file()))?;
        let mut archive = tar::Builder::new(sealed);
        let text = serde_json::to_vec_pretty(&manifest)?;
        append(&mut archive, MANIFEST, text.len() as u64, text.as_slice(), now)?;
        for key in &keys {
            let (name, content) = (format!("{KEYS}{}", key.name), key.content.as_slice());
            append(&mut archive, &name, content.len() as u64, content, now)?;
        }
        if let Some(copy) = &copy {
            let file = File::open(copy.path())?;
            let size = file.metadata()?.len();
            append(&mut archive, DATABASE, size, BufReader::new(file), now)?;
        }
        archive.into_inner()?.finish()?.flush()?;
        draft.as_file().sync_all()
    };
    write().map_err(failed(to))?;
    draft.persist_noclobber(to).map_err(|it| failed(to)(it.error))?;
    let parent = File::open(directory).and_then(|it| it.sync_all());
    parent.map_err(failed(directory))?;
    Ok(manifest)
}

/// Copies the database beside itself, where there is as much space and nobody else may look.
fn copy_of(database: &Path) -> Result<NamedTempFile, BackupError> {
    let directory = parent(database);
    let copy = NamedTempFile::with_prefix_in(".backup-", directory).map_err(failed(directory))?;
    copies::copy(database, copy.path()).map_err(|source| BackupError::Database {
        path: database.display().to_string(),
        source,
    })?;
    Ok(copy)
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    size: u64,
    content: impl Read,
    at: Time,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(at.timestamp().unsigned_abs());
    archive.append_data(&mut header, name, content)
}

/// Restores a backup where there is no database and no other key. Until everything of it was read and checked, nothing is
/// where the service would find it; if it ends before, it can be run again.
pub fn restore(config: &Config, from: &Path, opener: &Opener) -> Result<Manifest, BackupError> {
    let target = copies::file(config.database.url());
    if let Some(target) = target.as_deref().filter(|it| it.exists()) {
        return Err(BackupError::DatabaseExists(target.display().to_string()));
    }
    let file = File::open(from).map_err(failed(from))?;
    let decryptor = age::Decryptor::new(BufReader::new(file))?;
    let passphrase;
    let identities: Vec<&dyn age::Identity> = match opener {
        Opener::Passphrase(secret) => {
            let mut identity = age::scrypt::Identity::new(secret.clone());
            // A passphrase that a faster machine took a second for is accepted here, too.
            identity.set_max_work_factor(22);
            passphrase = identity;
            vec![&passphrase]
        }
        Opener::Identities(all) => all.iter().map(|it| &**it as &dyn age::Identity).collect(),
    };
    let opened = decryptor.decrypt(identities.into_iter())?;
    let mut archive = tar::Archive::new(opened);
    let mut restored = Restored::default();
    for entry in archive.entries().map_err(unreadable)? {
        restored.take(entry.map_err(unreadable)?, target.as_deref())?;
    }
    // age says at its end whether something is missing.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(unreadable)?;
    restored.put(config, target.as_deref())
}

fn unreadable(error: io::Error) -> BackupError {
    BackupError::Format(error.to_string())
}

/// What was read of a backup so far.
#[derive(Default)]
struct Restored {
    manifest: Option<Manifest>,
    keys: Vec<KeyFile>,
    /// Beside the place of the database, under another name.
    database: Option<NamedTempFile>,
}

impl Restored {
    fn take<R: Read>(
        &mut self,
        mut entry: tar::Entry<'_, R>,
        target: Option<&Path>,
    ) -> Result<(), BackupError> {
        let path = entry.path().map_err(unreadable)?.into_owned();
        let name = path.to_str().unwrap_or_default();
        if self.manifest.is_none() {
            if name != MANIFEST {
                return Err(BackupError::Format(format!("it begins with {name}")));
            }
            let text = in_memory(&mut entry)?;
            let manifest: Manifest =
                serde_json::from_slice(&text).map_err(|it| BackupError::Format(it.to_string()))?;
            if manifest.format > FORMAT {
                return Err(BackupError::Newer(manifest.release));
            }
            self.manifest = Some(manifest);
        } else if let Some(name) = name.strip_prefix(KEYS).filter(|it| key_files::is_name(it)) {
            let name = name.to_owned();
            let content = in_memory(&mut entry)?;
            self.keys.push(KeyFile { name, content });
        } else if name == DATABASE {
            let Some(target) = target else {
                let other = "it has an embedded database, and the configuration names PostgreSQL";
                return Err(BackupError::Format(other.to_owned()));
            };
            let directory = parent(target);
            fs::create_dir_all(directory).map_err(failed(directory))?;
            let mut file =
                NamedTempFile::with_prefix_in(".restore-", directory).map_err(failed(directory))?;
            io::copy(&mut entry, &mut file).map_err(unreadable)?;
            file.as_file().sync_all().map_err(failed(target))?;
            self.database = Some(file);
        } else {
            return Err(BackupError::Format(format!("nothing is known of {name}")));
        }
        Ok(())
    }

    /// Checks everything, and then puts it in its place: the database last, since it is not restored without its keys.
    fn put(self, config: &Config, target: Option<&Path>) -> Result<Manifest, BackupError> {
        let manifest = self
            .manifest
            .ok_or_else(|| BackupError::Format("it is empty".to_owned()))?;
        if let Some(database) = &self.database {
            is_sound(database.path(), &manifest)?;
        } else if target.is_some() {
            let missing = "it has no database, and the configuration names an embedded one";
            return Err(BackupError::Format(missing.to_owned()));
        }
        if let Some(name) = key_files::conflict(config, &self.keys) {
            return Err(BackupError::OtherKey(name.to_owned()));
        }
        key_files::write(config, &self.keys)?;
        if let (Some(database), Some(target)) = (self.database, target) {
            database
                .persist_noclobber(target)
                .map_err(|it| failed(target)(it.error))?;
            let directory = parent(target);
            let synced = File::open(directory).and_then(|it| it.sync_all());
            synced.map_err(failed(directory))?;
        }
        Ok(manifest)
    }
}

fn is_sound(database: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let checked = copies::check(database).map_err(|it| BackupError::Damaged(it.to_string()))?;
    let applied = match checked {
        Checked::Sound { migrations } => migrations,
        Checked::Damaged(why) => return Err(BackupError::Damaged(why)),
    };
    let known = Migrator::get_migration_files();
    let is_known = |name: &String| known.iter().any(|it| it.name() == name);
    if applied.iter().all(is_known) {
        Ok(())
    } else {
        Err(BackupError::Newer(manifest.release.clone()))
    }
}

fn in_memory(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, BackupError> {
    if entry.size() > MOST_IN_MEMORY {
        return Err(BackupError::Format(
            "a key or the manifest is too large".to_owned(),
        ));
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content).map_err(unreadable)?;
    Ok(content)
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|it| !it.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
