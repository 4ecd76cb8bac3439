//! Copies of an embedded database: whole, of one moment, and taken while others write. `deployment::backup` calls it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// Returns the path of the database if it is a file.
pub fn file(url: &str) -> Option<PathBuf> {
    super::database::file_of(url).map(PathBuf::from)
}

/// Copies the database at `from` into the file `to`, which is empty or not there. The copy is as the database was at one moment
/// after the call began. Nobody waits for it; until it is done, the write-ahead log of the database grows.
pub fn copy(from: &Path, to: &Path) -> rusqlite::Result<()> {
    // Without the right to create a file: a database that is not there must not become an empty one.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    Ok(())
}

/// What a file that should be a copy is.
#[derive(Debug, PartialEq, Eq)]
pub enum Checked {
    /// The migrations that were applied to it, in order.
    Sound {
        migrations: Vec<String>,
    },
    Damaged(String),
}

/// Reads the whole file, and checks that each page, index and reference is as it should be.
pub fn check(path: &Path) -> rusqlite::Result<Checked> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Ok(Checked::Damaged(found));
    }
    let mut references = connection.prepare("PRAGMA foreign_key_check")?;
    if let Some(row) = references.query([])?.next()? {
        let table: String = row.get(0)?;
        return Ok(Checked::Damaged(format!(
            "a row of {table} refers to one that is not there"
        )));
    }
    let mut applied = connection.prepare("SELECT version FROM seaql_migrations ORDER BY version")?;
    let migrations = applied
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Checked::Sound { migrations })
}
